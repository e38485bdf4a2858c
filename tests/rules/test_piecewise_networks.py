"""Networks of leaky ReLU, abs, clips and powers: boxes hold exact values, traces are replayed."""

from dataclasses import replace

import numpy as np
import pytest
from gmpy2 import mpq
from small_networks import Builder

from refsem.exact import ExactTensor
from refsem.ir.evaluation import Prepared, evaluate_graph
from refsem.ir.operators import ROW, Attribute, Op, meaning
from refsem.ir.terms import variables
from refsem.rules.lifts.curves import SLOPED
from refsem.rules.piecewise import PIECEWISE
from refsem.rules.propagation import Method, NoRuleError, Propagation, check_covered
from refsem.rules.replay import Replay, ReplayError, replay
from refsem.rules.trace import Application, Box, Line, Region, Side
from refsem.search.alpha import bounded_by

ATTRIBUTES: dict[Op, dict[str, Attribute]] = {
    Op.CLIP: {"low": mpq(-1, 2), "high": mpq(3, 4)},
    Op.LEAKY_RELU: {"alpha": mpq(1, 100)},
    Op.HARD_SIGMOID: {"alpha": mpq(11184811, 2**26), "beta": mpq(1, 2)},
}
x, y, z = variables("x y z")
each = pytest.mark.parametrize(
    "op", sorted(PIECEWISE, key=lambda op: op.value), ids=lambda op: op.value
)
methods = pytest.mark.parametrize("method", Method, ids=lambda method: method.value)


def network(op: Op, seed: int, slope: float = 0.25, **attributes: Attribute) -> Prepared:
    """Dense, the operator, dense."""
    builder = Builder(np.random.default_rng(seed))
    operands = [builder.dense("hidden", builder.add("x", Op.INPUT, shape=(1, 2)), 3)]
    if op is Op.PRELU:
        operands.append(builder.constant(3))
        builder.values[operands[1].name] = np.full(3, slope)
    curved = builder.add("curved", op, *operands, **(attributes or ATTRIBUTES.get(op, {})))
    return builder.graph(builder.dense("y", curved, 2))


def region(low: mpq, high: mpq) -> Region:
    ends = (ExactTensor.full((1, 2), end) for end in (low, high))
    return Region({"x": tuple(ends)})


BOXES = [(mpq(-1), mpq(1)), (mpq(1, 8), mpq(2)), (mpq(-3, 2), mpq(-1, 4)), (mpq(1, 3), mpq(1, 3))]


def propagated(prepared: Prepared, box: tuple[mpq, mpq], method: Method) -> Propagation:
    return bounded_by(prepared, region(*box), method, {}, lambda *_: None)


def corners_and_more(low: mpq, high: mpq) -> ExactTensor:
    ends = [low, high, (low + high) / 2, low + (high - low) / 7]
    return ExactTensor.from_rationals([v for a in ends for b in ends for v in (a, b)], (16, 2))


@each
@methods
def test_boxes_and_lines_hold_at_points_of_the_box(op: Op, method: Method) -> None:
    for seed, box in enumerate(BOXES):
        prepared = network(op, seed)
        check_covered(prepared)
        state = propagated(prepared, box, method)
        values = evaluate_graph(prepared, {"x": corners_and_more(*box)})
        for name, index in state.boxes.items():
            found = state.replay.box(index)
            assert found.lower.less_equal(values[name]).all()
            assert values[name].less_equal(found.upper).all()
        lines = [one for one in state.replay.judgements if isinstance(one, Line)]
        assert len(lines) == (0 if method is Method.IBP else 2)
        for line in lines:
            at = line.slope * values[line.operand] + line.intercept
            least, greatest = (
                (at, values[line.node]) if line.side is Side.LOWER else (values[line.node], at)
            )
            assert least.less_equal(greatest).all()


@each
def test_a_trace_is_replayed_to_the_same_boxes(op: Op) -> None:
    prepared = network(op, 5)
    state = propagated(prepared, BOXES[0], Method.CROWN)
    again = replay(prepared, state.replay.trace())
    for one, other in zip(state.replay.judgements, again, strict=True):
        if isinstance(one, Box):
            assert isinstance(other, Box)
            assert one.lower.rationals() == other.lower.rationals()
            assert one.upper.rationals() == other.upper.rationals()


def test_the_two_operators_with_a_slope_mean_the_same() -> None:
    assert meaning(Op.PRELU, x, z) == meaning(Op.LEAKY_RELU, x, alpha=z)
    assert {ROW[op].meaning is None for op in SLOPED} == {False}


@pytest.mark.parametrize("slope", [-0.5, 0.0, 0.25, 1.0, 3.0])
def test_slopes_of_prelu_and_leaky_relu_give_the_same_bounds(slope: float) -> None:
    ends = []
    for prepared in (
        network(Op.PRELU, 1, slope),
        network(Op.LEAKY_RELU, 1, alpha=mpq(slope)),
    ):
        state = propagated(prepared, BOXES[0], Method.IBP)
        box = state.replay.box(state.boxes["curved"])
        ends.append(box.upper - box.lower)
        propagated(prepared, BOXES[0], Method.CROWN)
    assert all(width.shape == (1, 3) for width in ends)


def refused(prepared: Prepared, application: Application) -> str:
    state = Replay(prepared, (region(*BOXES[0]),), {})
    state.establish(Application("input_interval", "x", 0))
    state.establish(Application("dot_product_interval", "hidden_product", 0, {"x": 0}))
    inner = {"hidden_product": 1}
    state.establish(Application("dot_product_interval", "hidden", 0, inner))
    with pytest.raises(ReplayError) as caught:
        state.establish(application)
    return caught.value.message


STEEP = {"s": ExactTensor.full((1, 3), mpq(2))}


def test_what_the_rules_do_not_allow_is_refused() -> None:
    absolute, leaky = network(Op.ABS, 1), network(Op.LEAKY_RELU, 1)
    line = Application("abs_lower", "curved", 0, {"operand": 2}, STEEP)
    assert refused(absolute, line) == "side 'slope_at_most' does not hold"
    assert "not a" in refused(leaky, line)
    assert "not a" in refused(absolute, replace(line, rule="leaky_relu_lower"))
    assert "not a box" in refused(absolute, replace(line, suppliers={"operand": 0}))
    shallow = replace(line, rule="prelu_upper")
    assert refused(leaky, shallow) == "side 'steep' does not hold"
    assert "not a" in refused(absolute, replace(line, node="nothing"))


def test_a_falling_hard_sigmoid_is_refused() -> None:
    falling = network(Op.HARD_SIGMOID, 1, alpha=mpq(-1), beta=mpq(0))
    interval = Application("hard_sigmoid_interval", "curved", 0, {"operand": 2})
    assert refused(falling, interval) == "side 'rising' does not hold"


def test_a_slope_that_is_a_variable_tensor_is_refused() -> None:
    builder = Builder(np.random.default_rng(1))
    source = builder.add("x", Op.INPUT, shape=(1, 2))
    hidden = builder.dense("hidden", source, 3)
    prepared = builder.graph(builder.add("curved", Op.PRELU, hidden, hidden))
    with pytest.raises(NoRuleError):
        check_covered(prepared)
    interval = Application("prelu_interval", "curved", 0, {"operand": 2})
    assert "more than one variable operand" in refused(prepared, interval)
