"""Split-tree theorems: the modules that state and prove that no input of a region is unsafe.

One module has the network, the boxes and the cases, the next ones the leaves, each with a CROWN
proof of its own over its box, and the last the tree: that its leaves are those boxes is computed,
that they cover the region is `Tree.covers` (`Refsem/Cover.lean`).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from lean_export.cases import LeanCase, cases_lines
from lean_export.crown_theorem import CORE as CROWN_CORE
from lean_export.interval_boxes import IntegerBox
from lean_export.layers import Layer
from lean_export.layout import documentation, filled
from lean_export.leaf_theorem import leaf_lines, leaf_pushes, leaf_theorems
from lean_export.run_text import (
    SETTING,
    Module,
    box_lines,
    hanging,
    layer_lines,
    module_text,
    namespace,
    network_lines,
    packed,
    scale_text,
    well_formed_lines,
)
from lean_export.split_leaves import Cut, CutBox, SafeLeaf, leaves_of

CORE = (*CROWN_CORE, "Refsem/Cover.lean")
"""The hand-written files on which a split tree's theorem rests."""

MODULE_WORDS = 16_000
"""How many patterns one module may hold, unless one layer has more."""
MODULE_PUSHES = 50_000
"""How many pushes the leaves of one module may take, unless one leaf takes more."""


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
    last = _conclusion(region, len(leaves), number)
    found = ["root_box", "leaf_boxes", "property_holds"]
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
        if groups and held + taken <= MODULE_PUSHES:
            groups[-1].append((index, leaf))
            held += taken
        else:
            groups.append([(index, leaf)])
            held = taken
    return groups


def _conclusion(region: SplitRegion, leaves: int, number: int) -> Iterable[str]:
    names = [f"leaf{index}_box" for index in range(1, leaves + 1)]
    over = "".join(f"over_cons leaf{index} <| " for index in range(1, leaves)) + (
        f"over_cons leaf{leaves} over_nil"
    )
    root = scale_text(region.root.scale)
    yield from (
        "",
        "/-- The cuts: an input, a number, the part below it and the part above it. -/",
        "def tree : Tree :=",
        *filled(_tree_text(region.tree).split(), 2),
        "",
        "/-- The region lies in the box that is cut. -/",
        "theorem root_box :",
        f"    boxWithin {scale_text(region.box.scale)} {root} inputBox rootBox = true := by",
        "  decide +kernel",
        "",
        "/-- The boxes of the tree's leaves are those over which the cases were shown empty. -/",
        "theorem leaf_boxes : tree.leaves rootBox = [",
        *(
            f"    {line}"
            for line in filled([*(f"{one}," for one in names[:-1]), f"{names[-1]}]"], 0)
        ),
        "  := by",
        "  decide +kernel",
        *SETTING,
        "",
        *documentation(
            f"The property holds over the box of its region {number}: for no input in the box is a "
            "case met by the network."
        ),
        "theorem property_holds (x : List α)",
        f"    (inside : InBox {scale_text(region.box.scale)} inputBox x) :",
        "    Safe cases x (eval network x) := by",
        "  refine Tree.covers (P := fun x => Safe cases x (eval network x)) tree rootBox ?_ x",
        "    (inBox_of_boxWithin (by decide +kernel) root_box inside)",
        "  rw [leaf_boxes]",
        *hanging(f"  exact {over}"),
    )


def _tree_text(tree: CutBox) -> str:
    match tree:
        case SafeLeaf():
            return ".leaf"
        case Cut():
            below, above = _tree_text(tree.below), _tree_text(tree.above)
            # a part in parentheses ends in none: no word is long, however deep the tree
            first = below if isinstance(tree.below, SafeLeaf) else f"({below})"
            then = above if isinstance(tree.above, SafeLeaf) else f"<| {above}"
            number = str(tree.number) if tree.number >= 0 else f"({tree.number})"
            return f".cut {tree.dimension} {number} {first} {then}"
