"""Balls as regions: bounds are true and nearly the best; what does not follow is refused."""

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
import small_networks
from gmpy2 import mpq

from refsem.exact import ExactTensor
from refsem.ir.readings import evaluate_tensor
from refsem.rules import BY_NAME
from refsem.rules.ball_choices import ball_choice
from refsem.rules.propagation import Method, Propagation, propagate
from refsem.rules.replay import Replay, ReplayError
from refsem.rules.trace import Ball, Box, Norm, Region

PREPARED = small_networks.NETWORKS["chain_1"]
(INPUT,) = PREPARED.graph.inputs
SIZE = PREPARED.nodes[INPUT].size
ROWS = 6
SIDES = ("lower", "upper")
NORMS = tuple(Norm)


def rationals(source: np.random.Generator, count: int) -> list[mpq]:
    return [mpq(int(n), int(d)) for n, d in source.integers((-9, 1), (10, 8), (count, 2))]


def row(values: list[mpq]) -> ExactTensor:
    return ExactTensor.from_rationals(values, (1, len(values)))


def region_of(ball: Ball, before: mpq, after: mpq) -> Region:
    """The ball, cut so far before and after its centre in every entry."""
    lower, upper = ([m + step for m in ball.centre] for step in (-before, after))
    return Region({INPUT: (row(lower), row(upper))}, balls={INPUT: ball})


def drawn(seed: int, norm: Norm) -> tuple[Region, Ball, ExactTensor]:
    """A ball, cut by a box that may contain it, and coefficients, one row of them 0."""
    source = np.random.default_rng(seed)
    ball = Ball(norm, tuple(rationals(source, SIZE)), abs(rationals(source, 1)[0]) + mpq(1, 7))
    before, after = (ball.radius * abs(n) / 4 for n in rationals(source, 2))
    coefficients = [*rationals(source, (ROWS - 1) * SIZE), *[mpq(0)] * SIZE]
    matrix = ExactTensor.from_rationals(coefficients, (ROWS, SIZE))
    return region_of(ball, before, after), ball, matrix


def points(ball: Ball, region: Region, seed: int) -> Iterator[list[Fraction]]:
    """Points of the ball, many of them on its surface or nearly, moved into the box."""
    ((lower, upper),) = region.boxes.values()
    source = np.random.default_rng(seed)
    for _ in range(200):
        steps = [Fraction(int(n), 64) for n in source.integers(-64, 65, SIZE)]
        steps = [s if source.random() < 0.6 else Fraction(0) for s in steps]
        used = sum(abs(s) if ball.norm is Norm.L1 else s * s for s in steps)
        if used == 0:
            continue
        length = used if ball.norm is Norm.L1 else Fraction(float(used) ** 0.5 + 1e-12)
        scale = Fraction(str(ball.radius)) / length
        moved = [Fraction(str(m)) + scale * s for m, s in zip(ball.centre, steps, strict=True)]
        assert ball.holds([mpq(x) for x in moved])
        ends = zip(moved, lower.rationals(), upper.rationals(), strict=True)
        yield [max(min(x, Fraction(str(high))), Fraction(str(low))) for x, low, high in ends]


def bounds(region: Region, matrix: ExactTensor) -> Box:
    state = Propagation(Replay(PREPARED, (region,), {"t": {INPUT: matrix}}), 0)
    state.boxes[INPUT] = state.interval(INPUT)
    return state.replay.box(state.crown("t", region.boxes))


@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize("seed", range(12))
def test_no_point_of_the_ball_escapes(norm: Norm, seed: int) -> None:
    region, ball, matrix = drawn(seed, norm)
    found = bounds(region, matrix)
    rows = [matrix[[i]].rationals() for i in range(ROWS)]
    ends = [*zip(found.lower.rationals(), found.upper.rationals(), strict=True)]
    for point in points(ball, region, seed):
        for coefficients, (low, high) in zip(rows, ends, strict=True):
            value = sum(Fraction(str(c)) * x for c, x in zip(coefficients, point, strict=True))
            assert low <= value <= high


