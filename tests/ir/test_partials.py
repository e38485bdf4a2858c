"""Partial derivatives as one graph: sympy's values, nothing computed twice, kinks refused."""

from itertools import combinations_with_replacement
from pathlib import Path

import numpy as np
import pytest
import sympy
from builders import random_layers, sequential
from gmpy2 import mpq
from hypothesis import given
from hypothesis import strategies as st

from refsem.exact import ExactTensor
from refsem.ir import Graph, Op, load_model
from refsem.ir.composites import Builder
from refsem.ir.evaluation import evaluate_graph, prepare
from refsem.ir.expressions import parse_equation
from refsem.ir.graph import GraphError, check_wellformed, make_node
from refsem.ir.graph_enclosures import enclose_graph
from refsem.ir.partials import partials
from refsem.ir.sharing import shared
from refsem.ir.term_nodes import TermNodes
from refsem.ir.terms import Term

WANTED = tuple(
    entries for order in range(4) for entries in combinations_with_replacement(range(2), order)
)
POLYNOMIALS = ("x*x*y", "x^3*y^2 - 2*x*y + y", "(x - y)^4 + 3", "x*y*(x + y)*(x - y)", "y", "2")
FUNCTIONS = ("tanh(x*y)", "sin(2*x + y)*exp(x)", "x*sigmoid(3*y - x)", "1/(2 + x*x + y)")


def network(text: str) -> Graph:
    """A network of two inputs and one output that is an expression in x and y."""
    source = make_node("x", Op.INPUT, (), {"shape": (1, 2)})
    builder = Builder("n", frozenset({"x"}))
    flat = builder.apply(Op.RESHAPE, source, shape=(2,))
    known = {
        name: builder.apply(Op.GATHER, flat, axis=0, indices=(index,), shape=(1, 1))
        for index, name in enumerate("xy")
    }
    found = TermNodes(builder, known).node(parse_equation(text, ("x", "y")))
    last = builder.apply(Op.EXPAND, found, shape=(1, 1))
    return Graph((source, *builder.nodes), builder.constants, ("x",), (last.name,))


def derived(text: str, entries: tuple[int, ...]) -> sympy.Expr:
    """Sympy's derivative."""
    found = sympy.sympify(text.replace("^", "**").replace("sigmoid", "sig"), {"sig": _sigmoid})
    for entry in entries:
        found = sympy.diff(found, "xy"[entry])
    return found


def _sigmoid(x: sympy.Expr) -> sympy.Expr:
    return 1 / (1 + sympy.exp(-x))


@pytest.mark.parametrize("text", POLYNOMIALS)
def test_polynomials_are_differentiated_exactly(text: str) -> None:
    points = [(mpq(x, 3), mpq(y, 7)) for x in range(-3, 4) for y in range(-2, 3)]
    found = partials(network(text), WANTED)
    rows = ExactTensor.from_rationals([end for point in points for end in point], (len(points), 2))
    values = evaluate_graph(prepare(found.graph), {"x": rows})
    for entries in WANTED:
        column = values[found.tensors[entries]].broadcast_to((len(points), 1)).rationals()
        wanted = sympy.lambdify(sympy.symbols("x y"), derived(text, entries))
        assert column == [wanted(*point) for point in points]


@pytest.mark.parametrize("text", FUNCTIONS)
def test_functions_are_differentiated_within_the_enclosure(text: str) -> None:
    point = {"x": mpq(3, 8), "y": mpq(-5, 16)}
    found = partials(network(text), WANTED)
    row = ExactTensor.from_rationals(list(point.values()), (1, 2))
    ends = enclose_graph(prepare(found.graph), {"x": (row, row)}, 80)
    for entries in WANTED:
        lower, upper = (end.rational(0, 0) for end in ends[found.tensors[entries]])
        assert upper - lower < mpq(2) ** -60
        at = {name: sympy.Rational(str(one)) for name, one in point.items()}
        value = mpq(str(sympy.Rational(str(sympy.N(derived(text, entries).subs(at), 30)))))
        assert lower - mpq(2) ** -60 <= value <= upper + mpq(2) ** -60


