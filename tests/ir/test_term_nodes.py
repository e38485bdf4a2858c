"""Terms as nodes: constants of any length, powers, and nothing written twice."""

import pytest
from gmpy2 import mpq

from refsem.exact import ExactTensor
from refsem.ir.composites import Builder
from refsem.ir.evaluation import evaluate_graph, prepare
from refsem.ir.expressions import parse_expression
from refsem.ir.graph import Graph, GraphError, check_wellformed, make_node
from refsem.ir.operators import Op
from refsem.ir.readings import evaluate
from refsem.ir.term_nodes import TermNodes


def written(text: str) -> Graph:
    """The graph of an expression in x and y, which are the entries of its input."""
    source = make_node("s", Op.INPUT, (), {"shape": (2,)})
    builder = Builder("t", frozenset({"s"}))
    parts = {
        name: builder.apply(Op.SLICE, source, starts=(place,), lengths=(1,), steps=(1,))
        for place, name in enumerate("xy")
    }
    found = TermNodes(builder, parts).node(parse_expression(text, "xy"))
    graph = Graph((source, *builder.nodes), builder.constants, ("s",), (found.name,))
    check_wellformed(graph)
    return graph


EXPRESSIONS = (
    "x^8 + y^3*x^2",
    "x*x*x*x*x*x*x*x*x",
    "(x^3)*(x^2) - x*y*x",
    "0.1234567890123*x - 98765432109876543210*y",
    "-16777217*x + 33554433/1000000007",
    "x/7 - x/7 + (x + y)*(x + y)",
)


@pytest.mark.parametrize("text", EXPRESSIONS)
def test_the_nodes_mean_the_term(text: str) -> None:
    graph, term = written(text), parse_expression(text, "xy")
    points = [(mpq(a, 3), mpq(b, 7)) for a in range(-3, 4) for b in range(-2, 3)]
    rows = ExactTensor.from_rationals([value for point in points for value in point], (35, 2))
    found = evaluate_graph(prepare(graph), {"s": rows})[graph.outputs[0]]
    expected = [evaluate(term, dict(zip("xy", point, strict=True))) for point in points]
    assert found.rationals() == expected


def operators(text: str) -> list[Op]:
    left_out = {Op.INPUT, Op.SLICE, Op.CONSTANT}
    return [node.op for node in written(text).nodes if node.op not in left_out]


def test_products_of_one_tensor_are_powers() -> None:
    assert operators("x*x") == [Op.SQUARE]
    assert operators("x^4")[-1] is Op.POWER4
    assert operators("x*y*x") == [Op.MUL, Op.MUL]
    assert operators("(x + y)*(x + y)") == [Op.ADD, Op.SQUARE]
    assert operators("x^8*x")[-1] is Op.MUL


def test_nothing_is_written_twice() -> None:
    assert operators("(x + y)*(x + y) + (x + y)") == [Op.ADD, Op.SQUARE, Op.ADD]
    assert operators("x - y - (x - y)") == [Op.SUB, Op.SUB]


def test_a_constant_beyond_binary32_is_refused() -> None:
    with pytest.raises(GraphError, match="not a binary32 value"):
        written("x + 1e39")
