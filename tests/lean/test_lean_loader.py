import shutil
import subprocess

import pytest

from lean_export import trampolines
from lean_export.loader import (
    EDITS,
    FOLDERS_VARIABLE,
    Edit,
    LoaderError,
    fingerprint,
    patched,
    throwing,
)

BINDINGS = (
    '_main=Module["_main"]=wasmExports["main"];'
    '_used=Module["_used"]=wasmExports["used"];'
    '_idle=Module["_idle"]=wasmExports["idle"].value;'
    '_table=Module["_table"]=wasmTable=wasmExports["table"];'
    '_last=Module["_last"]=wasmExports["last"].value'
)
EVERY_EDIT = (*EDITS, *throwing(("vi", "iij")))
LOADER = (
    "var before;var _main,_used,_idle,_table,_last,wasmTable;"
    "function assignWasmExports(wasmExports){" + BINDINGS + "}"
    "var after=()=>_used+_table;start(_main);"
    'console.log("[DEBUG:A] here "+1);console.log("said");'
    + "".join(edit.old for edit in EVERY_EDIT)
    + "function invoke_vi(index,a1){}function invoke_iij(index,a1,a2){}"
)


def test_bindings_that_nothing_uses_are_dropped_and_no_others() -> None:
    text = patched(LOADER)
    assert "var before;var _main,_used,_table,wasmTable;function assignWasmExports" in text
    assert "_idle" not in text
    assert "_last" not in text
    for kept in BINDINGS.split(";")[:2]:
        assert f"{kept};" in text
    assert '_table=Module["_table"]=wasmTable=wasmExports["table"];}' in text


def test_every_edit_is_made_and_chatter_is_silenced() -> None:
    text = patched(LOADER)
    for edit in EVERY_EDIT:
        assert edit.new in text
        assert edit.because
    assert 'void("[DEBUG:A] here "+1);console.log("said");' in text
    assert FOLDERS_VARIABLE in text
    assert '"/home"' not in text


@pytest.mark.parametrize("edit", EVERY_EDIT, ids=lambda edit: edit.old[:20])
def test_a_loader_of_another_make_is_refused(edit: Edit) -> None:
    with pytest.raises(LoaderError, match="0 times instead of once"):
        patched(LOADER.replace(edit.old, ""))
    with pytest.raises(LoaderError, match="2 times instead of once"):
        patched(LOADER + edit.old)


@pytest.mark.parametrize(
    "loader",
    ["", LOADER.replace("assignWasm", "other"), LOADER.replace("_last=Mod", "odd[Mod")],
)
def test_export_bindings_of_another_form_are_refused(loader: str) -> None:
    with pytest.raises(LoaderError, match="export bindings"):
        patched(loader)


def test_the_fingerprint_is_that_of_the_patch() -> None:
    assert fingerprint() == fingerprint()
    assert len(fingerprint()) == 64


TABLE_PROGRAM = """
var wasmTable=[0,f0],functionsInTableMap;
wasmTable.grow=function(n){var at=this.length;for(var i=0;i<n;i++)this.push(null);return at};
wasmTable.set=function(i,f){this[i]=f};
function f0(){} function f1(){} function f2(){}
var isInternalSym=name=>name=="memory";
var updateTableMap=(a,n)=>{for(var i=a;i<a+n;i++)
if(wasmTable[i])functionsInTableMap.set(wasmTable[i],i)};
var getFunctionAddress=func=>{if(!functionsInTableMap){functionsInTableMap=new WeakMap;
updateTableMap(0,wasmTable.length)}return functionsInTableMap.get(func)||0};
var addFunction=f=>{var at=getFunctionAddress(f);if(!at){at=wasmTable.grow(1);wasmTable.set(at,f);
functionsInTableMap.set(f,at)}return at};
var GOT={a:{value:-1},c:{value:-1},d:{value:7}};
UPDATE if(isInternalSym(symName)){continue}var value=exports[symName];
var existingEntry=GOT[symName]&&GOT[symName].value!=-1;if(replace||!existingEntry){var newValue;
if(typeof value=="function"){newValue=addFunction(value)}else if(typeof value.value=="number"){
newValue=value}else{continue}GOT[symName]??={};GOT[symName].value=newValue}}};
updateGOT({memory:f0,a:f1,b:f0,c:f2,d:f1,e:{value:5}});
console.log(JSON.stringify(wasmTable.map(f=>f&&f.name)),GOT.a.value,GOT.c.value,GOT.d.value);
"""


def test_the_table_is_filled_in_the_order_of_the_exports() -> None:
    node = shutil.which("node")
    if node is None:
        pytest.skip("no node on the path")
    found = {}
    for name in ("old", "new"):
        program = TABLE_PROGRAM.replace("UPDATE", getattr(EDITS[0], name))
        done = subprocess.run([node, "-e", program], capture_output=True, text=True, check=True)
        found[name] = done.stdout.strip()
    assert found["old"] == found["new"] == '[0,"f0","f1","f2"] 2 3 7'


def test_the_fingerprint_names_the_trampolines(monkeypatch: pytest.MonkeyPatch) -> None:
    before = fingerprint()
    monkeypatch.setattr(trampolines, "catching", lambda _: b"other")
    assert fingerprint() != before
