"""Networks of smooth functions: boxes contain what mpmath computes, and traces are replayed."""

from collections.abc import Mapping
from dataclasses import replace

import mpmath
import numpy as np
import pytest
from gmpy2 import mpq
from small_networks import Builder

from refsem.exact import ExactTensor
from refsem.ir.evaluation import Prepared
from refsem.ir.operators import Op, meaning
from refsem.ir.terms import variables
from refsem.rules import BY_NAME, Outward, Rule
from refsem.rules.choices import SMOOTH, on_grid
from refsem.rules.lifts import table
from refsem.rules.propagation import Method, Propagation
from refsem.rules.replay import Replay, ReplayError, replay
from refsem.rules.smooth import NotApplicable, applied_entrywise, outward
from refsem.rules.trace import Application, Box, Line, Region
from refsem.search.alpha import bounded_by

x, k, b, lo, hi = variables("x k b lo hi")
POSITIVE = {Op.LOG, Op.SQRT, Op.RECIPROCAL}
each = pytest.mark.parametrize(
    "op", sorted(SMOOTH, key=lambda op: op.value), ids=lambda op: op.value
)


def sigmoid(z: mpmath.mpf) -> mpmath.mpf:
    return 1 / (1 + mpmath.exp(-z))


VALUES = {
    Op.EXP: mpmath.exp,
    Op.LOG: mpmath.log,
    Op.SOFTPLUS: lambda z: mpmath.log(1 + mpmath.exp(z)),
    Op.TANH: mpmath.tanh,
    Op.SIGMOID: sigmoid,
    Op.SIN: mpmath.sin,
    Op.COS: mpmath.cos,
    Op.SQRT: mpmath.sqrt,
    Op.RECIPROCAL: lambda z: 1 / z,
}


def network(op: Op, seed: int) -> tuple[Prepared, list[Op]]:
    """Dense, the function (of 1/4 or more where it must be positive), dense; and its functions."""
    builder = Builder(np.random.default_rng(seed))
    source = builder.add("x", Op.INPUT, shape=(1, 2))
    hidden = builder.dense("hidden", source, 3)
    functions = [op]
    if op in POSITIVE:
        hidden = builder.add("squashed", Op.SIGMOID, hidden)
        quarter = builder.constant(3)
        builder.values[quarter.name] = np.full(3, 0.25)
        hidden = builder.add("positive", Op.ADD, hidden, quarter)
        functions = [Op.SIGMOID, op]
    curved = builder.add("curved", op, hidden)
    return builder.graph(builder.dense("y", curved, 2)), functions


def box(centre: float, radius: float) -> Region:
    middle = np.array([[centre, -centre]])
    return Region({"x": (on_grid(middle - radius), on_grid(middle + radius))})


def near(tensor: ExactTensor) -> list[mpmath.mpf]:
    return [mpmath.mpf(int(v.numerator)) / int(v.denominator) for v in tensor.rationals()]


def values(prepared: Prepared, point: ExactTensor) -> Mapping[str, list[mpmath.mpf]]:
    """The value of every tensor at a point, by mpmath; matrices are taken apart by hand."""
    found = {"x": near(point)}
    nodes = {node.name: node for node in prepared.graph.nodes}
    for name, node in prepared.nodes.items():
        operands = [found[o] if o in found else near(prepared.constants[o]) for o in node.operands]
        match node.op:
            case Op.INPUT:
                pass
            case Op.MATMUL:
                row, matrix = operands
                width = nodes[node.operands[1]].shape[-1]
                found[name] = [
                    sum(row[i] * matrix[i * width + j] for i in range(len(row)))
                    for j in range(width)
                ]
            case Op.ADD:
                found[name] = [p + q for p, q in zip(*operands, strict=True)]
            case function:
                found[name] = [VALUES[function](value) for value in operands[0]]
    return found


def escaping(state: Propagation, region: Region, count: int) -> list[str]:
    """Tensors of which a value at a random point or a corner lies outside the box."""
    ((lower, upper),) = region.boxes.values()
    source, bad = np.random.default_rng(count), []
    with mpmath.workdps(60):
        small = mpmath.mpf(10) ** -40
        for number in range(count):
            shares = (
                source.integers(0, 2, (1, 2)) * 8 if number < 4 else source.integers(0, 9, (1, 2))
            )
            point = lower + (upper - lower) * ExactTensor(shares.astype(object), 3, 1)
            for name, found in values(state.replay.prepared, point).items():
                ends = state.replay.box(state.boxes[name])
                for value, low, high in zip(found, near(ends.lower), near(ends.upper), strict=True):
                    if not low - small <= value <= high + small:
                        bad.append(name)
    return bad


def progress(_node: str, _done: int, _count: int) -> None:
    pass


