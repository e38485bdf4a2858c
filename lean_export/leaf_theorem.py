"""The text of a leaf of a split tree: its bounds, its passes, and that no input in it is unsafe.

The layers are bounded as in a CROWN run (`crown_theorem.py`), over the leaf's box; then the rows of
the cases are, each pass with its own slopes below. Sources of the checkers and their proofs:
`Refsem/Crown.lean`, `Refsem/Cover.lean`.
"""

from collections.abc import Iterable, Sequence

from lean_export.cases import sum_text
from lean_export.crown_theorem import neuron_words, pushes
from lean_export.interval_boxes import SCALE
from lean_export.layers import Layer
from lean_export.layout import documentation, filled
from lean_export.run_text import box_lines, hanging, literal, scale_text
from lean_export.split_leaves import Pass, SafeLeaf, depths


def leaf_pushes(network: Sequence[Layer], leaf: SafeLeaf) -> int:
    """How many weights are multiplied with columns when a leaf is checked."""
    words = sum(layer.words for layer in network)
    return pushes(network, depths(len(network))) + len(leaf.passes) * words


def leaf_theorems(network: Sequence[Layer], leaf: SafeLeaf, index: int) -> Iterable[str]:
    """The names of the theorems about a leaf, the last that it is safe."""
    yield from (f"leaf{index}_step{layer}" for layer in range(1, len(network) + 1))
    for place in range(1, len(leaf.passes) + 1):
        yield from (f"leaf{index}_pass{place}", f"leaf{index}_excludes{place}")
    yield f"leaf{index}"


def leaf_lines(network: Sequence[Layer], leaf: SafeLeaf, index: int) -> Iterable[str]:
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
