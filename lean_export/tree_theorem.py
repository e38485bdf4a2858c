"""Split-tree theorems: the modules that state and prove that no input of a region is unsafe.

One module has the network, the boxes and the cases, the next ones the leaves, each with a CROWN
proof of its own over its box, and the last the tree: that its leaves are those boxes is computed,
that they cover the region is `Tree.covers` (`Refsem/Cover.lean`).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from lean_export.cases import LeanCase, cases_lines, sum_text
from lean_export.crown_theorem import CORE as CROWN_CORE
from lean_export.crown_theorem import neuron_words, pushes
from lean_export.interval_boxes import SCALE, IntegerBox
from lean_export.layers import Layer
from lean_export.layout import documentation, filled
from lean_export.run_text import (
    SETTING,
    Module,
    box_lines,
    hanging,
    layer_lines,
    literal,
    module_text,
    namespace,
    network_lines,
    packed,
    scale_text,
    well_formed_lines,
)
from lean_export.split_leaves import Cut, CutBox, Pass, SafeLeaf, depths, leaves_of

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


def leaf_pushes(network: Sequence[Layer], leaf: SafeLeaf) -> int:
    """How many weights are multiplied with columns when a leaf is checked."""
    words = sum(layer.words for layer in network)
    return pushes(network, depths(len(network))) + len(leaf.passes) * words


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
        lines = (line for index, leaf in group for line in _leaf_lines(network, leaf, index))
        body = (*SETTING, *lines)
        found = [name for index, leaf in group for name in _leaf_theorems(network, leaf, index)]
        modules.append(
            _module(f"{stem}Leaves{place}", [given], f"# Leaves, {doc}", stem, body, found)
        )
        imports.append(modules[-1].name)
    last = _conclusion(region, len(leaves))
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


def _leaf_theorems(network: Sequence[Layer], leaf: SafeLeaf, index: int) -> Iterable[str]:
    yield from (f"leaf{index}_step{layer}" for layer in range(1, len(network) + 1))
    for place in range(1, len(leaf.passes) + 1):
        yield from (f"leaf{index}_pass{place}", f"leaf{index}_excludes{place}")
    yield f"leaf{index}"


def _leaf_lines(network: Sequence[Layer], leaf: SafeLeaf, index: int) -> Iterable[str]:
    """A leaf's box, its neurons and passes with what is computed of them, and that it is safe."""
    own, last = f"leaf{index}", len(network)
    yield from box_lines(f"{own}_box", f"The box of leaf {index}", leaf.box)
    yield from (
        "",
        f"/-- What the bounds over leaf {index} are derived from. -/",
        f"def {own}_problem : Problem :=",
        f"  ⟨{own}_box, {scale_text(leaf.box.scale)}, {scale_text(SCALE)},",
        f"    {leaf.digits.bits}, {leaf.digits.size}⟩",
    )
    known = "[]"
    for number, depth in enumerate(depths(last), 1):
        layer = network[number - 1]
        yield from (
            "",
            *documentation(f"Layer {number} over leaf {index}: ends before activation, slopes."),
            f"def {own}_neurons{number} : Neurons :=",
            *neuron_words(leaf.layers[number - 1]),
            "",
            f"theorem {own}_step{number} :",
            f"    layerChecked {own}_problem {known} {depth} {layer.width}",
            f"      weights{number} {own}_neurons{number} = true := by",
            "  decide +kernel",
            "",
            f"/-- The layers up to {number}, over leaf {index}. -/",
            f"def {own}_known{number} : List Known :=",
            f"  ⟨{_boolean(layer.relu)}, {layer.width}, weights{number}, {own}_neurons{number}⟩ ::",
            f"    {known}",
        )
        known = f"{own}_known{number}"
    for place, one in enumerate(leaf.passes, 1):
        yield from _pass_lines(network, one, index, place)
    yield from _safe_lines(network, leaf, index)


def _boolean(value: bool) -> str:
    return "true" if value else "false"


