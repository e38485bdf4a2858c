"""Two operands: what a dominated maximum loses, what is refused, constants and their boxes."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest
from gmpy2 import mpq
from small_networks import NETWORKS, Builder
from small_networks import Box as InputBox
from small_truth import run

from refsem.errors import InputError
from refsem.exact import ExactTensor
from refsem.ir import Graph, Op
from refsem.ir.evaluation import Prepared, prepare
from refsem.ir.graph import make_node
from refsem.ir.operators import Shape
from refsem.rules.pairs import PAIRS
from refsem.rules.propagation import Method, Propagation, check_covered, propagate
from refsem.rules.replay import Replay, ReplayError
from refsem.rules.trace import Application, Box, Plane, Region, Side

each_method = pytest.mark.parametrize(
    "method", [Method.IBP, Method.CROWN], ids=lambda method: method.value
)


def row(*values: mpq | int) -> ExactTensor:
    return ExactTensor.from_rationals([mpq(value) for value in values], (1, len(values)))


def bounds_of(prepared: Prepared, method: Method, **ends: tuple[int, int]) -> Box:
    """The box of the output where each input lies in its interval, in every entry."""
    boxes = {}
    for name, (low, high) in ends.items():
        size = prepared.nodes[name].size
        boxes[name] = row(*[low] * size), row(*[high] * size)
    check_covered(prepared)
    state = propagate(prepared, Region(boxes), method, {}, lambda *_: None)
    return state.replay.box(state.boxes[prepared.graph.outputs[0]])


def two_inputs(op: Op, shapes: tuple[Shape, Shape] = ((2,), (2,))) -> Prepared:
    x, y = (
        make_node(name, Op.INPUT, (), {"shape": shape})
        for name, shape in zip("xy", shapes, strict=True)
    )
    nodes = (x, y, make_node("z", op, (x, y), {}))
    return prepare(Graph(nodes, {}, ("x", "y"), ("z",)))


def pooled(weights: list[list[float]]) -> Prepared:
    """The greatest entry of x · W."""
    b = Builder(np.random.default_rng(0))
    x = b.add("x", Op.INPUT, shape=(1, len(weights)))
    w = b.constant(len(weights), len(weights[0]))
    b.values[w.name] = np.array(weights)
    product = b.add("h", Op.MATMUL, x, w)
    return b.graph(b.add("y", Op.REDUCE_MAX, product, axes=(1,), keepdims=0))


@each_method
def test_a_product_of_two_tensors_has_its_corners_as_bounds(method: Method) -> None:
    box = bounds_of(two_inputs(Op.MUL, ((2,), (1,))), method, x=(-2, 3), y=(-5, 7))
    assert (box.lower.rationals(), box.upper.rationals()) == ([mpq(-15)] * 2, [mpq(21)] * 2)


@each_method
def test_a_quotient_by_a_tensor_of_one_sign_is_bounded(method: Method) -> None:
    for ends, expected in (((2, 4), (-1, 1)), ((-4, -2), (-1, 1))):
        box = bounds_of(two_inputs(Op.DIV, ((), (2,))), method, x=(-2, 2), y=ends)
        for low, high in zip(box.lower.rationals(), box.upper.rationals(), strict=True):
            assert (mpq(expected[0]), mpq(expected[1])) == (low, high)


def test_a_quotient_by_a_tensor_that_may_be_zero_is_refused() -> None:
    with pytest.raises(InputError, match="is not seen to hold"):
        bounds_of(two_inputs(Op.DIV), Method.CROWN, x=(0, 1), y=(0, 1))


@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize("others", range(1, 6))
def test_a_dominated_maximum_is_as_exact_as_the_entry_that_dominates(
    first: bool, others: int
) -> None:
    """h = (x1 - x2 + 8 and some small ones): the greatest is the first, so y - h is 0."""
    columns = [[1.0, -1.0], *([0.25, 0.25],) * others]
    weights = np.array(columns if first else columns[::-1]).T
    network = pooled(weights.tolist())
    region = Region({"x": (row(9, 0), row(10, 1))})
    rows = np.zeros((1, others + 1), dtype=object)
    rows[0, 0 if first else others] = -1
    target = {"loss": {"y": row(1), "h": ExactTensor(rows, 0, 1)}}
    state = propagate(network, region, Method.CROWN, target, lambda *_: None)
    found = state.replay.judgements[state.crown("loss", region.boxes)]
    assert isinstance(found, Box)
    assert found.lower.rationals() == found.upper.rationals() == [mpq(0)]


def test_crown_of_a_maximum_is_tighter_than_its_interval() -> None:
    network = pooled([[1.0, -1.0], [1.0, 1.0]])  # max(x1 + x2, x2 - x1) = x2 + |x1|
    region = Region({"x": (row(-1, -1), row(1, 1))})
    shifted = {"s": {"y": row(1), "h": row(mpq(-1, 2), mpq(-1, 2))}}
    found = {
        method: propagate(network, region, method, shifted, lambda *_: None)
        for method in (Method.IBP, Method.CROWN)
    }
    boxes = {method: state.replay.box(state.boxes["s"]) for method, state in found.items()}
    assert boxes[Method.IBP].upper.rationals() == [mpq(4)]
    assert boxes[Method.CROWN].upper.rationals() == [mpq(2)]  # of |x1|
    assert boxes[Method.CROWN].lower.rationals() == [mpq(-1)]


@each_method
def test_an_output_that_is_constant_is_bounded_by_itself(method: Method) -> None:
    x = make_node("x", Op.INPUT, (), {"shape": (2,)})
    c = make_node("c", Op.CONSTANT, (), {"shape": (2,)})
    bits = {"c": np.array([1.5, -2.0], dtype=np.float32).view(np.uint32)}
    graph = Graph((x, c, make_node("y", Op.NEG, (c,), {})), bits, ("x",), ("y",))
    prepared = prepare(graph)
    box = bounds_of(prepared, method, x=(0, 1))
    assert box.lower.rationals() == box.upper.rationals() == [mpq(-3, 2), mpq(2)]
    region = Region({"x": (row(0, 0), row(1, 1))})
    target = {"t": {"y": row(2, 0), "x": row(1, 0)}}
    state = propagate(prepared, region, method, target, lambda *_: None)
    found = state.replay.box(state.boxes["t"])
    assert (found.lower.rationals(), found.upper.rationals()) == ([mpq(-3)], [mpq(-2)])


@each_method
@pytest.mark.parametrize("op", [Op.MUL, Op.DIV], ids=lambda op: op.value)
def test_an_irrational_constant_is_a_tiny_box(method: Method, op: Op) -> None:
    """x times or by the root of 2: bounds that no float could tell from the true ones."""
    x = make_node("x", Op.INPUT, (), {"shape": (2,)})
    c = make_node("c", Op.CONSTANT, (), {"shape": ()})
    bits = {"c": np.array(2.0, dtype=np.float32).view(np.uint32)}
    root = make_node("r", Op.SQRT, (c,), {})
    prepared = prepare(Graph((x, c, root, make_node("y", op, (x, root), {})), bits, ("x",), ("y",)))
    box = bounds_of(prepared, method, x=(-1, 3))
    ends = (mpq(-1), mpq(3)) if op is Op.MUL else (mpq(-1, 2), mpq(3, 2))
    for found, end in ((box.lower, ends[0]), (box.upper, ends[1])):
        for value in found.rationals():
            square = (value / end) ** 2
            assert 2 <= square < 2 + mpq(1, 2**50)


# what is refused


def base() -> Propagation:
    box = InputBox(np.array([-1.0, -0.5]), np.array([0.5, 1.0]))
    return run(NETWORKS["paired_1"], box, Method.CROWN, {})


def refused(state: Propagation, application: Application) -> str:
    with pytest.raises(ReplayError) as caught:
        state.replay.establish(application)
    return caught.value.message


def first(state: Propagation, rule: str, node: str = "") -> Application:
    found = next(
        one for one in state.replay.applications if one.rule == rule and node in ("", one.node)
    )
    state.replay.establish(found)
    return found


RULES = ["max_interval", "min_interval", "product_interval"]
RULES += ["max_upper", "min_lower", "product_upper", "product_lower"]
"""Rules that are given boxes."""


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("role", ["x", "y"])
def test_each_box_is_that_of_its_operand(rule: str, role: str) -> None:
    state = base()
    good = first(state, rule)
    suppliers: Mapping[str, int] = good.suppliers
    other = suppliers["y" if role == "x" else "x"]
    for wrong in ({role: other}, {role: state.lines["bent"][0]}):
        message = refused(state, replace(good, suppliers={**suppliers, **wrong}))
        assert f"supplier {role!r} is not a box of" in message
    without = {name: index for name, index in suppliers.items() if name != role}
    assert f"supplier {role!r} is not a box of" in refused(state, replace(good, suppliers=without))


@pytest.mark.parametrize("rule", [*RULES, "max_lower", "min_upper"])
def test_a_rule_is_refused_at_every_node_of_another_operator(rule: str) -> None:
    state = base()
    good = first(state, rule)
    operator = state.replay.prepared.nodes[good.node].op
    nodes = [n.name for n in state.replay.prepared.nodes.values() if n.op is not operator]
    for node in (*nodes, "constant_0", "no such node"):
        assert "of two operands" in refused(state, replace(good, node=node))


def test_a_share_outside_0_to_1_is_refused() -> None:
    for rule in ("max_lower", "min_upper"):
        state = base()
        good = first(state, rule)
        for share, side in ((mpq(-1, 2**40), "at_least_zero"), (mpq(2**40 + 1, 2**40), "at_most")):
            spoilt = replace(good, chosen={"s": row(0, share, 1)})
            assert side in refused(state, spoilt)


def test_operands_of_another_shape_are_refused() -> None:
    prepared = two_inputs(Op.MAX)
    shapes = {**prepared.shapes, "y": (1,)}
    spoilt = replace(prepared, shapes=shapes)
    state = Replay(spoilt, (Region({"x": (row(0, 0), row(1, 1))}),), {})
    with pytest.raises(ReplayError, match="not the shape of its operands"):
        state.establish(Application("max_lower", "z", 0, {}, {"s": row(0, 1)}))


@pytest.mark.parametrize("rule", ["substitute_plane_upper", "substitute_plane_lower"])
def test_planes_of_the_other_side_or_node_and_lines_are_refused(rule: str) -> None:
    state = base()
    good = first(state, rule)
    upper, lower = good.suppliers["upper"], good.suppliers["lower"]
    for planes in ((upper, upper), (lower, lower), (lower, upper), state.lines["bent"]):
        suppliers = {**good.suppliers, "upper": planes[0], "lower": planes[1]}
        assert "is not a plane" in refused(state, replace(good, suppliers=suppliers))
    others = 0
    for index, judgement in enumerate(list(state.replay.judgements)):
        if isinstance(judgement, Plane) and judgement.node != good.node:
            others += 1
            role = judgement.side.value
            spoilt = replace(good, suppliers={**good.suppliers, role: index})
            assert (
                refused(state, spoilt) == f"supplier {role!r} is not a plane {role} {good.node!r}"
            )
    assert others > 0


def test_a_node_that_the_form_does_not_mention_is_not_substituted_by_planes() -> None:
    state = base()
    good = first(state, "substitute_plane_upper")
    done = len(state.replay.applications) - 1
    assert "is not in the form" in refused(
        state, replace(good, suppliers={**good.suppliers, "form": done})
    )


def test_lines_do_not_replace_a_node_of_two_operands() -> None:
    state = base()
    good = first(state, "substitute_plane_upper")
    assert "is not a line" in refused(state, replace(good, rule="substitute_upper"))


def test_what_is_no_constant_has_no_constant_box() -> None:
    state = base()
    good = first(state, "constant_interval")
    for node in ("x", "left", "y", "no such node"):
        assert refused(state, replace(good, node=node)) == f"{node!r} is not a constant"


def test_every_operator_of_two_operands_has_planes_on_both_sides() -> None:
    state = base()
    found = [one for one in state.replay.judgements if isinstance(one, Plane)]
    ops = {(state.replay.prepared.nodes[one.node].op, one.side) for one in found}
    assert ops == {(op, side) for op in PAIRS for side in (Side.UPPER, Side.LOWER)}
