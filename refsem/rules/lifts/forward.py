"""Lifts of the forward pass: a node's form from those of its operands. Trusted, as the replay is.

A node is bounded by an affine expression in its operands: its own affine map, the combination that
a named target is, a line or a plane. Each operand is bounded by a form below and one above it, in
the same few tensors (the inputs, and whatever has no form). `refsem.rules.forward` composes them.
Suppliers: `lower/NAME` and `upper/NAME`, forms of the variable operand NAME; `line` or `plane`,
where the node is not affine. A constant operand needs no supplier: its value is its form.
"""

from collections.abc import Mapping, Sequence
from math import prod

from gmpy2 import mpq

from refsem.exact import ExactTensor
from refsem.exact.tensor import concatenate
from refsem.ir.affine import AffineNode, Piece
from refsem.ir.steps import Matrix
from refsem.rules.forward import Forms, affine_form, beside
from refsem.rules.lifts.context import Context, Lift, RefusedError
from refsem.rules.trace import Combination, Form, Judgement, Side

_ZERO = mpq(0)
_Slopes = list[tuple[str, ExactTensor]]
"""Operands with a slope each, of shape (1, entries); a product of a tensor with itself has two."""


def compose(side: Side) -> Lift:
    """A form of a node or a named target on this side, from the forms of its operands."""

    def lift(context: Context) -> Judgement:
        affine = _affine(context)
        if affine is None:
            slopes, intercept = _slopes(context, side)
            names, known = _operand_forms(context, [name for name, _ in slopes])
            parts = [(slope, known[name]) for name, slope in slopes]
            columns = beside(context.rule, parts, intercept)
        else:
            names, known = _operand_forms(context, [piece.operand for piece in affine.pieces])
            columns = affine_form(affine, known, side) if affine.pieces else affine.constant
        return _form(context, side, names, columns)

    return lift


def _affine(context: Context) -> AffineNode | None:
    """The affine map of a node, or of a declared target; None if it has none."""
    if context.node in context.targets:
        return _combination(context.targets[context.node])
    return context.prepared.affine.get(context.node)


def _combination(combination: Combination) -> AffineNode:
    """A declared target as a node: each row is one entry."""
    rows = next(iter(combination.values())).shape[0]
    pieces = (
        Piece(name, (Matrix.of(1, value.transpose((1, 0)).reshape(1, value.shape[1], rows)),))
        for name, value in combination.items()
    )
    return AffineNode(tuple(pieces), ExactTensor.full((1, rows), _ZERO))


def _slopes(context: Context, side: Side) -> tuple[_Slopes, ExactTensor]:
    """Slopes on the operands and intercept of the line or plane on this side of the node."""
    if "plane" in context.suppliers:
        plane = context.plane("plane", side)
        return [*zip(plane.operands, plane.slopes, strict=True)], plane.intercept
    line = context.line("line", side)
    if line.slope.shape[0] != 1:
        raise RefusedError("lines for single rows of a form bound no node")
    return [(line.operand, line.slope)], line.intercept


def _operand_forms(
    context: Context, operands: Sequence[str]
) -> tuple[Mapping[str, int], Mapping[str, Forms]]:
    """The tensors that the operands' forms are in, with their sizes; and those forms."""
    found = {name: _supplied(context, name) for name in dict.fromkeys(operands)}
    named = {name for pair in found.values() for form in pair for name in form.coefficients}
    sizes = {name: prod(context.prepared.shapes[name]) for name in sorted(named)}
    known = {}
    for name, (below, above) in found.items():
        columns = _columns(below, sizes)
        known[name] = Forms(columns, columns if above is below else _columns(above, sizes))
    return sizes, known


def _supplied(context: Context, operand: str) -> tuple[Form, Form]:
    """Forms below and above an operand: those supplied, or the value of a constant."""
    if operand in context.prepared.constants:
        value = context.prepared.constants[operand].reshape(-1, 1)
        same = Form(operand, Side.EQUAL, {}, value)
        return same, same
    below = context.form(f"lower/{operand}", Side.LOWER, Side.EQUAL)
    above = context.form(f"upper/{operand}", Side.UPPER, Side.EQUAL)
    if below.target != operand or above.target != operand:
        raise RefusedError(f"a form that is supplied is not of {operand!r}")
    return below, above


def _columns(form: Form, sizes: Mapping[str, int]) -> ExactTensor:
    """A form with a column an entry: coefficients of these tensors in turn, then the constant."""
    entries = form.constant.shape[0]
    parts = [
        form.coefficients[name].transpose((1, 0))
        if name in form.coefficients
        else ExactTensor.full((size, entries), _ZERO)
        for name, size in sizes.items()
    ]
    return concatenate([*parts, form.constant.transpose((1, 0))], 0)


def _form(
    context: Context, side: Side, sizes: Mapping[str, int], columns: ExactTensor
) -> Judgement:
    """The form that these columns are."""
    coefficients, start = {}, 0
    for name, size in sizes.items():
        coefficients[name] = columns[start : start + size].transpose((1, 0))
        start += size
    return Form(context.node, side, coefficients, columns[start:].transpose((1, 0)))
