"""Terms as nodes: a term over tensors, written with operators of the catalogue, entry by entry.

A rational constant is a binary32 value, or a quotient of sums of such. A named function is written
with the operator that means it; a tensor that is known to hold its value already is used instead.
Products of a tensor with itself are powers, of which bounds know more; nothing is written twice.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from gmpy2 import mpq

from refsem.exact.functions import Function
from refsem.ir.composites import Builder
from refsem.ir.derivatives import NoDerivativeError
from refsem.ir.graph import GraphError, Node
from refsem.ir.operators import CATALOGUE, Op
from refsem.ir.terms import Operator, Term, applied, fold, variables

_X = variables("x")[0]
FUNCTION_OPERATORS: Mapping[Function, Op] = {
    function: row.op
    for row in CATALOGUE
    for function in Function
    if row.meaning == applied(function, _X)
}
"""The operator that applies a named function, for those that have one."""

_OPERATORS = {
    Operator.ADD: Op.ADD,
    Operator.SUB: Op.SUB,
    Operator.MUL: Op.MUL,
    Operator.DIV: Op.DIV,
    Operator.NEG: Op.NEG,
    Operator.MIN: Op.MIN,
    Operator.MAX: Op.MAX,
    Operator.ABS: Op.ABS,
}

_POWERS = {
    2: Op.SQUARE,
    3: Op.CUBE,
    4: Op.POWER4,
    5: Op.POWER5,
    6: Op.POWER6,
    7: Op.POWER7,
    8: Op.POWER8,
}
_BITS = 24


@dataclass(slots=True)
class TermNodes:
    """The reading of terms as nodes of a graph in the making.

    `values` has the tensors that hold a function of a tensor, by function and tensor.
    """

    builder: Builder
    bound: Mapping[str, Node]
    values: dict[tuple[Function, str], Node] = field(default_factory=dict)
    known: dict[mpq, Node] = field(default_factory=dict)
    written: dict[tuple[Op, tuple[str, ...]], Node] = field(default_factory=dict)
    powers: dict[str, tuple[Node, int]] = field(default_factory=dict)

    def constant(self, value: mpq) -> Node:
        """A constant, or a quotient of sums of constants; `GraphError` for one too large."""
        if value not in self.known:
            self.known[value] = self._constant(value)
        return self.known[value]

    def _constant(self, value: mpq) -> Node:
        try:
            return self.builder.constant(value)
        except GraphError:
            if value.denominator != 1:
                parts = (self.constant(mpq(one)) for one in (value.numerator, value.denominator))
                return self._written(Op.DIV, *parts)
            whole = int(value)
            shift = max(abs(whole).bit_length() - _BITS, 0)
            high = (abs(whole) >> shift << shift) * (1 if whole > 0 else -1)
            if high == whole:
                # 24 bits, and yet no binary32 value: it is too large
                raise
        return self._written(Op.ADD, self.constant(mpq(high)), self.constant(mpq(whole - high)))

    def _written(self, op: Op, *operands: Node) -> Node:
        """The operator applied, once for the same operands."""
        key = op, tuple(operand.name for operand in operands)
        if key not in self.written:
            self.written[key] = self.builder.apply(op, *operands)
        return self.written[key]

    def _product(self, left: Node, right: Node) -> Node:
        """The product, as a power where both are powers of one tensor."""
        (base, m), (other, n) = (self.powers.get(x.name, (x, 1)) for x in (left, right))
        if base.name != other.name or m + n not in _POWERS:
            return self._written(Op.MUL, left, right)
        found = self._written(_POWERS[m + n], base)
        self.powers[found.name] = base, m + n
        return found

    def variable(self, name: str) -> Node:
        """The tensor of that name."""
        return self.bound[name]

    def apply(self, operator: Operator, arguments: tuple[Node, ...]) -> Node:
        """The operator applied entry by entry."""
        if operator is Operator.SELECT:
            condition = self._written(Op.LESS_EQUAL, *arguments[:2])
            return self._written(Op.WHERE, condition, *arguments[2:])
        if operator is Operator.MUL:
            return self._product(*arguments)
        return self._written(_OPERATORS[operator], *arguments)

    def function(self, function: Function, argument: Node) -> Node:
        """The function of every entry; `NoDerivativeError` if no operator means it."""
        if (function, argument.name) not in self.values:
            if function not in FUNCTION_OPERATORS:
                raise NoDerivativeError(f"no operator of the catalogue means {function.value}")
            applied_node = self.builder.apply(FUNCTION_OPERATORS[function], argument)
            self.values[function, argument.name] = applied_node
        return self.values[function, argument.name]

    def node(self, root: Term) -> Node:
        """The node of a term."""
        return fold(root, self)
