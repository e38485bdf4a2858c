"""Ends of exact interval propagation where functions make them irrational: from both sides.

The rules' boxes are outward of the exact ends, by about 2^-60 of a value where the function rises
throughout; `inner_ends` lie inward of them, so that a claimed end is

- sound where it contains the outward end;
- unsound where it is inward of the inward one: it leaves out part of what is recomputed;
- undecided in between.

Inward ends: an affine image of inward ends is inward, for interval propagation keeps inclusions;
a function of one operand takes the values at points of its operand's inward box, enclosed, which
the exact image contains. A greatest value between those points is missed, so that ends of waves
often stay undecided. There are none after a box narrower than the enclosure, after a node of two
variable operands, and where a value cannot be enclosed: those ends are never called unsound.
"""

from collections.abc import Mapping

from gmpy2 import mpq

from refsem.certificates.comparison import inward
from refsem.certificates.foreign.regions import FlatBox
from refsem.certificates.report import Finding
from refsem.exact import ExactTensor
from refsem.ir.evaluation import Prepared
from refsem.ir.graph_enclosures import NotEnclosedError, enclose_node
from refsem.ir.operators import Op
from refsem.ir.steps import Bounds
from refsem.rounding import Format

PRECISION = 256
_PARTS = 8
"""A function is looked at at so many parts of its operand's box, ends included."""


def inner_ends(prepared: Prepared, given: Mapping[str, Bounds]) -> dict[str, Bounds]:
    """Of each tensor, ends that exact interval propagation of the given boxes contains."""
    inner: dict[str, Bounds] = {name: (value, value) for name, value in prepared.constants.items()}
    for name, node in prepared.nodes.items():
        operands = prepared.operands(name)
        if name in given:
            inner[name] = given[name]
        elif any(operand not in inner or _crossed(inner[operand]) for operand in operands):
            continue
        elif name in prepared.affine:
            inner[name] = prepared.affine[name].interval(inner)
        elif node.op is not Op.INPUT and len(operands) == 1:
            found = _image(prepared, name, operands[0], inner)
            if found is not None:
                inner[name] = found
    return inner


def _crossed(ends: Bounds) -> bool:
    return bool(ends[1].less(ends[0]).any())


def _image(
    prepared: Prepared, name: str, operand: str, inner: Mapping[str, Bounds]
) -> Bounds | None:
    """The hull of values at points of the operand's box, as far as they are certain."""
    low, high = inner[operand]
    least: ExactTensor | None = None
    greatest: ExactTensor | None = None
    for part in range(_PARTS + 1):
        share = ExactTensor.full((1, 1), mpq(part, _PARTS))
        point = low + (high - low) * share
        try:
            ends = enclose_node(prepared, name, {**inner, operand: (point, point)}, PRECISION)
        except NotEnclosedError:
            return None
        least = ends[1] if least is None else least.minimum(ends[1])
        greatest = ends[0] if greatest is None else greatest.maximum(ends[0])
    assert least is not None  # noqa: S101  there are parts
    assert greatest is not None  # noqa: S101
    return least, greatest


def held_against(
    claimed: FlatBox, outer: Bounds, inner: Bounds | None, label: str, grid: Format
) -> tuple[list[Finding], int]:
    """The claimed ends that are unsound, and how many are neither sound nor unsound."""
    doubtful = inward(claimed, *outer, label, grid)
    wrong = [] if inner is None else inward(claimed, *inner, label, grid)
    return wrong, len(doubtful) - len(wrong)
