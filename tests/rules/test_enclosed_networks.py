"""Bounds by enclosure: ranges are above every value and hardly higher; networks are bounded.

Values at points come from mpmath, which has nothing of Arb.
"""

from collections.abc import Callable

import mpmath
import numpy as np
import pytest
from gmpy2 import mpq
from small_networks import Builder

from refsem.exact import ExactTensor
from refsem.exact.functions import Enclosure, Function, NotEnclosed
from refsem.ir.evaluation import Prepared
from refsem.ir.operators import Attribute, Op, meaning
from refsem.ir.terms import Term, applied, maximum, minimum, select, term, variables
from refsem.rules.propagation import Method, Propagation, check_covered, propagate
from refsem.rules.ranged import ENCLOSED
from refsem.rules.ranges import greatest, least
from refsem.rules.replay import Replay, ReplayError, replay
from refsem.rules.trace import Application, Line, Region, Side

(x,) = variables("x")
ATTRIBUTES: dict[Op, dict[str, Attribute]] = {
    Op.ELU: {"alpha": mpq(1, 2)},
    Op.SELU: {"alpha": mpq(3, 2), "gamma": mpq(5, 4)},
    Op.CELU: {"alpha": mpq(1, 2)},
    Op.SILU: {"alpha": mpq(3, 2)},
    Op.THRESHOLDED_RELU: {"alpha": mpq(1, 4)},
}


def logistic(z: mpmath.mpf) -> mpmath.mpf:
    return 1 / (1 + mpmath.exp(-z))


CURVES: dict[Op, Callable[[mpmath.mpf], mpmath.mpf]] = {
    Op.ERF: mpmath.erf,
    Op.GELU: lambda z: z * mpmath.ncdf(z),
    Op.GELU_TANH: lambda z: (
        z
        / 2
        * (1 + mpmath.tanh(mpmath.sqrt(2 / mpmath.pi) * (z + mpmath.mpf(44715) / 10**6 * z**3)))
    ),
    Op.SILU: lambda z: z * logistic(z * 3 / 2),
    Op.MISH: lambda z: z * mpmath.tanh(mpmath.log1p(mpmath.exp(z))),
    Op.ELU: lambda z: z if z >= 0 else mpmath.expm1(z) / 2,
    Op.SELU: lambda z: (z if z >= 0 else mpmath.expm1(z) * 3 / 2) * 5 / 4,
    Op.CELU: lambda z: z if z >= 0 else mpmath.expm1(2 * z) / 2,
    Op.SOFTSIGN: lambda z: z / (1 + abs(z)),
    Op.THRESHOLDED_RELU: lambda z: z if z > mpmath.mpf(1) / 4 else mpmath.mpf(0),
    Op.SIN: mpmath.sin,
    Op.COS: mpmath.cos,
}
BOXES = [(-4, 3), (mpq(-1, 3), mpq(1, 2)), (1, 9), (-9, -1), (mpq(1, 7), mpq(1, 7)), (0, 1)]
each = pytest.mark.parametrize("op", CURVES, ids=lambda op: op.value)


def test_every_operator_bounded_by_enclosure_is_here() -> None:
    assert set(CURVES) | {Op.TAN} >= ENCLOSED  # which has poles in most boxes


def function(op: Op) -> Term:
    given = {name: term(value) for name, value in ATTRIBUTES.get(op, {}).items()}  # type: ignore[arg-type]
    return meaning(op, x, **given)


def sampled(curve: Callable[[mpmath.mpf], mpmath.mpf], low: mpq, high: mpq) -> list[mpq]:
    with mpmath.workdps(40):
        values = []
        for n in range(201):
            at = low + (high - low) * mpq(n, 200)
            found = curve(mpmath.mpf(int(at.numerator)) / int(at.denominator))
            values.append(mpq(int(mpmath.floor(found * 2**100))) / 2**100)
        return values


SLACK = mpq(1, 2**90)