def test_what_derivatives_have_in_common_is_computed_once(tmp_path: Path) -> None:
    layers = random_layers((2, 4, 4, 1), seed=3, kind="binary32")
    graph = with_tanh(load_model(sequential(tmp_path / "m.onnx", layers)))
    found = partials(graph, ((0, 0), (0, 1), (1, 0)[::-1]))
    check_wellformed(found.graph)
    keys = [(n.op, n.operands, n.attributes) for n in found.graph.nodes if n.op is not Op.CONSTANT]
    assert len(keys) == len(set(keys))
    once = partials(graph, ((0, 0),)).graph
    assert len(found.graph.nodes) < 2 * len(once.nodes)


def with_tanh(graph: Graph) -> Graph:
    known = graph.by_name()
    nodes = tuple(
        make_node(n.name, Op.TANH, (known[n.operands[0]],), {}) if n.op is Op.RELU else n
        for n in graph.nodes
    )
    return Graph(nodes, graph.constants, graph.inputs, graph.outputs)


def test_kinks_are_refused(tmp_path: Path) -> None:
    layers = random_layers((2, 3, 1), seed=3, kind="binary32")
    graph = load_model(sequential(tmp_path / "m.onnx", layers))
    assert partials(graph, ((),)).tensors == {(): graph.outputs[0]}
    with pytest.raises(GraphError, match="relu is not differentiated: it has kinks"):
        partials(graph, ((1,),))


def test_sharing_keeps_every_value() -> None:
    """Operands of a difference are no symmetric pair; constants of other shapes are others."""
    source = make_node("x", Op.INPUT, (), {"shape": (2,)})
    other = make_node("y", Op.INPUT, (), {"shape": (2,)})
    builder = Builder("n", frozenset({"x", "y"}))
    nodes = [
        builder.apply(op, *pair)
        for op in (Op.ADD, Op.SUB, Op.MUL)
        for pair in ((source, other), (other, source), (source, other))
    ]
    one, two = (builder.tensor(np.full(shape, 0x3F800000, np.uint32)) for shape in ((), (2,)))
    nodes += [builder.apply(Op.MUL, node, constant) for node in nodes for constant in (one, two)]
    outputs = tuple(node.name for node in nodes)
    graph = Graph((source, other, *builder.nodes), builder.constants, ("x", "y"), outputs)
    found = shared(graph)
    check_wellformed(found.graph)
    assert len(found.graph.outputs) == len({*found.names.values()} & {*outputs}) == 4 + 8
    point = {
        "x": ExactTensor.from_rationals([mpq(3), mpq(1, 2)], (1, 2)),
        "y": ExactTensor.from_rationals([mpq(-7), mpq(5)], (1, 2)),
    }
    before, after = (evaluate_graph(prepare(one), point) for one in (graph, found.graph))
    for name in outputs:
        assert before[name].equal(after[found.names[name]]).all()


@given(st.builds(mpq, st.integers(-(2**127), 2**127), st.integers(1, 2**127)))
def test_constants_are_written_down_exactly(value: mpq) -> None:
    source = make_node("x", Op.INPUT, (), {"shape": (1,)})
    builder = Builder("n", frozenset({"x"}))
    constant = TermNodes(builder, {}).node(Term(value))
    last = builder.apply(Op.ADD, source, constant)
    graph = Graph((source, *builder.nodes), builder.constants, ("x",), (last.name,))
    found = evaluate_graph(prepare(graph), {"x": ExactTensor.full((1, 1), mpq(0))})
    assert found[last.name].rational(0, 0) == value


def test_constants_beyond_binary32_are_refused() -> None:
    with pytest.raises(GraphError, match="is not a binary32 value"):
        TermNodes(Builder("n", frozenset()), {}).node(Term(mpq(2**128)))
