"""Batches: Lean files put together so that a Lean that is slow to start is started seldom.

A batch holds files in the order of their imports. Its text is theirs, each closed by an `end` for
its `public section`; imports between them fall away and the others become imports of batches.
Every line of a batch stands for a line of a file. After the last file one `#check` per theorem
asks Lean whether that theorem exists at all.

Invariant: a file is put into a batch with others only if it is laid out as ours are (a `module`
with one `public section`, everything else inside a namespace); any other file is its own batch,
and so is one that holds a network.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from lean_export import sources
from lean_export.sources import Declared
from refsem.errors import InputError

_IMPORT = re.compile(r"((?:public )?(?:meta )?import (?:all )?)(\S+)(?: *| +--.*)$")
_SECTION = re.compile(r"(?:@\[expose\] )?public section$")
_GENERATED = re.compile(r"Refsem\.(?:Proofs|Statements)\.(\w+)")
_LARGE = re.compile(r"Refsem\.Run\.\w+")
"""Files of a network's data: much for one run of Lean, so none is joined with another."""
MOST_THEOREMS = 600
"""How many theorems families may bring into one batch together."""


@dataclass(frozen=True, slots=True)
class Source:
    """One file of a project: its module name, path, text and theorems."""

    module: str
    path: str
    text: str
    imports: tuple[str, ...]
    theorems: tuple[Declared, ...]


@dataclass(frozen=True, slots=True)
class Place:
    """A line of a file."""

    path: str
    line: int


@dataclass(frozen=True, slots=True)
class Batch:
    """A text for one run of Lean, the files in it, and what its lines stand for."""

    module: str
    needs: tuple[str, ...]
    """The batches it imports."""
    text: str
    places: tuple[Place | None, ...]
    checks: Mapping[int, str]
    """The theorem whose existence each of the last lines asks for."""


def source(path: str, text: str) -> Source:
    """A file of a project by its path there."""
    module = path.removesuffix(".lean").replace("/", ".")
    return Source(module, path, text, sources.imports(text), sources.theorems(text))


def batches(files: Mapping[str, Source]) -> tuple[Batch, ...]:
    """The batches, each after those that it needs.

    `InputError` where imports go round in a circle.
    """
    groups = _groups(files)
    try:
        return _ordered(_batch(group, index, groups) for index, group in enumerate(groups, 1))
    except InputError:
        # Grouping may close a circle that the files do not have.
        alone = tuple((file,) for file in dict.fromkeys(file for group in groups for file in group))
        return _ordered(_batch(group, index, alone) for index, group in enumerate(alone, 1))


Group = tuple[Source, ...]


def _groups(files: Mapping[str, Source]) -> tuple[Group, ...]:
    """The files that say something: what families need together, small families together.

    The other hand-written files are a group of their own, so that families need not wait for them.
    Where nothing imports from it, it does not wait for the first group either, but has a copy of
    what it needs of that.
    """
    needed = _imported(files, (module for module in files if _GENERATED.fullmatch(module)))
    base: list[Source] = []
    others: list[Source] = []
    families: dict[str, list[Source]] = {}
    alone: list[Group] = []
    for file in _in_order(files):
        generated = _GENERATED.fullmatch(file.module)
        if _only_imports(file.text):
            continue
        if not _is_like_ours(file.text) or _LARGE.fullmatch(file.module):
            alone.append((file,))
        elif generated:
            families.setdefault(generated[1], []).append(file)
        else:
            (base if file.module in needed else others).append(file)
    packed: list[Group] = []
    for family in families.values():
        if packed and _size((*packed[-1], *family)) <= MOST_THEOREMS:
            packed[-1] = (*packed[-1], *family)
        else:
            packed.append(tuple(family))
    elsewhere = (file for group in (base, *packed, *alone) for file in group)
    used = {module for file in elsewhere for module in file.imports}
    if used.isdisjoint(file.module for file in others):
        copied = _imported(files, (file.module for file in others))
        others = [*(file for file in base if file.module in copied), *others]
    return tuple(group for group in (tuple(base), tuple(others), *packed, *alone) if group)


