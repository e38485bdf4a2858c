"""A quicker loader for the packaged Lean: the JavaScript that starts its WebAssembly module.

As shipped, the loader spends minutes before Lean reads a line. It names 200 000 exports one by
one, though a few dozen are used; it finds a table slot for each function separately; it searches
a list of all exports for every symbol looked up. It also mounts two fixed folders. Each edit
below replaces one passage by another of the same effect, done at once or on demand; the folders
come from the environment variable `FOLDERS_VARIABLE`, a JSON list of absolute paths. While Lean
works, each C++ call under a handler passes through the loader; `lean_export/trampolines.py` says
what takes the place of that.

Invariant: a passage that does not occur exactly once stops the patch, so a loader of another
make is refused instead of half patched. Lean itself, the WebAssembly module, is not touched.
"""

import base64
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass

from lean_export import trampolines

FOLDERS_VARIABLE = "REFSEM_LEAN_FOLDERS"
_BINDINGS = "function assignWasmExports(wasmExports){"
_BINDING = re.compile(
    r'(?P<local>[\w$]+)=(?:Module\["[^"]+"\]=|[\w$]+=)*wasmExports\["[^"]+"\](?:\.value)?;?'
)
_CHATTER = 'console.log("[DEBUG'
"""How each line begins that the loader prints about itself among Lean's messages."""
_WORD = re.compile(r"[\w$]+")
_INVOKING = re.compile(r"function invoke_([vijfd][ijfd]*)\(")


class LoaderError(Exception):
    """A loader that is not the one this patch was written for."""


@dataclass(frozen=True, slots=True)
class Edit:
    """A passage, what takes its place, and why that is the same."""

    old: str
    new: str
    because: str


EDITS = (
    Edit(
        "var updateGOT=(exports,replace)=>{for(var symName in exports){",
        "var updateGOT=(exports,replace)=>{var symNames=Object.keys(exports);if(!replace){"
        "getFunctionAddress(updateGOT);"
        "var homeless=new Set;for(var name of symNames){var item=exports[name];"
        'if(typeof item=="function"&&!isInternalSym(name)&&!functionsInTableMap.has(item))'
        "homeless.add(item)}"
        "if(homeless.size){var slot=wasmTable.grow(homeless.size);for(var item of homeless){"
        "wasmTable.set(slot,item);functionsInTableMap.set(item,slot++)}}"
        "symNames=symNames.filter(name=>name in GOT)}for(var symName of symNames){",
        "all functions get their table slots in one growth, in the order of the exports, which "
        "every thread shares; only symbols that something has asked for need an address entry",
    ),
    Edit(
        "newSymIndex=Object.keys(lib.exports).indexOf(symbol);"
        "if(newSymIndex==-1||lib.exports[symbol].stub)",
        "if(!Object.hasOwn(lib.exports,symbol)||lib.exports[symbol].stub)",
        "whether a symbol exists needs no list of all symbols",
    ),
    Edit(
        "result=addFunction(result,result.sig);(growMemViews(),HEAPU32)[symbolIndex>>2]=newSymIndex",
        "newSymIndex=Object.keys(lib.exports).indexOf(symbol);"
        "result=addFunction(result,result.sig);(growMemViews(),HEAPU32)[symbolIndex>>2]=newSymIndex",
        "its position matters to the other threads only when a function is new to the table",
    ),
    Edit(
        "var pthreadPoolSize=4;",
        "var pthreadPoolSize=2;",
        "workers beyond the pool are started when asked for; each costs time and memory",
    ),
    Edit(
        'FS.mount(NODEFS,{root:"/home"},"/home");FS.mount(NODEFS,{root:"/tmp"},"/tmp");',
        f"for(var folder of JSON.parse(process.env.{FOLDERS_VARIABLE})){{FS.mkdirTree(folder);"
        "FS.mount(NODEFS,{root:folder},folder)}",
        "Lean sees the folders it is given, under their own names, and no others",
    ),
    Edit(
        'var cwd=process.cwd();if(cwd.startsWith("/private/tmp/")){'
        'cwd=cwd.replace("/private/tmp/","/tmp/")}else if(cwd==="/private/tmp"){cwd="/tmp"}'
        "FS.chdir(cwd)",
        "FS.chdir(process.cwd())",
        "folders keep their names, so the working folder does too",
    ),
)


