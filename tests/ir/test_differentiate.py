"""Derivatives of graphs: exact on polynomials, sympy's on functions, both modes alike."""

from collections.abc import Callable, Mapping
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import sympy
from builders import random_layers, sequential
from gmpy2 import mpq
from hypothesis import given, settings
from hypothesis import strategies as st
from plan_cases import CASES
from term_strategies import POINTS, TERMS, naive, rational

from refsem.exact import ExactTensor
from refsem.exact.functions import Function
from refsem.ir import Graph, Op, load_model
from refsem.ir.derivatives import derivative, has_kinks
from refsem.ir.differentiate import Kinks, forward_derivative, reverse_derivative
from refsem.ir.evaluation import evaluate_graph, prepare
from refsem.ir.graph import GraphError, Node, make_node
from refsem.ir.graph_enclosures import enclose_graph
from refsem.ir.operators import OPERANDS, ROW
from refsem.ir.plans import Fold, Reduction
from refsem.ir.readings import evaluate
from refsem.ir.terms import Operator, Term

Bits = np.ndarray
Values = dict[str, list[mpq]]

FEWER = settings(max_examples=settings.default.max_examples // 5)


def bits_of(values: np.ndarray) -> Bits:
    return np.asarray(values, np.float32).view(np.uint32)


def exact(values: np.ndarray) -> ExactTensor:
    flat = [mpq(Fraction(float(x))) for x in np.asarray(values).ravel()]
    return ExactTensor.from_rationals(flat, (1, len(flat)))


def at(graph: Graph, points: Mapping[str, np.ndarray]) -> Values:
    """The exact value of every output, as a flat list."""
    found = evaluate_graph(prepare(graph), {name: exact(x) for name, x in points.items()})
    return {name: found[name].rationals() for name in graph.outputs}


def graph_of(
    op: Op, shapes: tuple[tuple[int, ...], ...], attributes: Mapping[str, object]
) -> Graph:
    operands = tuple(
        make_node(f"x{place}", Op.INPUT, (), {"shape": shape}) for place, shape in enumerate(shapes)
    )
    node = make_node("y", op, operands, attributes)
    return Graph((*operands, node), {}, tuple(one.name for one in operands), ("y",))


def drawn(graph: Graph, names: tuple[str, ...], seed: int) -> dict[str, np.ndarray]:
    source = np.random.default_rng(seed)
    return {name: source.integers(-6, 7, graph.node(name).shape) for name in names}


def inner(one: list[mpq], other: np.ndarray) -> mpq:
    return sum((x * int(y) for x, y in zip(one, other.ravel(), strict=True)), mpq(0))


def differentiable(op: Op, shapes: tuple[tuple[int, ...], ...], attributes: object) -> bool:
    plan = ROW[op].plan(shapes, attributes)
    return not any(
        isinstance(s.form, Reduction) and s.form.fold in {Fold.MAX, Fold.MIN} for s in plan
    )


@pytest.mark.parametrize("op", CASES, ids=lambda op: op.value)
@FEWER
@given(data=st.data(), seed=st.integers(0, 99))
def test_plans_are_differentiated_exactly(op: Op, data: st.DataObject, seed: int) -> None:
    """A plan is at most quadratic: its derivative is a difference quotient, exactly."""
    case = data.draw(CASES[op])
    graph = graph_of(op, case.shapes, case.attributes)
    point, step = drawn(graph, graph.inputs, seed), drawn(graph, graph.inputs, seed + 100)
    weights = drawn(graph, ("y",), seed + 200)
    directions = {name: bits_of(x) for name, x in step.items()}
    if not differentiable(op, case.shapes, case.attributes):
        with pytest.raises(GraphError, match="kinks"):
            forward_derivative(graph, directions, "d", Kinks.BRANCH)
        return
    forward = forward_derivative(graph, directions, "d", Kinks.REFUSE)
    found = at(forward.graph, point)[forward.derivatives["y"]]
    after = at(graph, {name: point[name] + step[name] for name in graph.inputs})["y"]
    before = at(graph, {name: point[name] - step[name] for name in graph.inputs})["y"]
    assert found == [(x - y) / 2 for x, y in zip(after, before, strict=True)]
    reverse = reverse_derivative(graph, {"y": bits_of(weights["y"])}, "g", Kinks.REFUSE)
    given_back = at(reverse.graph, point)
    received = sum(
        (inner(given_back[reverse.derivatives[name]], step[name]) for name in graph.inputs), mpq(0)
    )
    assert received == inner(found, weights["y"])


FUNCTIONS = {
    Function.EXP: sympy.exp,
    Function.EXPM1: lambda t: sympy.exp(t) - 1,
    Function.LOG: sympy.log,
    Function.SOFTPLUS: lambda t: sympy.log(1 + sympy.exp(t)),
    Function.TANH: sympy.tanh,
    Function.SIGMOID: lambda t: 1 / (1 + sympy.exp(-t)),
    Function.SQRT: sympy.sqrt,
    Function.SIN: sympy.sin,
    Function.COS: sympy.cos,
    Function.TAN: sympy.tan,
}
OPERATORS: Mapping[Operator, Callable[..., object]] = {
    Operator.ADD: lambda a, b: a + b,
    Operator.SUB: lambda a, b: a - b,
    Operator.MUL: lambda a, b: a * b,
    Operator.DIV: lambda a, b: a / b,
    Operator.NEG: lambda a: -a,
    Operator.ABS: sympy.Abs,
    Operator.MIN: sympy.Min,
    Operator.MAX: sympy.Max,
    Operator.SELECT: lambda a, b, p, q: sympy.Piecewise((p, a <= b), (q, True)),
}
NUMBERS = {
    "alpha": mpq(3, 4),
    "beta": mpq(1, 2),
    "gamma": mpq(3, 2),
    "low": mpq(-2),
    "high": mpq(1),
}


def as_sympy(root: Term) -> sympy.Expr:
    """The term for sympy, written apart from every reading."""
    inside = [as_sympy(argument) for argument in root.arguments]
    match root.head:
        case Operator() as operator:
            return OPERATORS[operator](*inside)
        case Function() as function:
            return FUNCTIONS[function](*inside)
        case str() as name:
            return sympy.Symbol(name, real=True)
        case number:
            return sympy.Rational(int(number.numerator), int(number.denominator))


UNKNOWN = {Op.ERF, Op.GELU, Op.GELU_TANH}
STEPPING = (Op.FLOOR, Op.CEIL, Op.ROUND, Op.TRUNC)
ELEMENTWISE = [
    op for op in Op if ROW[op].meaning is not None and op not in {*UNKNOWN, *STEPPING, Op.IDENTITY}
]


@pytest.mark.parametrize("op", STEPPING, ids=lambda op: op.value)
def test_steps_are_refused_or_flat(op: Op) -> None:
    graph = graph_of(op, ((2,),), {})
    with pytest.raises(GraphError, match="it has kinks"):
        forward_derivative(graph, {"x0": bits_of([1, 2])}, "d", Kinks.REFUSE)
    found = forward_derivative(graph, {"x0": bits_of([1, 2])}, "d", Kinks.BRANCH)
    assert at(found.graph, {"x0": np.float32([0.25, 1.75])})[found.derivatives["y"]] == [0, 0]


@pytest.mark.parametrize("op", ELEMENTWISE, ids=lambda op: op.value)
def test_elementwise_operators_are_differentiated_as_sympy_does(op: Op) -> None:
    """At points without kinks, to thirty digits, along every operand at once."""
    count = ROW[op].arity
    attributes = {name: NUMBERS[name] for name in ROW[op].attributes}
    graph = graph_of(op, ((3,),) * count, attributes)
    points = {f"x{place}": np.array([0.3, 1.7, 2.6]) + place / 8 for place in range(count)}
    points = {name: np.float32(x) for name, x in points.items()}
    steps = {f"x{place}": np.float32([1, -2, 0.5]) * (place + 1) for place in range(count)}
    found = forward_derivative(
        graph, {name: bits_of(x) for name, x in steps.items()}, "d", Kinks.BRANCH
    )
    given_values = {name: (exact(x), exact(x)) for name, x in points.items()}
    enclosed = enclose_graph(prepare(found.graph), given_values, 120)
    lower, upper = (end.rationals() for end in enclosed[found.derivatives["y"]])
    expression = as_sympy(ROW[op].meaning)
    symbols = [sympy.Symbol(name, real=True) for name in OPERANDS[:count]]
    constants = {sympy.Symbol(k, real=True): sympy.Rational(str(v)) for k, v in NUMBERS.items()}
    for entry in range(3):
        where = {
            symbol: sympy.Rational(str(Fraction(float(points[f"x{place}"][entry]))))
            for place, symbol in enumerate(symbols)
        }
        slope = sum(
            sympy.diff(expression, symbol)
            * sympy.Rational(str(Fraction(float(steps[f"x{p}"][entry]))))
            for p, symbol in enumerate(symbols)
        )
        wanted = sympy.N(slope.subs(constants).subs(where).doit(), 40)
        ends = [sympy.Rational(str(end[entry])) for end in (lower, upper)]
        assert ends[1] - ends[0] < sympy.Rational(1, 10**30)
        assert abs(wanted - ends[0]) < sympy.Rational(1, 10**28), (op, entry)


@FEWER
@given(term=TERMS, point=POINTS, name=st.sampled_from(("x", "y", "z")))
def test_derivatives_of_random_terms_are_limits_of_difference_quotients(
    term: Term, point: Mapping[str, Fraction], name: str
) -> None:
    """Where the quotients on both sides agree; where they do not, the term has kinks."""
    slope = evaluate(derivative(term, name), {k: rational(v) for k, v in point.items()})
    step = Fraction(1, 10**15)
    right, left = (
        rational((naive(term, {**point, name: point[name] + s}) - naive(term, point)) / s)
        for s in (step, -step)
    )
    if abs(right - left) < mpq(1, 10**4):
        assert abs(slope - right) < mpq(1, 10**4)
    else:
        assert has_kinks(term, name)
        assert min(abs(slope - right), abs(slope - left)) < mpq(1, 10**4)


def tanh_network(sizes: tuple[int, ...], seed: int) -> Graph:
    """x -> tanh(W x + b) ... W x + b, with binary32 weights."""
    source = np.random.default_rng(seed)
    nodes: list[Node] = [make_node("x", Op.INPUT, (), {"shape": (1, sizes[0])})]
    constants = {}
    value = nodes[0]
    for number, (wide, high) in enumerate(pairwise(sizes)):
        for name, shape in (("w", (wide, high)), ("b", (high,))):
            node = make_node(f"{name}{number}", Op.CONSTANT, (), {"shape": shape})
            constants[node.name] = bits_of(source.standard_normal(shape))
            nodes.append(node)
        product = make_node(f"p{number}", Op.MATMUL, (value, nodes[-2]), {})
        moved = make_node(f"a{number}", Op.ADD, (product, nodes[-1]), {})
        nodes += [product, moved]
        value = moved
        if number < len(sizes) - 2:
            value = make_node(f"h{number}", Op.TANH, (moved,), {})
            nodes.append(value)
    return Graph(tuple(nodes), constants, ("x",), (value.name,))


def unit(graph: Graph, entry: int) -> dict[str, Bits]:
    size = graph.node("x").size
    return {"x": bits_of(np.eye(size)[entry].reshape(graph.node("x").shape))}


def enclosed(graph: Graph, name: str, point: np.ndarray) -> tuple[mpq, mpq]:
    found = enclose_graph(prepare(graph), {"x": (exact(point), exact(point))}, 150)
    (lower,), (upper,) = (end.rationals() for end in found[name])
    return lower, upper


def test_second_and_mixed_derivatives_of_a_tanh_network() -> None:
    """d²u/dx² by both modes and by exact differences; mixed ones in either order."""
    graph = tanh_network((2, 4, 1), 3)
    (output,) = graph.outputs
    point = np.float32([[0.25, -0.5]])
    for i, j in ((0, 0), (0, 1)):
        one = forward_derivative(graph, unit(graph, i), "d", Kinks.REFUSE)
        two = forward_derivative(one.graph, unit(graph, j), "e", Kinks.REFUSE)
        second = two.derivatives[one.derivatives[output]]
        mirrored = forward_derivative(graph, unit(graph, j), "d", Kinks.REFUSE)
        other = forward_derivative(mirrored.graph, unit(graph, i), "e", Kinks.REFUSE)
        lower, upper = enclosed(two.graph, second, point)
        again = enclosed(other.graph, other.derivatives[mirrored.derivatives[output]], point)
        assert upper - lower < mpq(1, 10**30)
        assert max(abs(lower - again[1]), abs(upper - again[0])) < mpq(1, 10**30)
        step = 2.0**-12
        moves = [np.float32(np.eye(2)[k] * step) for k in (i, j)]
        corners = [(a * b, point + a * moves[0] + b * moves[1]) for a in (1, -1) for b in (1, -1)]
        quotient = sum(
            (sign * enclosed(graph, output, where)[0] for sign, where in corners), mpq(0)
        ) / (4 * mpq(Fraction(step)) ** 2)
        assert abs(quotient - lower) < mpq(1, 10**4)
        reverse = reverse_derivative(
            one.graph, {one.derivatives[output]: bits_of([[1]])}, "g", Kinks.REFUSE
        )
        found = enclose_graph(prepare(reverse.graph), {"x": (exact(point), exact(point))}, 150)
        gradient = found[reverse.derivatives["x"]][0].rationals()
        assert abs(gradient[j] - lower) < mpq(1, 10**30)


def test_branches_of_a_relu_network_are_its_slopes(tmp_path: Path) -> None:
    graph = load_model(
        sequential(tmp_path / "net.onnx", random_layers((3, 5, 2), seed=1, kind="integer"))
    )
    point = np.float32([[0.5, -1.25, 2.0]])
    with pytest.raises(GraphError, match="relu is not differentiated: it has kinks"):
        forward_derivative(graph, {"x": bits_of(point)}, "d", Kinks.REFUSE)
    (output,) = graph.outputs
    small = np.float32([[2.0**-10, 2.0**-11, -(2.0**-10)]])
    found = forward_derivative(graph, {"x": bits_of(small)}, "d", Kinks.BRANCH)
    here, there = at(graph, {"x": point})[output], at(graph, {"x": point + small})[output]
    slope = at(found.graph, {"x": point})[found.derivatives[output]]
    assert slope == [y - x for x, y in zip(here, there, strict=True)]
    assert any(slope)


def test_what_does_not_move_has_derivative_zero() -> None:
    shapes = (((2,), {}), ((2,), {}))
    x, y = (make_node(f"x{i}", Op.INPUT, (), {"shape": s}) for i, (s, _) in enumerate(shapes))
    out = make_node("y", Op.SIN, (y,), {})
    graph = Graph((x, y, out), {}, ("x0", "x1"), ("y",))
    found = forward_derivative(graph, {"x0": bits_of([1, 1])}, "d", Kinks.REFUSE)
    assert at(found.graph, {"x0": np.ones(2), "x1": np.zeros(2)})[found.derivatives["y"]] == [0, 0]
    back = reverse_derivative(graph, {"y": bits_of([1, 1])}, "d", Kinks.REFUSE)
    assert set(back.derivatives) == {"x0", "x1"}
    assert at(back.graph, {"x0": np.ones(2), "x1": np.zeros(2)})[back.derivatives["x0"]] == [0, 0]


def test_wrong_uses_are_refused_by_name() -> None:
    graph = tanh_network((2, 3, 1), 1)
    wrong = (
        ({"x": bits_of([1, 2])}, "do not fit"),
        ({"q": bits_of([[1, 2]])}, "is none of x"),
    )
    for directions, message in wrong:
        with pytest.raises(GraphError, match=message):
            forward_derivative(graph, directions, "d", Kinks.REFUSE)
    with pytest.raises(GraphError, match="is none of a1"):
        reverse_derivative(graph, {"h0": bits_of([[1, 1, 1]])}, "d", Kinks.REFUSE)
    for op in UNKNOWN:
        one = graph_of(op, ((2,),), {})
        with pytest.raises(GraphError, match=f"{op.value} is not differentiated"):
            forward_derivative(one, {"x0": bits_of([1, 1])}, "d", Kinks.BRANCH)


def test_torch_agrees_where_it_is_installed() -> None:
    torch = pytest.importorskip("torch", reason="torch is not installed")
    graph = tanh_network((3, 6, 6, 2), 5)
    (output,) = graph.outputs
    point = np.float32([[0.1, -0.7, 0.4]])
    x = torch.tensor(point.astype(np.float64), requires_grad=True)
    value = x
    for number in range(3):
        weights, bias = (
            torch.tensor(graph.constants[f"{name}{number}"].view(np.float32).astype(np.float64))
            for name in ("w", "b")
        )
        value = value @ weights + bias
        value = torch.tanh(value) if number < 2 else value
    (value * torch.tensor([[2.0, -3.0]], dtype=torch.float64)).sum().backward()
    found = reverse_derivative(graph, {output: bits_of([[2, -3]])}, "g", Kinks.REFUSE)
    bounds = enclose_graph(prepare(found.graph), {"x": (exact(point), exact(point))}, 100)
    ours = [float(v) for v in bounds[found.derivatives["x"]][0].rationals()]
    assert np.allclose(ours, x.grad.numpy().ravel(), rtol=1e-12, atol=0)
