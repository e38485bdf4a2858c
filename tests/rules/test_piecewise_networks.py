"""Networks of leaky ReLU, abs, clips and powers: boxes hold exact values, traces are replayed."""

from dataclasses import replace

import numpy as np
import pytest
from gmpy2 import mpq
from small_networks import Builder

from refsem.errors import InputError
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


def network(
    op: Op, seed: int, slope: float | list[float] = 0.25, **attributes: Attribute
) -> Prepared:
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


def lines(prepared: Prepared, box: tuple[mpq, mpq]) -> list[tuple[list[mpq], list[mpq]]]:
    """Slopes and intercepts above and below the curved node."""
    state = propagated(prepared, box, Method.CROWN)
    found = [one for one in state.replay.judgements if isinstance(one, Line)]
    return [(one.slope.rationals(), one.intercept.rationals()) for one in found]


@pytest.mark.parametrize("box", BOXES, ids=str)
def test_slopes_on_both_sides_of_1_are_bounded_each_as_if_alone(box: tuple[mpq, mpq]) -> None:
    slopes = [0.25, 3.0, 1.0]
    together = lines(network(Op.PRELU, 1, slopes), box)
    for entry, slope in enumerate(slopes):
        alone = lines(network(Op.PRELU, 1, slope), box)
        for one, other in zip(together, alone, strict=True):
            assert [part[entry] for part in one] == [part[entry] for part in other]


def test_a_reciprocal_with_entries_on_both_sides_of_0_is_bounded() -> None:
    prepared = inverse(3)
    low, high = [mpq(1), mpq(-2), mpq(3)], [mpq(2), mpq(-1), mpq(4)]
    for method in Method:
        box = bounded(prepared, low, high, method)
        for end, greatest in zip(box.lower.rationals(), high, strict=True):
            assert 0 <= 1 / greatest - end < mpq(1, 2**50)
        for end, least in zip(box.upper.rationals(), low, strict=True):
            assert 0 <= end - 1 / least < mpq(1, 2**50)


@pytest.mark.parametrize(("low", "high"), [(-1, 1), (0, 1), (-1, 0), (0, 0)])
@pytest.mark.parametrize("entry", range(3))
def test_a_reciprocal_of_an_interval_with_0_is_refused_and_the_entry_named(
    low: int, high: int, entry: int
) -> None:
    lower, upper = [mpq(1), mpq(-2), mpq(3)], [mpq(2), mpq(-1), mpq(4)]
    lower[entry], upper[entry] = mpq(low), mpq(high)
    for method in Method:
        with pytest.raises(InputError, match=f"entry {entry}: "):
            bounded(inverse(3), lower, upper, method)


def inverse(size: int) -> Prepared:
    builder = Builder(np.random.default_rng(1))
    return builder.graph(
        builder.add("y", Op.RECIPROCAL, builder.add("x", Op.INPUT, shape=(1, size)))
    )


def bounded(prepared: Prepared, low: list[mpq], high: list[mpq], method: Method) -> Box:
    ends = (ExactTensor.from_rationals(end, (1, len(end))) for end in (low, high))
    state = bounded_by(prepared, Region({"x": tuple(ends)}), method, {}, lambda *_: None)
    return state.replay.box(state.boxes["y"])


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
    shallow = replace(line, rule="leaky_relu_lower")
    assert refused(leaky, shallow) == "side 'slope_at_most_one' does not hold"
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