def _imported(files: Mapping[str, Source], modules: Iterable[str]) -> set[str]:
    """The files that these import, at any remove."""
    found: set[str] = set()
    waiting = list(modules)
    while waiting:
        for module in files[waiting.pop()].imports:
            if module in files and module not in found:
                found.add(module)
                waiting.append(module)
    return found


def _size(group: Group) -> int:
    return sum(len(file.theorems) for file in group)


def _only_imports(text: str) -> bool:
    said = (line for line in sources.blanked(text).split("\n") if line.strip())
    return all(line == "module" or _IMPORT.match(line) for line in said)


def _is_like_ours(text: str) -> bool:
    lines = sources.blanked(text).split("\n")
    return "module" in lines and sum(1 for line in lines if _SECTION.match(line)) == 1


def _in_order(files: Mapping[str, Source]) -> tuple[Source, ...]:
    """The files, imported ones first as far as there is such an order."""
    ordered: dict[str, Source] = {}

    def visit(module: str, above: tuple[str, ...]) -> None:
        if module in files and module not in ordered and module not in above:
            for needed in files[module].imports:
                visit(needed, (*above, module))
            ordered[module] = files[module]

    for module in sorted(files):
        visit(module, ())
    return tuple(ordered.values())


def _ordered(made: Iterable[Batch]) -> tuple[Batch, ...]:
    waiting, ordered = list(made), dict[str, Batch]()
    while waiting:
        ready = [batch for batch in waiting if ordered.keys() >= set(batch.needs)]
        if not ready:
            names = ", ".join(batch.module for batch in waiting)
            raise InputError(names, "", "these files import each other in a circle")
        ordered.update((batch.module, batch) for batch in ready)
        waiting = [batch for batch in waiting if batch not in ready]
    return tuple(ordered.values())


def _name(group: Group, index: int) -> str:
    return group[0].module if len(group) == 1 else f"RefsemBatch{index}"


def _batch(group: Group, index: int, groups: tuple[Group, ...]) -> Batch:
    own = _name(group, index)
    home: dict[str, str] = {}
    for number, other in enumerate(groups, 1):
        for file in other:
            home.setdefault(file.module, _name(other, number))
    home.update((file.module, own) for file in group)
    imported = dict.fromkeys(module for file in group for module in file.imports)
    needs = dict.fromkeys(home[module] for module in imported if module in home)
    needs.pop(own, None)
    lines = _verbatim(group[0], home) if len(group) == 1 else _joined(group, home, own)
    checks = {}
    for file in group:
        for declared in file.theorems:
            lines.append((f"#check @{declared.name}", None))
            checks[len(lines)] = declared.name
    text = "\n".join(line for line, _ in lines) + "\n"
    return Batch(own, tuple(needs), text, tuple(place for _, place in lines), checks)


Lines = list[tuple[str, Place | None]]


def _verbatim(file: Source, home: Mapping[str, str]) -> Lines:
    """The file's lines, with imports of files turned into imports of batches."""
    return [
        (_IMPORT.sub(lambda found: found[1] + home.get(found[2], found[2]), line), place)
        for line, place in _placed(file)
    ]


def _joined(group: Group, home: Mapping[str, str], own: str) -> Lines:
    """The files one after the other, each within its own `public section`."""
    imported = dict.fromkeys(module for file in group for module in file.imports)
    batches_needed = dict.fromkeys(home.get(module, module) for module in imported)
    lines: Lines = [("module", None)]
    lines.extend((f"public import {module}", None) for module in batches_needed if module != own)
    for file in group:
        lines.extend(
            (line, place)
            for line, place in _placed(file)
            if line != "module" and not _IMPORT.match(line)
        )
        lines.append(("end", None))
    return lines


def _placed(file: Source) -> Lines:
    return [
        (line, Place(file.path, number))
        for number, line in enumerate(file.text.rstrip("\n").split("\n"), 1)
    ]
