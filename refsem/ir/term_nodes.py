"""Terms as nodes: a term over tensors, written with operators of the catalogue, entry by entry.

A rational constant is a binary32 value or a quotient of two. A named function is written with the
operator that means it; a tensor that is known to hold its value already is used instead.
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


@dataclass(slots=True)
class TermNodes:
    """The reading of terms as nodes of a graph in the making.

    `values` has the tensors that hold a function of a tensor, by function and tensor.
    """

    builder: Builder
    bound: Mapping[str, Node]
    values: dict[tuple[Function, str], Node] = field(default_factory=dict)

    def constant(self, value: mpq) -> Node:
        """A constant, or a quotient of constants; `GraphError` if neither is exact."""
        try:
            return self.builder.constant(value)
        except GraphError:
            parts = (
                self.builder.constant(mpq(part)) for part in (value.numerator, value.denominator)
            )
            return self.builder.apply(Op.DIV, *parts)

    def variable(self, name: str) -> Node:
        """The tensor of that name."""
        return self.bound[name]

    def apply(self, operator: Operator, arguments: tuple[Node, ...]) -> Node:
        """The operator applied entry by entry."""
        if operator is Operator.SELECT:
            condition = self.builder.apply(Op.LESS_EQUAL, *arguments[:2])
            return self.builder.apply(Op.WHERE, condition, *arguments[2:])
        return self.builder.apply(_OPERATORS[operator], *arguments)

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
