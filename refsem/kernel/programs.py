"""Reduction trees as programs: the four lists of integers that `refsem.kernel.steps.run` takes."""

from dataclasses import dataclass
from typing import assert_never

from refsem.kernel import steps
from refsem.kernel.trees import Add, Convert, FusedAdd, Step, Term, Tree, Zero, uses
from refsem.rounding import BINARY32, Format


@dataclass(frozen=True, slots=True)
class Program:
    """The steps of a tree, field by field."""

    codes: tuple[int, ...]
    left: tuple[int, ...]
    right: tuple[int, ...]
    layouts: tuple[int, ...]


def layout_of(format_: Format) -> int:
    """Precision and exponent width in one integer."""
    return format_.precision << 4 | format_.exponent_bits


def program_of(tree: Tree, *, products: bool) -> Program:
    """The program of a tree, whose terms are products of two rows or elements of one."""
    rows = [_row(tree, step, products=products) for step in tree.steps]
    codes, left, right, layouts = zip(*rows, strict=True)
    return Program(codes, left, right, layouts)


def _row(tree: Tree, step: Step, *, products: bool) -> tuple[int, int, int, int]:
    layout = layout_of(step.format)
    uniform = step.format == BINARY32 and all(
        tree.steps[place].format == BINARY32 for place in uses(step)
    )
    match step:
        case Term(index=index) if products:
            return steps.PRODUCT_32 if uniform else steps.PRODUCT, index, 0, layout
        case Term(index=index):
            return steps.ELEMENT_32 if uniform else steps.ELEMENT, index, 0, layout
        case Zero():
            return steps.ZERO, 0, 0, layout
        case Add(left=left, right=right):
            return steps.ADD_32 if uniform else steps.ADD, left, right, layout
        case FusedAdd(index=index, addend=addend):
            return steps.FUSED_ADD_32 if uniform else steps.FUSED_ADD, index, addend, layout
        case Convert(operand=operand):
            return steps.CONVERT, operand, 0, layout
        case _:
            assert_never(step)