def least(ball: Ball, coefficients: list[mpq], before: mpq, after: mpq) -> float:
    """The least value of a form over ball and box, less that at the centre: by bisection."""
    room = [float(before if c > 0 else after) for c in coefficients]
    sizes, radius = [abs(float(c)) for c in coefficients], float(ball.radius)
    if ball.norm is Norm.L1:
        total, left = 0.0, radius
        for size, most in sorted(zip(sizes, room, strict=True), reverse=True):
            step = min(left, most)
            total, left = total - size * step, left - step
        return total
    low, high = 1e-9, 1e9
    for _ in range(200):
        middle = (low * high) ** 0.5
        far = sum(min(s / middle, r) ** 2 for s, r in zip(sizes, room, strict=True))
        low, high = (middle, high) if far > radius**2 else (low, middle)
    return -sum(s * min(s / high, r) for s, r in zip(sizes, room, strict=True))


@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize("seed", range(12))
def test_the_bound_is_nearly_the_least_value(norm: Norm, seed: int) -> None:
    region, ball, matrix = drawn(seed, norm)
    ((lower, upper),) = region.boxes.values()
    before = ball.centre[0] - lower.rational(0, 0)
    after = upper.rational(0, 0) - ball.centre[0]
    found = bounds(region, matrix)
    for i in range(ROWS):
        coefficients = matrix[[i]].rationals()
        at_centre = sum((c * m for c, m in zip(coefficients, ball.centre, strict=True)), mpq(0))
        below = at_centre + mpq(least(ball, coefficients, before, after))
        above = at_centre - mpq(least(ball, [-c for c in coefficients], before, after))
        assert abs(found.lower.rational(0, i) - below) < mpq(1, 10**6)
        assert abs(found.upper.rational(0, i) - above) < mpq(1, 10**6)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize("power", [400, 300, 120, -120, -300, -400])
def test_radii_and_coefficients_beyond_all_floats_are_bounded(norm: Norm, power: int) -> None:
    """How tightly is another matter: one coefficient alone uses up the radius, which is reached."""
    radius = mpq(10) ** power
    ball = Ball(norm, (mpq(0),) * SIZE, radius)
    region = region_of(ball, radius, radius)
    values = [mpq(10) ** e for e in (400, 300, -300, -400)] + [mpq(-1), mpq(0)]
    matrix = ExactTensor.from_rationals([v for v in values for _ in range(SIZE)], (ROWS, SIZE))
    found = bounds(region, matrix)
    for low, high, value in zip(
        found.lower.rationals(), found.upper.rationals(), values, strict=True
    ):
        assert low <= -abs(value) * radius <= abs(value) * radius <= high


@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize("side", SIDES)
def test_the_lift_is_the_rule_with_shares_that_use_up_the_allowance(norm: Norm, side: str) -> None:
    region, ball, matrix = drawn(3, norm)
    rule, chosen = ball_choice(ball, matrix, region.boxes[INPUT], side)
    state = Propagation(Replay(PREPARED, (region,), {"t": {INPUT: matrix}}), 0)
    form = state.form(
        state.apply(rule, INPUT, {"form": state.apply("start_form", "t", {})}, chosen)
    )
    shares = [ball.allowance * weight / 15 for weight in range(1, SIZE + 1)]
    shares[-1] += ball.allowance - sum(shares)
    derived = BY_NAME[rule].derived[0]
    for i in range(ROWS):
        total = mpq(0)
        for j in range(SIZE):
            values = {name: value[[i]][:, [j]] for name, value in chosen.items()}
            values |= {"c": matrix[[i]][:, [j]], "m": row([ball.centre[j]]), "w": row([shares[j]])}
            total += evaluate_tensor(derived.term, values).rational(0, 0)
        assert form.constant.rational(i, 0) == total
        assert form.coefficients[INPUT][[i]].equal(chosen["k"][[i]]).all()


@pytest.mark.parametrize("norm", NORMS)
def test_a_multiplier_that_changes_along_a_row_is_refused(norm: Norm) -> None:
    """With s great in the first entry's place alone, the rest of the ball would be given away."""
    region, ball, matrix = drawn(3, norm)
    rule, chosen = ball_choice(ball, matrix, region.boxes[INPUT], "lower")
    name = "g" if norm is Norm.L1 else "s"
    more = [mpq(j) for _ in range(ROWS) for j in range(SIZE)]
    chosen[name] = chosen[name] + ExactTensor.from_rationals(more, (ROWS, SIZE))
    state = Propagation(Replay(PREPARED, (region,), {"t": {INPUT: matrix}}), 0)
    start = state.apply("start_form", "t", {})
    with pytest.raises(ReplayError, match="not the same for all entries"):
        state.apply(rule, INPUT, {"form": start}, chosen)


