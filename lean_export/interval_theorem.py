"""Interval theorems: the modules that state and prove the output box of one region.

A line of proof a layer: Lean's checker for the kind of layer, closed by `decide +kernel`, and its
soundness. Sources of the checkers and their proofs: `Refsem/Interval.lean`.
"""

from collections.abc import Sequence

from lean_export.interval_boxes import UNIT, IntegerBox, propagated
from lean_export.layers import Layer
from lean_export.layout import documentation
from lean_export.run_text import (
    SETTING,
    Module,
    bounds_statement,
    box_lines,
    box_name,
    hanging,
    layer_lines,
    module_text,
    namespace,
    natural_box,
    network_lines,
    packed,
    power_text,
    scale_text,
    well_formed_lines,
)

MODULE_WORDS = 16_000
"""How many patterns one module may hold, unless one layer has more."""

CORE = ("Refsem/Basic.lean", "Refsem/Network.lean", "Refsem/Interval.lean")
"""The hand-written files on which an interval theorem rests."""

_CHECKERS = {
    (True, True): "hiddenRows",
    (True, False): "outputRows",
    (False, True): "inputRows",
    (False, False): "onlyRows",
}
"""The checker by whether the box before is one of natural numbers, and whether a ReLU follows."""


def interval_modules(
    network: Sequence[Layer], start: IntegerBox, region: int, about: str
) -> tuple[list[Module], IntegerBox]:
    """The modules of one region, its theorem in the last, and the output box of the theorem."""
    boxes = propagated(network, start)
    stem = namespace(region)
    modules: list[Module] = []
    groups = packed(network, MODULE_WORDS)
    imports = ["Refsem.Interval"]
    for place, group in enumerate(groups, 1):
        whole = len(groups) == 1
        name = stem if whole else f"{stem}Part{place}"
        body: list[str] = []
        if place == 1:
            body.extend(_input_lines(boxes[0]))
        for number in group:
            body.extend(_step_lines(network, boxes, number))
        found = [f"{stem}.{part}{n}" for n in group for part in ("wellFormed", "step")]
        if place == 1 and _is_natural(boxes[0]):
            found.append(f"{stem}.naturalInput_ends")
        if place == len(groups):
            body.extend(_conclusion(network, boxes))
            found += [f"{stem}.network_wellFormed", f"{stem}.output_bounds"]
        doc = f"# Interval bounds, region {region}. {about}"
        text = module_text(imports, doc, stem, body)
        modules.append(Module(f"{name.replace('.', '/')}.lean", text, tuple(found)))
        imports = [name]
    return modules, boxes[-1]


def _is_natural(box: IntegerBox) -> bool:
    return all(low >= 0 for low, _ in box.ends)


def _input_lines(start: IntegerBox) -> tuple[str, ...]:
    """The input box; where no end is negative, also as the box that is quicker to compute with."""
    stated = box_lines("inputBox", "The inputs", start)
    if not _is_natural(start):
        return stated
    return (
        *stated,
        "",
        "/-- The same, in natural numbers. -/",
        "def naturalInput : NatBox :=",
        *natural_box(start.ends),
        "",
        "theorem naturalInput_ends : naturalInput.ends = inputBox := by",
        "  decide +kernel",
    )


def _step_lines(
    network: Sequence[Layer], boxes: Sequence[IntegerBox], number: int
) -> tuple[str, ...]:
    """A layer's rows, the box after it, and the two things computed about it."""
    layer, box, before = network[number - 1], boxes[number], boxes[number - 1]
    name = box_name(len(network), number)
    what = f"The values of `{layer.node}`"
    if layer.relu:
        lines: tuple[str, ...] = (
            "",
            *documentation(f"{what}, as numerators over {scale_text(box.scale)}."),
            f"def {name} : NatBox :=",
            *natural_box(box.ends),
        )
    else:
        lines = box_lines(name, what, box)
    checker, earlier = _checker(network, boxes[0], number), box_name(len(network), number - 1)
    if number == 1 and _is_natural(boxes[0]):
        earlier = "naturalInput"
    scales = f"{scale_text(before.scale)} {power_text(before.scale * UNIT // box.scale)}"
    return (
        *layer_lines(layer, number),
        *lines,
        *well_formed_lines(layer, number),
        "",
        f"theorem step{number} :",
        f"    {checker} {scales} {earlier} weights{number}",
        f"      {name} = true := by",
        "  decide +kernel",
    )


def _checker(network: Sequence[Layer], start: IntegerBox, number: int) -> str:
    natural = network[number - 2].relu if number > 1 else _is_natural(start)
    return _CHECKERS[natural, network[number - 1].relu]


def _conclusion(network: Sequence[Layer], boxes: Sequence[IntegerBox]) -> tuple[str, ...]:
    """The network, that it is well-formed, and its theorem."""
    last = len(network)
    steps = [
        f"  have inside{n} := {_checker(network, boxes[0], n)}_sound "
        f"(T := {scale_text(boxes[n].scale)}) (by decide +kernel) (by decide +kernel) "
        f"inside{n - 1} step{n}"
        for n in range(1, last + 1)
    ]
    entry: tuple[str, ...] = ()
    if _is_natural(boxes[0]):
        natural = f"InNatBox {scale_text(boxes[0].scale)} naturalInput x"
        entry = (
            f"  have inside0 : {natural} :=",
            "    inNatBox_of_inBox (by rw [naturalInput_ends]; exact inside0)",
        )
    return (
        *network_lines(network),
        *SETTING,
        *bounds_statement(boxes[0].scale, boxes[last].scale),
        *entry,
        *(line for step in steps for line in hanging(step)),
        f"  exact inside{last}",
    )