def throwing(signatures: Sequence[str]) -> tuple[Edit, ...]:
    """The edits by which calls that may throw stay within WebAssembly."""
    return (
        Edit(
            "function getWasmImports(){assignWasmImports();",
            "var forwarding,inJavaScript={};function getWasmImports(){assignWasmImports();"
            f"forwarding=new WebAssembly.Instance({_module(trampolines.forwarding(signatures))})"
            '.exports;for(var name in forwarding)if(name!="table"){'
            "inJavaScript[name]=wasmImports[name];wasmImports[name]=forwarding[name]}",
            "the module is given functions that forward to those of the next edit",
        ),
        Edit(
            "assignWasmExports(wasmExports);updateGOT(origExports);",
            "assignWasmExports(wasmExports);"
            "var catching=new WebAssembly.Instance("
            f"{_module(trampolines.catching(signatures))},{{env:{{...inJavaScript,"
            'table:wasmTable,save:origExports["emscripten_stack_get_current"],'
            'restore:origExports["_emscripten_stack_restore"],threw:origExports["setThrew"],'
            "isNumber:thrown=>+(thrown===thrown+0),tag:WebAssembly.JSTag}}).exports;"
            "Object.values(catching).forEach((item,place)=>forwarding.table.set(place,item));"
            "updateGOT(origExports);",
            "what is thrown is caught, undone and recorded as in JavaScript, which is still asked "
            "where a function of the table is not of the type that the call says",
        ),
    )


def _module(binary: bytes) -> str:
    encoded = base64.b64encode(binary).decode()
    return f'new WebAssembly.Module(Buffer.from("{encoded}","base64"))'


def patched(loader: str) -> str:
    """The loader with unused bindings dropped and every edit made; else `LoaderError`."""
    text = _without_unused_bindings(loader)
    signatures = tuple(dict.fromkeys(_INVOKING.findall(loader)))
    for edit in (*EDITS, *throwing(signatures)):
        if text.count(edit.old) != 1:
            raise LoaderError(f"{text.count(edit.old)} times instead of once: {edit.old[:60]!r}")
        text = text.replace(edit.old, edit.new)
    return text.replace(_CHATTER, 'void("[DEBUG')


def fingerprint() -> str:
    """A digest of this patch: a loader patched otherwise is out of date."""
    edits = (*EDITS, *throwing(("v", "ii", "vj", "dif")))
    parts = (
        *(_BINDINGS, _BINDING.pattern, _CHATTER, _INVOKING.pattern),
        *(f"{edit.old}{edit.new}" for edit in edits),
    )
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _without_unused_bindings(loader: str) -> str:
    """The loader without the export bindings whose local name occurs nowhere else."""
    if loader.count(_BINDINGS) != 1:
        raise LoaderError("the export bindings are not where they were")
    head, body = loader.split(_BINDINGS)
    declared_at = head.rfind("var ")
    bindings, end = [], 0
    while found := _BINDING.match(body, end):
        bindings.append(found)
        end = found.end()
    if not bindings or not body.startswith("}", end) or declared_at < 0:
        raise LoaderError("the export bindings are not of the known form")
    names = {found["local"] for found in bindings}
    declared = head[declared_at + len("var ") :].rstrip(";").split(",")
    used = set(_WORD.findall(head[:declared_at])) | set(_WORD.findall(body, end))
    kept = [name for name in declared if name in used or name not in names]
    assignments = "".join(
        found[0].rstrip(";") + ";" for found in bindings if found["local"] in used
    )
    return f"{head[:declared_at]}var {','.join(kept)};{_BINDINGS}{assignments}{body[end:]}"