@pytest.mark.parametrize(("norm", "name"), [(Norm.L1, "g"), (Norm.L2, "s"), (Norm.L2, "p")])
def test_multipliers_that_are_too_small_are_refused(norm: Norm, name: str) -> None:
    region, ball, matrix = drawn(3, norm)
    rule, chosen = ball_choice(ball, matrix, region.boxes[INPUT], "upper")
    chosen[name] = chosen[name] * ExactTensor.full((1, 1), mpq(99, 100))
    state = Propagation(Replay(PREPARED, (region,), {"t": {INPUT: matrix}}), 0)
    start = state.apply("start_form", "t", {})
    with pytest.raises(ReplayError, match="does not hold"):
        state.apply(rule, INPUT, {"form": start}, chosen)


@pytest.mark.parametrize("norm", NORMS)
def test_without_a_ball_of_the_norm_nothing_follows(norm: Norm) -> None:
    region, ball, matrix = drawn(3, norm)
    (other,) = set(NORMS) - {norm}
    rule, chosen = ball_choice(ball, matrix, region.boxes[INPUT], "lower")
    for balls in ({}, {INPUT: replace(ball, norm=other)}):
        bare = replace(region, balls=balls)
        state = Propagation(Replay(PREPARED, (bare,), {"t": {INPUT: matrix}}), 0)
        start = state.apply("start_form", "t", {})
        with pytest.raises(ReplayError, match="assumes no"):
            state.apply(rule, INPUT, {"form": start}, chosen)


def test_what_holds_in_a_ball_is_used_in_smaller_ones_only() -> None:
    region, ball, _ = drawn(3, Norm.L2)

    def with_ball(**changed: object) -> Region:
        return replace(region, balls={INPUT: replace(ball, **changed)})  # type: ignore[arg-type]

    smaller, greater = (with_ball(radius=ball.radius * f) for f in (mpq(9, 10), mpq(11, 10)))
    without = replace(region, balls={})
    moved = with_ball(centre=(ball.centre[0] + mpq(1, 1000), *ball.centre[1:]))
    assert region.contains(region)
    assert region.contains(smaller)
    assert without.contains(region)
    for other in (greater, without, moved, with_ball(norm=Norm.L1)):
        assert not region.contains(other)


def test_a_ball_that_does_not_fit_is_refused() -> None:
    region, ball, _ = drawn(3, Norm.L2)
    for wrong in (replace(ball, centre=ball.centre[1:]), replace(ball, radius=mpq(-1))):
        with pytest.raises(ValueError, match="ball"):
            Replay(PREPARED, (replace(region, balls={INPUT: wrong}),), {})


@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize("method", [Method.IBP, Method.FORWARD, Method.CROWN])
def test_every_tensor_of_a_network_stays_in_its_box(norm: Norm, method: Method) -> None:
    source = np.random.default_rng(5)
    centre = tuple(mpq(int(n), 4) for n in source.integers(-4, 5, SIZE))
    ball = Ball(norm, centre, mpq(3, 4))
    region = region_of(ball, mpq(1, 2), mpq(1))
    state = propagate(PREPARED, region, method, {}, lambda *_: None)
    alone = propagate(PREPARED, replace(region, balls={}), method, {}, lambda *_: None)
    tighter = 0
    for _ in range(300):
        steps = source.integers(-2, 3, SIZE) / 4
        at = np.array([[float(m) for m in centre]]) + np.clip(steps, -0.5, 1)
        if not ball.holds([mpq(x) for x in at[0]]):
            continue
        for name, values in small_networks.evaluate(PREPARED, {INPUT: at}).items():
            if name not in PREPARED.nodes:
                continue
            box = state.replay.box(state.boxes[name])
            for value, low, high in zip(
                values.ravel(), box.lower.rationals(), box.upper.rationals(), strict=True
            ):
                assert low <= mpq(float(value)) <= high
            outer = alone.replay.box(alone.boxes[name])
            tighter += int(outer.lower.less(box.lower).sum())
    assert (tighter > 0) == (method is not Method.IBP)