def _pass_lines(network: Sequence[Layer], one: Pass, index: int, place: int) -> Iterable[str]:
    own, last = f"leaf{index}", len(network)
    rows = [literal(row) for row in one.rows.rows]
    sums = [f"({case}, {sum_text(found)})" for case, found in one.sums]
    width = len(network[-1].rows)
    yield from (
        "",
        *documentation(f"Rows of pass {place} over leaf {index}."),
        f"def {own}_rows{place} : List Nat := [",
        *(f"  {row}," for row in rows[:-1]),
        f"  {rows[-1]}]",
        "",
        *documentation("Each row contradicts a case (counted from 0), as this sum of constraints."),
        f"def {own}_sums{place} : List (Nat × Sum) := [",
        *filled([*(f"{text}," for text in sums[:-1]), f"{sums[-1]}]"], 2),
        "",
        "/-- The ends of the rows. -/",
        f"def {own}_ends{place} : Neurons :=",
        *neuron_words(one.neurons),
    )
    if one.below:
        slopes = [f"[{', '.join(map(str, layer))}]" for layer in reversed(one.below)]
        yield from (
            "",
            "/-- Slopes below, the last layer's first. -/",
            f"def {own}_below{place} : List (List Nat) := [",
            *filled(" ".join([*(f"{text}," for text in slopes[:-1]), f"{slopes[-1]}]"]).split(), 2),
        )
    yield from (
        "",
        f"theorem {own}_pass{place} :",
        f"    layerChecked {own}_problem {_known(one, index, place, last)} {last} {width}",
        f"      {own}_rows{place} {own}_ends{place} = true := by",
        "  decide +kernel",
        "",
        f"theorem {own}_excludes{place} :",
        f"    excludes {scale_text(SCALE)} {width} cases",
        f"      {own}_sums{place} {own}_rows{place} {own}_ends{place}.ends = true := by",
        "  decide +kernel",
    )


def _known(one: Pass, index: int, place: int, last: int) -> str:
    known = f"leaf{index}_known{last}"
    return f"(withBelow {known} leaf{index}_below{place})" if one.below else known


def _safe_lines(network: Sequence[Layer], leaf: SafeLeaf, index: int) -> Iterable[str]:
    """That the leaf is safe, from its steps and passes."""
    own, last = f"leaf{index}", len(network)
    positive = "(by decide +kernel) (by decide +kernel)"
    steps = [
        f"  have ⟨reached{n}, length{n}⟩ := layer_sound (p := {own}_problem) "
        f"(relu := {_boolean(layer.relu)}) {positive} "
        f"inside reached{n - 1} length{n - 1} {own}_step{n}"
        for n, layer in enumerate(network, 1)
    ]
    for place, one in enumerate(leaf.passes, 1):
        reached = f"(reached_withBelow reached{last})" if one.below else f"reached{last}"
        steps.append(
            f"  have safe{place} := safeAt_of_excludes (x := x) (by decide +kernel) length{last} "
            f"(layerChecked_sound (p := {own}_problem) {positive} "
            f"inside {reached} length{last} {own}_pass{place}) {own}_excludes{place}"
        )
    safe = "safe1"
    for place in range(2, len(leaf.passes) + 1):
        safe = f"(safeAt_append {safe} safe{place})"
    yield from (
        "",
        f"/-- No input in the box of leaf {index} is unsafe. -/",
        f"theorem {own} : Over {scale_text(leaf.box.scale)}",
        f"    (fun x : List α => Safe cases x (eval network x)) {own}_box := by",
        "  intro x inside",
        f"  have length0 : x.length = {network[0].width} := length_of_inBox inside",
        f"  have reached0 : Reached {own}_problem [] x x := rfl",
        *(line for step in steps for line in hanging(step)),
        f"  exact safe_of_safeAt (by decide +kernel) {safe}",
    )


def _conclusion(region: SplitRegion, leaves: int) -> Iterable[str]:
    names = [f"leaf{index}_box" for index in range(1, leaves + 1)]
    over = f"over_cons leaf{leaves} over_nil"
    for index in range(leaves - 1, 0, -1):
        over = f"over_cons leaf{index} ({over})"
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
        "/-- The property holds: for no input in the box is a case met by the network. -/",
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
            below, above = (
                text if isinstance(part, SafeLeaf) else f"({text})"
                for part, text in ((p, _tree_text(p)) for p in (tree.below, tree.above))
            )
            number = str(tree.number) if tree.number >= 0 else f"({tree.number})"
            return f".cut {tree.dimension} {number} {below} {above}"
