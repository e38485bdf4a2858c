"""The forward pass: what it establishes on curved networks, what its lift refuses and keeps."""

from dataclasses import replace

import numpy as np
import pytest
import small_networks
from gmpy2 import mpq
from small_networks import NETWORKS
from small_truth import run

from refsem.exact import ExactTensor
from refsem.ir import Graph, Op
from refsem.ir.evaluation import Prepared, prepare
from refsem.ir.graph import Node, make_node
from refsem.ir.graph_enclosures import enclose_graph
from refsem.rules.propagation import Method, Propagation, propagate
from refsem.rules.replay import ReplayError
from refsem.rules.trace import Application, Form, Line, Region, Side

CURVES = (Op.TANH, Op.EXP, Op.SQUARE, Op.ABS, Op.GELU, Op.FLOOR, Op.SIN, Op.SOFTPLUS)
POINTS, PRECISION = 12, 160


def row(*values: mpq | int) -> ExactTensor:
    return ExactTensor.from_rationals([mpq(value) for value in values], (1, len(values)))


def silent(*_: object) -> None:
    return None


def mixed(op: Op) -> Prepared:
    """y = f(h) · x + h for the affine h of two inputs: an operand met twice, and a product."""
    nodes: list[Node] = [
        make_node(name, Op.INPUT, (), {"shape": (1, 2)}) for name in ("x", "other")
    ]
    weight = make_node("w", Op.CONSTANT, (), {"shape": (2, 2)})
    product = make_node("p", Op.MATMUL, (nodes[0], weight), {})
    h = make_node("h", Op.ADD, (product, nodes[1]), {})
    curve = make_node("f", op, (h,), {})
    times = make_node("t", Op.MUL, (curve, nodes[0]), {})
    y = make_node("y", Op.ADD, (times, h), {})
    bits = {"w": np.array([[0.5, -1.0], [0.75, 0.25]], dtype=np.float32).view(np.uint32)}
    order = (*nodes, weight, product, h, curve, times, y)
    return prepare(Graph(order, bits, ("x", "other"), ("y",)))


@pytest.mark.parametrize("op", CURVES, ids=lambda op: op.value)
def test_values_of_curved_networks_of_two_inputs_lie_inside(op: Op) -> None:
    prepared = mixed(op)
    region = Region({"x": (row(-1, 0), row(1, 1)), "other": (row(0, -1), row(mpq(1, 2), 1))})
    boxes = {}
    for method in (Method.IBP, Method.FORWARD):
        state = propagate(prepared, region, method, {"s": {"y": row(1, -1)}}, silent)
        boxes[method] = [state.replay.box(state.boxes[name]) for name in ("h", "f", "y", "s")]
    shares = np.random.default_rng(5).integers(0, 5, (POINTS, 2))
    points = {
        name: lower + ExactTensor(shares.astype(object), 2, 1) * (upper - lower)
        for name, (lower, upper) in region.boxes.items()
    }
    ends = enclose_graph(prepared, {n: (p, p) for n, p in points.items()}, PRECISION)
    for box, wider in zip(boxes[Method.FORWARD], boxes[Method.IBP], strict=True):
        assert wider.lower.less_equal(box.lower).all()
        assert box.upper.less_equal(wider.upper).all()
        if box.target in ends:
            low, high = ends[box.target]
            assert box.lower.less_equal(low).all(), box.target
            assert high.less_equal(box.upper).all(), box.target


def test_what_cancels_in_the_inputs_cancels() -> None:
    """relu(x) − relu(x) + x is x, which no interval says."""
    x = make_node("x", Op.INPUT, (), {"shape": (1,)})
    one = make_node("one", Op.RELU, (x,), {})
    same = make_node("same", Op.SUB, (one, one), {})
    y = make_node("y", Op.ADD, (same, x), {})
    prepared = prepare(Graph((x, one, same, y), {}, ("x",), ("y",)))
    state = propagate(prepared, Region({"x": (row(1), row(2))}), Method.FORWARD, {}, silent)
    box = state.replay.box(state.boxes["y"])
    assert (box.lower.rationals(), box.upper.rationals()) == ([mpq(1)], [mpq(2)])