@each
def test_a_range_holds_every_value_and_little_more(op: Op) -> None:
    for ends in BOXES:
        box = Enclosure(*map(mpq, ends))
        values = sampled(CURVES[op], box.lower, box.upper)
        above, below = greatest(function(op), box), least(function(op), box)
        assert not isinstance(above, NotEnclosed)
        assert not isinstance(below, NotEnclosed)
        assert max(values) - SLACK <= above
        assert below <= min(values) + SLACK
        width = box.upper - box.lower
        assert above - max(values) <= width * width / 1000 + width / 1000 + SLACK
        assert min(values) - below <= width * width / 1000 + width / 1000 + SLACK


@pytest.mark.parametrize(
    ("root", "ends", "most"),
    [
        (applied(Function.EXP, x) - 2 * x, (0, 2), mpq(33890, 10_000)),
        (applied(Function.EXPM1, x) * x, (-1, 1), mpq(17182, 10_000)),
        (applied(Function.LOG, x) - x, (mpq(1, 2), 3), -1),
        (applied(Function.LOG1P, x) - x, (mpq(-1, 2), 3), 0),
        (applied(Function.ATAN, x) - x / 2, (-1, 3), mpq(2854, 10_000)),
        (applied(Function.TAN, x) - 2 * x, (-1, mpq(1, 2)), mpq(5708, 10_000)),
        (applied(Function.SQRT, x) - x, (mpq(1, 16), 1), mpq(1, 4)),
        (applied(Function.SOFTPLUS, x) - x / 2, (-3, 3), mpq(15485, 10_000)),
        (maximum(x, 1 - x), (0, 1), 1),
        (minimum(x, 1 - x), (0, 1), mpq(1, 2)),
        (abs(x) * x - x, (-1, 1), mpq(1, 4)),
        (1 / (1 + x * x), (-2, 1), 1),
        (select(x, 0, 2, x), (-1, 1), 2),
        (select(x, mpq(1, 7), x, -x), (-1, 1), mpq(1, 7)),
        (applied(Function.FLOOR, x) - x, (-2, 2), 0),
    ],
)
def test_the_greatest_value_of_a_term_is_found(
    root: Term, ends: tuple[mpq | int, mpq | int], most: mpq | int
) -> None:
    found = greatest(root, Enclosure(*map(mpq, ends)))
    assert not isinstance(found, NotEnclosed)
    assert mpq(most) <= found + mpq(1, 10_000)
    assert found <= mpq(most) + mpq(1, 1000)


@pytest.mark.parametrize(
    ("root", "ends"),
    [(1 / x, (-1, 1)), (applied(Function.LOG, x), (-1, 2)), (applied(Function.TAN, x), (1, 2))],
)
def test_where_there_is_a_pole_nothing_is_enclosed(root: Term, ends: tuple[int, int]) -> None:
    assert isinstance(greatest(root, Enclosure(*map(mpq, ends))), NotEnclosed)


# networks


def network(op: Op, seed: int) -> Prepared:
    """Dense, the operator, dense."""
    builder = Builder(np.random.default_rng(seed))
    hidden = builder.dense("hidden", builder.add("x", Op.INPUT, shape=(1, 2)), 3)
    curved = builder.add("curved", op, hidden, **ATTRIBUTES.get(op, {}))
    return builder.graph(builder.dense("y", curved, 2))


def region(low: mpq, high: mpq) -> Region:
    return Region({"x": (ExactTensor.full((1, 2), low), ExactTensor.full((1, 2), high))})


def propagated(prepared: Prepared, ends: tuple[mpq, mpq], method: Method) -> Propagation:
    check_covered(prepared)
    return propagate(prepared, region(*ends), method, {}, lambda *_: None)


def curve_at(op: Op, value: mpq) -> mpq:
    (found, *_) = sampled(CURVES[op], value, value)
    return found


