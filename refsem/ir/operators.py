"""The operator catalogue: one row an operator, with the one real meaning it has.

A row states arity, attributes, the shape rule and the meaning. The meaning of an elementwise
operator is a term in x, y, z (its operands) and the names of its numeric attributes, applied to
every entry after broadcasting; that of the rest is a plan of index maps (`refsem.ir.plans`):
entries moved, folded, or multiplied and summed. A composite has neither: it means what its first
expansion into other operators means (`refsem.ir.composites`).

Edge cases: a sum over an axis of length zero is 0; tensors of size zero are allowed. Attributes
state everything: layout, axes counted from the front, every pad.
"""

from collections.abc import Mapping

from refsem.ir import elementwise_operators, tensor_operators
from refsem.ir.operator_rows import VARIADIC, Op, OperatorRow
from refsem.ir.shapes import Attribute, Attributes, Shape, ShapeError, integers
from refsem.ir.terms import Term, substitute

__all__ = [
    "CATALOGUE",
    "OPERANDS",
    "ROW",
    "VARIADIC",
    "Attribute",
    "Attributes",
    "Op",
    "OperatorRow",
    "Shape",
    "ShapeError",
    "integers",
    "meaning",
]

_ORDER = tuple(Op)
CATALOGUE: tuple[OperatorRow, ...] = tuple(
    sorted(
        (*elementwise_operators.ROWS, *tensor_operators.ROWS),
        key=lambda row: _ORDER.index(row.op),
    )
)

ROW: Mapping[Op, OperatorRow] = {row.op: row for row in CATALOGUE}

OPERANDS = "xyz"
"""The names of operands in the meanings of elementwise operators."""


def meaning(op: Op, *arguments: Term, **attributes: Term) -> Term:
    """The catalogue's term for an elementwise operator, at these arguments and attributes."""
    statement = ROW[op].meaning
    if statement is None:
        raise TypeError(f"{op.value} has no elementwise meaning")
    return substitute(statement, dict(zip(OPERANDS, arguments, strict=False)) | attributes)
