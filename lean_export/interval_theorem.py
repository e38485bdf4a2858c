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
    (True, True): ("hiddenRows", "a layer between two ReLUs"),
    (True, False): ("outputRows", "a layer after a ReLU"),
    (False, True): ("inputRows", "a layer before a ReLU"),
    (False, False): ("onlyRows", "a layer without a ReLU before or after it"),
}
"""The checker by whether a ReLU stands before and after the layer."""


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
            body.extend(box_lines("inputBox", "The inputs", boxes[0]))
        for number in group:
            body.extend(_step_lines(network, boxes, number))
        found = [f"{stem}.{part}{n}" for n in group for part in ("wellFormed", "step")]
        if place == len(groups):
            body.extend(_conclusion(network, boxes))
            found += [f"{stem}.network_wellFormed", f"{stem}.output_bounds"]
        doc = f"# Interval bounds, region {region}. {about}"
        text = module_text(imports, doc, stem, body)
        modules.append(Module(f"{name.replace('.', '/')}.lean", text, tuple(found)))
        imports = [name]
    return modules, boxes[-1]


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
    checker, earlier = _checker(network, number), box_name(len(network), number - 1)
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


def _checker(network: Sequence[Layer], number: int) -> str:
    after_relu = number > 1 and network[number - 2].relu
    return _CHECKERS[after_relu, network[number - 1].relu][0]


def _conclusion(network: Sequence[Layer], boxes: Sequence[IntegerBox]) -> tuple[str, ...]:
    """The network, that it is well-formed, and its theorem."""
    last = len(network)
    steps = [
        f"  have inside{n} := {_checker(network, n)}_sound (T := {scale_text(boxes[n].scale)}) "
        f"(by decide +kernel) (by decide +kernel) inside{n - 1} step{n}"
        for n in range(1, last + 1)
    ]
    return (
        *network_lines(network),
        *SETTING,
        *bounds_statement(boxes[0].scale, boxes[last].scale),
        *(line for step in steps for line in hanging(step)),
        f"  exact inside{last}",
    )