@each
@pytest.mark.parametrize("method", list(Method), ids=lambda method: method.value)
def test_boxes_contain_every_value_and_the_trace_is_replayed(op: Op, method: Method) -> None:
    for seed, (centre, radius) in enumerate([(0.0, 0.5), (0.75, 0.25), (0.5, 2.0), (0.25, 0.0)]):
        prepared, _ = network(op, seed)
        region = box(centre, radius)
        state = bounded_by(prepared, region, method, {}, progress)
        assert escaping(state, region, 12) == []
        again = replay(prepared, state.replay.trace())
        assert len(again) == len(state.replay.judgements)
        for index, judgement in enumerate(again):
            if isinstance(judgement, Box):
                assert judgement.lower.equal(state.replay.box(index).lower).all()


@each
def test_lines_hug_the_function_on_a_narrow_box(op: Op) -> None:
    """At the ends of the box, a gap of less than a quarter of the interval's width."""
    prepared, _ = network(op, 1)
    state = bounded_by(prepared, box(0.75, 0.05), Method.CROWN, {}, progress)
    upper, lower = (state.replay.judgements[index] for index in state.relaxation("curved"))
    assert isinstance(upper, Line)
    assert isinstance(lower, Line)
    operand, interval = (state.replay.box(state.boxes[name]) for name in (upper.operand, "curved"))
    for end in (operand.lower, operand.upper):
        gap = (upper.slope - lower.slope) * end + upper.intercept - lower.intercept
        width = interval.upper - interval.lower
        assert (gap + gap + gap + gap).less_equal(width).all()


def test_a_target_is_bounded_by_intervals_where_those_are_tighter_than_lines() -> None:
    prepared, _ = network(Op.SIN, 2)
    targets = {"row": {"y": ExactTensor.from_rationals([mpq(1), mpq(-1)], (1, 2))}}
    found = []
    for method in Method:
        state = bounded_by(prepared, box(0.5, 3.0), method, targets, progress)
        found.append(state.replay.box(state.boxes["row"]))
    ibp, *others = found
    for other in others:
        assert ibp.lower.less_equal(other.lower).all()
        assert other.upper.less_equal(ibp.upper).all()


@each
def test_every_function_is_established_by_its_own_rule(op: Op) -> None:
    prepared, functions = network(op, 0)
    state = bounded_by(prepared, box(0.25, 0.03125), Method.CROWN, {}, progress)
    used = {application.rule for application in state.replay.applications}
    for function in functions:
        assert any(BY_NAME[name].operator is function for name in used)
    assert not any(name.startswith("relu") for name in used)


# the rules that are applied entry by entry


SMOOTH_RULES = (*table.SMOOTH_INTERVALS, *table.SMOOTH_UPPER, *table.SMOOTH_LOWER)


def claims(rule: Rule) -> list[object]:
    return [claim.relation for claim in rule.claims]


def test_every_lift_is_executed_by_these_networks() -> None:
    used = set()
    for op in SMOOTH:
        for centre in (0.25, 0.75):
            state = bounded_by(network(op, 1)[0], box(centre, 0.03125), Method.CROWN, {}, progress)
            used |= {application.rule for application in state.replay.applications}
    negative = unary(Op.RECIPROCAL, 1)
    state = bounded_by(negative, ends((-3, -1)), Method.CROWN, {}, progress)
    state.relaxation("y")
    used |= {application.rule for application in state.replay.applications}
    assert set(SMOOTH_RULES) <= used


def test_a_lift_says_what_its_rule_claims() -> None:
    for name in SMOOTH_RULES:
        rule = BY_NAME[name]
        assert rule.operator is not None
        assert rule.point == (x,)
        value = meaning(rule.operator, x)
        if name in table.SMOOTH_INTERVALS:
            assert claims(rule) == [lo <= value, value <= hi]
        elif name in table.SMOOTH_UPPER:
            assert claims(rule) == [value <= k * x + b]
        else:
            assert claims(rule) == [k * x + b <= value]


def established(prepared: Prepared, region: Region, application: Application) -> object:
    state = Replay(prepared, (region,), {})
    state.establish(Application("input_interval", "x", 0, {}, {}))
    index = state.establish(application)
    return state.judgements[index]


def unary(op: Op, width: int) -> Prepared:
    builder = Builder(np.random.default_rng(0))
    source = builder.add("x", Op.INPUT, shape=(1, width))
    return builder.graph(builder.add("y", op, source))


def ends(*pairs: tuple[int, int]) -> Region:
    lower, upper = zip(*pairs, strict=True)
    return Region(
        {
            "x": tuple(
                ExactTensor.from_rationals([mpq(n, 2) for n in e], (1, len(pairs)))
                for e in (lower, upper)
            )
        }  # type: ignore[dict-item]
    )


