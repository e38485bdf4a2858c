"""Split-tree theorems: the modules that state and prove that no input of a region is unsafe.

One module has the network, the boxes and the cases, the next ones the leaves, each with a CROWN
proof of its own over its box, and the last the tree: that its leaves are those boxes is computed,
that they cover the region is `Tree.covers` (`Refsem/Cover.lean`).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from lean_export.cases import LeanCase, cases_lines
from lean_export.cover_theorem import conclusion_lines, conclusion_theorems, covers
from lean_export.crown_theorem import CORE as CROWN_CORE
from lean_export.interval_boxes import IntegerBox
from lean_export.layers import Layer
from lean_export.leaf_theorem import leaf_lines, leaf_pushes, leaf_theorems
from lean_export.run_text import (
    SETTING,
    Module,
    box_lines,
    layer_lines,
    module_text,
    namespace,
    network_lines,
    packed,
    well_formed_lines,
)
from lean_export.split_leaves import CutBox, SafeLeaf, leaves_of

CORE = (*CROWN_CORE, "Refsem/Cover.lean")
"""The hand-written files on which a split tree's theorem rests."""

MODULE_WORDS = 16_000
"""How many patterns one module may hold, unless one layer has more."""
MODULE_PUSHES = 50_000
"""How many pushes the leaves of one module may take, unless one leaf takes more."""
MODULE_LEAVES = 200
"""How many leaves one module may have."""


@dataclass(frozen=True, slots=True)
class SplitRegion:
    """One region: its box, the box that was cut, the cases (numbered) and the tree."""

    box: IntegerBox
    root: IntegerBox
    cases: Sequence[LeanCase]
    numbers: Sequence[int]
    tree: CutBox


def tree_modules(
    network: Sequence[Layer], region: SplitRegion, number: int, about: str
) -> list[Module]:
    """The modules of a region, its theorem in the last."""
    stem = namespace(number)
    doc = f"region {number}. {about}"
    modules = _network_modules(network, region, stem, doc)
    given = modules[-1].name
    leaves = list(enumerate(leaves_of(region.tree), 1))
    imports = []
    for place, group in enumerate(_grouped(network, leaves), 1):
        lines = (line for index, leaf in group for line in leaf_lines(network, leaf, index))
        body = (*SETTING, *lines)
        found = [name for index, leaf in group for name in leaf_theorems(network, leaf, index)]
        modules.append(
            _module(f"{stem}Leaves{place}", [given], f"# Leaves, {doc}", stem, body, found)
        )
        imports.append(modules[-1].name)
    made = covers(region.tree, region.root)
    last, found = conclusion_lines(made, region.box, number), conclusion_theorems(made)
    modules.append(
        _module(f"{stem}Tree", imports, f"# The property holds, {doc}", stem, last, found)
    )
    return modules


def _module(
    name: str,
    imports: Sequence[str],
    doc: str,
    stem: str,
    body: Iterable[str],
    found: Iterable[str],
) -> Module:
    text = module_text(imports, doc, stem, body)
    return Module(f"{name.replace('.', '/')}.lean", text, tuple(f"{stem}.{one}" for one in found))


def _network_modules(
    network: Sequence[Layer], region: SplitRegion, stem: str, doc: str
) -> list[Module]:
    modules: list[Module] = []
    groups = packed(network, MODULE_WORDS)
    imports = ["Refsem.Cover"]
    for place, group in enumerate(groups, 1):
        name = stem if len(groups) == 1 else f"{stem}Part{place}"
        body = [line for layer in group for line in _rows_lines(network[layer - 1], layer)]
        found = [f"wellFormed{layer}" for layer in group]
        if place == len(groups):
            body += [
                *network_lines(network),
                *box_lines("inputBox", "The inputs", region.box),
                *box_lines("rootBox", "The box that is cut", region.root),
                *cases_lines(region.cases, region.numbers),
            ]
            found.append("network_wellFormed")
        modules.append(_module(name, imports, f"# The network, {doc}", stem, body, found))
        imports = [name]
    return modules


def _rows_lines(layer: Layer, number: int) -> tuple[str, ...]:
    return (*layer_lines(layer, number), *well_formed_lines(layer, number))


def _grouped(
    network: Sequence[Layer], leaves: Sequence[tuple[int, SafeLeaf]]
) -> list[list[tuple[int, SafeLeaf]]]:
    """The leaves, module by module."""
    groups: list[list[tuple[int, SafeLeaf]]] = []
    held = 0
    for index, leaf in leaves:
        taken = leaf_pushes(network, leaf)
        if groups and held + taken <= MODULE_PUSHES and len(groups[-1]) < MODULE_LEAVES:
            groups[-1].append((index, leaf))
            held += taken
        else:
            groups.append([(index, leaf)])
            held = taken
    return groups
