"""Continuity of graphs: the tensor at which outputs may jump, or their slopes may be unbounded.

Read off the meaning of each operator in those operands that depend on an input. Sums, products,
quotients, the greater and the lesser, and index maps of continuous functions are continuous
wherever they have a value; a choice by a relation is taken to jump, but for operators whose
branches meet; a named function jumps if it is a step. The same without quotients, and with the
functions that are smooth on the whole line, is locally Lipschitz everywhere.

What is not found is shown; what is found may be harmless. Composites are what they expand to.
"""

from collections.abc import Iterator

from refsem.exact.functions import STEPS, Function
from refsem.ir.composites import expanded
from refsem.ir.graph import Graph, Node
from refsem.ir.operators import CATALOGUE, OPERANDS, Op
from refsem.ir.restricting import restricted
from refsem.ir.terms import Operator, Term, subterms

MEETING = frozenset({Op.LEAKY_RELU, Op.PRELU, Op.ELU, Op.SELU, Op.CELU})
"""Operators that choose by the sign of x between branches that are both 0 where x is 0."""

_SMOOTH = frozenset(
    {
        Function.EXP,
        Function.EXPM1,
        Function.EXP2,
        Function.EXP10,
        Function.SIN,
        Function.COS,
        Function.ATAN,
        Function.SINH,
        Function.COSH,
        Function.TANH,
        Function.SIGMOID,
        Function.SOFTPLUS,
        Function.ERF,
        Function.ERFC,
    }
)
_MEANINGS = {row.op: row.meaning for row in CATALOGUE}


def first_jump(graph: Graph) -> Node | None:
    """The first tensor that may jump as inputs move; None: outputs are continuous where defined.

    `GraphError` for a composite that does not expand.
    """
    return next((node for node, term, moving in _moving(graph) if _jumps(node, term, moving)), None)


def first_steep(graph: Graph) -> Node | None:
    """The first tensor not seen to be locally Lipschitz; None: outputs are, of all inputs.

    `GraphError` for a composite that does not expand.
    """
    found = (
        n for n, one, moving in _moving(graph) if _jumps(n, one, moving) or _steep(one, moving)
    )
    return next(found, None)


def _moving(graph: Graph) -> Iterator[tuple[Node, Term, tuple[bool, ...]]]:
    """Each subterm of each elementwise node's meaning, and which of its arguments depend on x."""
    moving = set(graph.inputs)
    for node in restricted(expanded(graph, {}), graph.outputs).nodes:
        if moving.isdisjoint(node.operands):
            continue
        moving.add(node.name)
        root = _MEANINGS[node.op]
        if root is None:
            continue
        names = zip(OPERANDS, node.operands, strict=False)
        known = {name: operand in moving for name, operand in names}
        yield from ((node, one, inner) for one, inner in _dependent(root, known))


def _dependent(root: Term, names: dict[str, bool]) -> Iterator[tuple[Term, tuple[bool, ...]]]:
    """The subterms, each with whether its arguments depend on names that move."""
    known: dict[int, bool] = {}
    for one in subterms(root):
        inner = tuple(known[id(argument)] for argument in one.arguments)
        known[id(one)] = any(inner) or (isinstance(one.head, str) and names.get(one.head, False))
        yield one, inner


def _jumps(node: Node, one: Term, moving: tuple[bool, ...]) -> bool:
    if one.head is Operator.SELECT:
        return any(moving[:2]) and node.op not in MEETING
    return one.head in STEPS and any(moving)


def _steep(one: Term, moving: tuple[bool, ...]) -> bool:
    if one.head is Operator.DIV:
        return moving[1]
    return isinstance(one.head, Function) and one.head not in _SMOOTH and any(moving)