def constant(*numbers: mpq | int) -> ExactTensor:
    return ExactTensor.from_rationals([mpq(n) for n in numbers], (1, len(numbers)))


def test_one_rule_serves_boxes_left_of_zero_right_of_it_and_across() -> None:
    region = ends((-4, -2), (-2, 2), (2, 4))
    chosen = {"t": constant(0, 1, 1), "k": constant(mpq(1, 4), mpq(1, 2), mpq(1, 2))}
    application = Application("tanh_upper", "y", 0, {"operand": 0}, chosen)
    line = established(unary(Op.TANH, 3), region, application)
    assert isinstance(line, Line)
    assert line.slope.equal(chosen["k"]).all()


@pytest.mark.parametrize(
    ("op", "rule", "pairs", "chosen", "reason"),
    [
        (Op.TANH, "tanh_upper", ((-2, 1),), {"t": -1, "k": 1}, "side 'tangent_right'"),
        (Op.LOG, "log_interval", ((0, 1),), {}, "no finite ball"),
        (Op.LOG, "log_interval", ((2, 4), (-1, 1)), {}, "entry 1"),
        (Op.SQRT, "sqrt_interval", ((-1, 1),), {}, "no finite ball"),
        (Op.SQRT, "sqrt_upper", ((0, 1),), {"k": 0}, "side 'rising'"),
        (Op.SQRT, "sqrt_upper", ((-1, 1),), {"k": 1}, "side 'argument_nonnegative'"),
        (Op.RECIPROCAL, "reciprocal_interval_positive", ((0, 1),), {}, "side 'positive'"),
        (Op.RECIPROCAL, "reciprocal_lower_positive", ((1, 2),), {"a": 1, "k": 0}, "steep_enough"),
        (Op.EXP, "exp_upper", ((0, 1 << 40),), {"k": 1}, "exp(u)"),
        (Op.EXP, "tanh_interval", ((0, 1),), {}, "is not a"),
        (Op.EXP, "exp_lower_rounded", ((0, 1),), {"t": 0}, "no such rule for tensors"),
    ],
)
def test_where_a_rule_does_not_apply_it_is_refused(
    op: Op, rule: str, pairs: tuple[tuple[int, int], ...], chosen: dict[str, int], reason: str
) -> None:
    picked = {name: constant(*[value] * len(pairs)) for name, value in chosen.items()}
    application = Application(rule, "y", 0, {"operand": 0}, picked)
    with pytest.raises(ReplayError, match=reason.replace("(", r"\(").replace(")", r"\)")):
        established(unary(op, len(pairs)), ends(*pairs), application)


def test_a_chosen_value_of_another_shape_is_refused() -> None:
    application = Application("exp_upper", "y", 0, {"operand": 0}, {"k": constant(1, 1)})
    with pytest.raises(ReplayError, match="shape"):
        established(unary(Op.EXP, 1), ends((0, 1)), application)


def test_a_fact_that_is_not_vouched_for_is_refused() -> None:
    """Without its side the rule may be applied across 0, where the fact that it cites is false."""
    rule = BY_NAME["tanh_upper_left"]
    loose = replace(rule, sides=tuple(side for side in rule.sides if side.name != "left"))
    found = applied_entrywise(loose, constant(-1), constant(1), {"k": constant(1)})
    assert isinstance(found, NotApplicable)
    assert "tanh_chord_left_l_u_x" in found.reason
    left = applied_entrywise(loose, constant(-2), constant(-1), {"k": constant(1)})
    assert not isinstance(left, NotApplicable)


def test_a_stated_fact_that_is_seen_to_be_false_is_refused() -> None:
    """A statement is not believed against what the balls show."""
    rule = BY_NAME["exp_interval"]
    (true,) = (one for one in rule.cites if one.fact.name == "exp_positive")
    conclusion = true.fact.conclusion
    fact = replace(true.fact, conclusion=conclusion.right <= conclusion.left)
    cites = tuple(fact.at(x) if one is true else one for one in rule.cites)
    found = applied_entrywise(replace(rule, cites=cites), constant(0), constant(1), {})
    assert isinstance(found, NotApplicable)
    assert "exp_positive_x" in found.reason


@pytest.mark.parametrize("value", [mpq(1, 3), mpq(-1, 3), mpq(10**40 + 1, 7), mpq(1, 3**2000)])
def test_values_are_moved_outward_and_not_far(value: mpq) -> None:
    up, down = outward(value, Outward.UP), outward(value, Outward.DOWN)
    assert down < value < up
    assert up - down <= max(abs(value) / 2**62, mpq(1, 2**1200))
    assert outward(value, Outward.EXACT) == value
    for kept in (up, down):
        assert outward(kept, Outward.UP) == outward(kept, Outward.DOWN) == kept