# what the lift refuses


@pytest.fixture(name="state")
def _state() -> Propagation:
    """Everything kept: the network's last layers need the forms of its first."""
    prepared = NETWORKS["residual_1"]
    source = np.random.default_rng(3)
    targets = small_networks.random_targets(prepared, source)
    return run(prepared, small_networks.random_box(prepared, source), Method.FORWARD, targets)


def last(state: Propagation, rule: str, node: str) -> Application:
    found = [a for a in state.replay.applications if (a.rule, a.node) == (rule, node)]
    return found[-1]


def refusal(state: Propagation, application: Application) -> str:
    with pytest.raises(ReplayError) as caught:
        state.replay.establish(application)
    return caught.value.message


@pytest.mark.parametrize("rule", ["compose_upper", "compose_lower"])
@pytest.mark.parametrize("node", ["block", "third", "margin"])
def test_each_supplier_has_to_be_a_form_of_that_operand_on_that_side(
    state: Propagation, rule: str, node: str
) -> None:
    good = last(state, rule, node)
    state.replay.establish(good)
    for role, index in good.suppliers.items():
        if "/" not in role:
            continue
        side, operand = role.split("/")
        without = {name: one for name, one in good.suppliers.items() if name != role}
        assert "is not a form" in refusal(state, replace(good, suppliers=without))
        own = state.replay.judgements[index]
        for other, judgement in enumerate(list(state.replay.judgements)):
            spoilt = replace(good, suppliers={**good.suppliers, role: other})
            if not isinstance(judgement, Form) or judgement.side not in {Side(side), Side.EQUAL}:
                assert "is not a form of" in refusal(state, spoilt)
            elif judgement.target != operand:
                assert f"is not of {operand!r}" in refusal(state, spoilt)
            else:
                assert isinstance(own, Form)
                state.replay.establish(spoilt)


@pytest.mark.parametrize("rule", ["compose_upper", "compose_lower"])
def test_the_line_has_to_be_the_nodes_own_on_that_side(state: Propagation, rule: str) -> None:
    good, taken = last(state, rule, "third"), 0
    for index, judgement in enumerate(list(state.replay.judgements)):
        spoilt = replace(good, suppliers={**good.suppliers, "line": index})
        own = isinstance(judgement, Line) and judgement.node == "third"
        if own and isinstance(judgement, Line) and judgement.side.value in rule:
            state.replay.establish(spoilt)
            taken += 1
        else:
            assert "is not a line" in refusal(state, spoilt)
    assert taken == 1
    without = {name: one for name, one in good.suppliers.items() if name != "line"}
    assert "'line' is not a line" in refusal(state, replace(good, suppliers=without))


def test_lines_of_single_rows_are_refused(state: Propagation) -> None:
    good = last(state, "compose_lower", "third")
    slopes = ExactTensor.full((2, 3), mpq(1, 2))
    lines = Application("relu_lower", "third", 0, {}, {"s": slopes})
    suppliers = {**good.suppliers, "line": state.replay.establish(lines)}
    assert "single rows" in refusal(state, replace(good, suppliers=suppliers))


def test_an_input_has_no_operands_to_compose(state: Propagation) -> None:
    good = last(state, "compose_lower", "third")
    assert "'line' is not a line" in refusal(state, replace(good, node="x", suppliers={}))


def test_forms_that_no_later_node_needs_are_forgotten() -> None:
    prepared = NETWORKS["chain_1"]
    source = np.random.default_rng(1)
    region = small_networks.random_box(prepared, source).region()
    state = propagate(prepared, region, Method.FORWARD, {"s": {"y": row(1, 1)}}, silent)
    held = {one.target for one in state.replay.judgements if isinstance(one, Form)}
    assert held == {"y", "s"}