@each
@pytest.mark.parametrize("method", [Method.IBP, Method.CROWN], ids=lambda method: method.value)
def test_boxes_and_lines_hold_and_the_trace_is_replayed(op: Op, method: Method) -> None:
    for seed, ends in enumerate([(mpq(-1), mpq(1))]):
        prepared = network(op, seed)
        state = propagated(prepared, ends, method)
        judgements = replay(prepared, state.replay.trace())
        assert len(judgements) == len(state.replay.judgements)
        operand, box = (state.replay.box(state.boxes[name]) for name in ("hidden", "curved"))
        for entry in range(3):
            low, high = (end.rational(0, entry) for end in (operand.lower, operand.upper))
            for share in (mpq(0), mpq(1, 3), mpq(1, 2), mpq(1)):
                at = low + (high - low) * share
                value = curve_at(op, at)
                assert box.lower.rational(0, entry) <= value + SLACK
                assert value - SLACK <= box.upper.rational(0, entry)
                for line in (one for one in judgements if isinstance(one, Line)):
                    there = line.slope.rational(0, entry) * at + line.intercept.rational(0, entry)
                    gap = there - value if line.side is Side.UPPER else value - there
                    assert gap >= -SLACK


@each
def test_lines_touch_the_function_where_they_should(op: Op) -> None:
    """No line parallel to the one found would be closer by a thousandth of the box."""
    prepared = network(op, 3)
    state = propagated(prepared, (mpq(-2), mpq(2)), Method.CROWN)
    operand = state.replay.box(state.boxes["hidden"])
    for index in state.relaxation("curved"):
        line = state.replay.judgements[index]
        assert isinstance(line, Line)
        for entry in range(3):
            low, high = (end.rational(0, entry) for end in (operand.lower, operand.upper))
            slope, intercept = line.slope.rational(0, entry), line.intercept.rational(0, entry)
            values = sampled(CURVES[op], low, high)
            places = [low + (high - low) * mpq(n, 200) for n in range(201)]
            lines = [slope * place + intercept for place in places]
            gaps = [abs(a - b) for a, b in zip(values, lines, strict=True)]
            assert min(gaps) <= (high - low) / 50


def established(op: Op, rule: str, low: int, high: int, *slopes: mpq) -> object:
    builder = Builder(np.random.default_rng(0))
    source = builder.add("x", Op.INPUT, shape=(1, 2))
    prepared = builder.graph(builder.add("y", op, source, **ATTRIBUTES.get(op, {})))
    state = Replay(prepared, (region(mpq(low), mpq(high)),), {})
    state.establish(Application("input_interval", "x", 0, {}, {}))
    chosen = {"k": ExactTensor.from_rationals(list(slopes), (1, len(slopes)))} if slopes else {}
    return state.judgements[state.establish(Application(rule, "y", 0, {"operand": 0}, chosen))]


@pytest.mark.parametrize(
    ("op", "rule", "ends", "slopes", "reason"),
    [
        (Op.LOG, "enclosed_interval", (-1, 1), (), "entry 0"),
        (Op.RECIPROCAL, "enclosed_upper", (-1, 1), (1, 1), "entry 0"),
        (Op.TAN, "enclosed_interval", (1, 2), (), "entry 0"),
        (Op.GELU, "enclosed_upper", (-1, 1), (1, 1, 1), "shape"),
        (Op.GELU, "enclosed_lower", (-1, 1), (), "chooses"),
    ],
)
def test_where_nothing_is_enclosed_it_is_refused(
    op: Op, rule: str, ends: tuple[int, int], slopes: tuple[int, ...], reason: str
) -> None:
    with pytest.raises(ReplayError, match=reason):
        established(op, rule, *ends, *map(mpq, slopes))


def test_the_tangent_is_bounded_between_its_poles() -> None:
    line = established(Op.TAN, "enclosed_lower", -1, 1, mpq(1), mpq(1))
    assert isinstance(line, Line)
    intercept = line.intercept.rational(0, 0)
    assert mpq(-55741, 100_000) <= intercept <= mpq(-55740, 100_000)  # 1 - tan 1


def test_any_slope_may_be_chosen() -> None:
    for slope in (mpq(-3), mpq(0), mpq(7, 5)):
        line = established(Op.GELU, "enclosed_upper", -1, 2, slope, slope)
        assert isinstance(line, Line)
        for at in (mpq(-1), mpq(0), mpq(1, 2), mpq(2)):
            assert curve_at(Op.GELU, at) <= slope * at + line.intercept.rational(0, 0) + SLACK
