"""Shrinking: the same thing fails at the smaller point, exactly, and it is as small as it gets."""

import itertools
import runpy
from dataclasses import replace
from pathlib import Path

import pytest
from gmpy2 import mpq
from hypothesis import given
from hypothesis import strategies as st
from small_rules import a, claiming, d, derived, obligation, q, side, x, y

from refsem.obligations import sampling
from refsem.obligations.discharge import AUDIT_LIMITS, DEFAULT_LIMITS, discharge
from refsem.obligations.generation import rule_obligations
from refsem.obligations.obligation import Kind, Obligation, Point, Refuted
from refsem.obligations.shrinking import EVALUATIONS, shrunk
from refsem.rules import Outward

REJECTED = [
    pytest.param(path, id=path.stem, marks=marks)
    for index, path in enumerate(
        sorted((Path(__file__).parents[1] / "corpus" / "rejected").glob("*.py"))
    )
    for marks in [() if index % 3 == 0 else pytest.mark.nightly]
]
WIDE = ("power", "hard_swish")
"""Rules of high degree, of which the witnesses have greater numbers."""


def refuting(one: Obligation, **values: mpq | int) -> Point:
    point = {name: mpq(0) for name in one.free} | {n: mpq(v) for n, v in values.items()}
    assert sampling.define(one, point, [mpq(0)] * len(one.definitions))
    found = sampling.evidence(one, point)
    assert found is not None
    return found


def test_a_long_witness_becomes_a_short_one() -> None:
    one = obligation(claiming(x <= a, side("apart", a < x)), "sound/claim")
    found = shrunk(one, refuting(one, a=mpq(1234567, 891), x=mpq(7654321, 11)), EVALUATIONS)
    assert dict(found.values) == {"a": 0, "d": 0, "x": 1, "y": 0, "z": 0}


def test_coordinates_that_are_equal_move_together() -> None:
    rule = claiming(x * x <= 3, side("same", x <= y), side("as", y <= x), side("big", x * y >= 49))
    one = obligation(rule, "sound/claim")
    found = dict(shrunk(one, refuting(one, x=mpq(91, 2), y=mpq(91, 2)), EVALUATIONS).values)
    assert found["x"] == found["y"] in (7, 8, -7, -8)


def test_how_far_a_definition_moved_is_a_coordinate() -> None:
    rule = claiming(q <= a, derived=(derived("q", a, Outward.UP),))
    one = obligation(rule, "weaken/q")
    point = {"a": mpq(17, 3), "d": mpq(5), "x": mpq(1), "y": mpq(1), "z": mpq(1)}
    sampling.define(one, point, [mpq(22, 7)])
    first = sampling.evidence(one, point)
    assert first is not None
    found = dict(shrunk(one, first, EVALUATIONS).values)
    assert found == {"a": 0, "d": 0, "q": 1, "x": 0, "y": 0, "z": 0}


def test_without_evaluations_the_point_stays() -> None:
    one = obligation(claiming(x <= a), "sound/claim")
    point = refuting(one, x=12345)
    assert shrunk(one, point, 0) == point


def test_a_stricter_failure_is_not_exchanged_for_another() -> None:
    one = obligation(claiming(x <= a, side("far", x >= 1000)), "sound/claim")
    found = dict(shrunk(one, refuting(one, x=123456), EVALUATIONS).values)
    assert found["x"] >= 1000
    assert found["a"] < found["x"]


@given(*(st.fractions(max_denominator=10**6) for _ in range(3)))
def test_what_is_returned_is_evidence(left: mpq, width: mpq, slope: mpq) -> None:
    rule = claiming(d * x <= d * a, side("below", a <= x))
    one = obligation(rule, "sound/claim")
    start, step = mpq(left), abs(mpq(width)) + mpq(1, 10**6)
    point = refuting(one, a=start, x=start + step, d=abs(mpq(slope)) + mpq(1, 10**6))
    found = shrunk(one, point, EVALUATIONS)
    assert sampling.evidence(one, dict(found.values)) == found
    assert found.failing == point.failing
    assert {name: abs(value) <= 1 for name, value in found.values} == dict.fromkeys("adxyz", True)


@pytest.mark.parametrize("path", REJECTED)
def test_witnesses_of_the_corpus_are_small(path: Path) -> None:
    """Coordinates are small numbers, but for values of functions; none is longer than before."""
    values = runpy.run_path(str(path))
    for one in rule_obligations(values["RULE"]):
        if one.id != values["REFUTED_BY"] or one.kind is Kind.INHABITED:
            continue
        found = discharge(one, AUDIT_LIMITS)
        if not isinstance(found, Refuted):
            continue
        assert isinstance(found.evidence, Point)
        numbers = [value for _, value in found.evidence.values]
        if not values["RULE"].cites and not path.stem.startswith(WIDE):
            assert all(abs(n) <= 3 and n.denominator <= 2 for n in numbers)
        first = discharge(one, replace(DEFAULT_LIMITS, points=AUDIT_LIMITS.points))
        assert isinstance(first, Refuted)
        assert isinstance(first.evidence, Point)
        assert _length(found.evidence) <= _length(first.evidence)
        assert sampling.evidence(one, dict(found.evidence.values)) == found.evidence


def _length(point: Point) -> int:
    return sum(len(str(abs(value))) for _, value in point.values)


def test_every_small_integer_witness_of_one_rule_shrinks_to_a_smallest_one() -> None:
    one = obligation(claiming(x * y <= a), "sound/claim")
    for values in itertools.product(range(-3, 4), repeat=3):
        point = {"a": mpq(values[0]), "x": mpq(values[1]), "y": mpq(values[2])}
        point |= {"d": mpq(3), "z": mpq(-2)}
        found = sampling.evidence(one, point)
        if found is not None:
            numbers = [value for _, value in shrunk(one, found, EVALUATIONS).values]
            assert sum(map(abs, numbers)) in (1, 2)
