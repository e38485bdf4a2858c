"""Sampling: repeatable points, moved in the right direction, counted after exact evaluation."""

from gmpy2 import mpq
from small_rules import a, claiming, d, derived, obligation, p, q, side, x

from refsem.obligations.obligation import Point
from refsem.obligations.sampling import define, evidence, search, small_points
from refsem.rules import Outward

VALUES = (derived("p", a + 1, Outward.UP), derived("q", p * d, Outward.DOWN))
RULE = claiming(q <= x, side("below", x <= a), derived=VALUES)
WEAKEN = obligation(RULE, "weaken/q")
SOUND = obligation(RULE, "sound/claim")
ZERO = {"y": mpq(0), "z": mpq(0)}


def test_points_repeat_and_differ_between_obligations() -> None:
    assert list(small_points(WEAKEN, 50)) == list(small_points(WEAKEN, 50))
    assert list(small_points(WEAKEN, 50)) != list(small_points(SOUND, 50))
    assert list(small_points(WEAKEN, 60))[:50] == list(small_points(WEAKEN, 50))


def test_definitions_move_in_their_direction_with_the_already_moved_ones() -> None:
    moved = set()
    for point in small_points(WEAKEN, 100):
        assert point["p"] >= point["a"] + 1
        assert point["q"] <= point["p"] * point["d"]
        moved.add((point["p"] > point["a"] + 1, point["q"] < point["p"] * point["d"]))
    assert len(moved) == 4
    for point in small_points(SOUND, 100):
        assert point["p"] == point["a"] + 1
        assert point["q"] == point["p"] * point["d"]


def test_where_a_definition_divides_by_zero_there_is_no_point() -> None:
    rule = claiming(x <= q, derived=(derived("q", a / d, Outward.EXACT),))
    one = obligation(rule, "sound/claim")
    assert not define(one, {"a": mpq(1), "d": mpq(0)}, [mpq(0)])
    points = list(small_points(one, 200))
    assert 0 < len(points) < 200
    assert all(point["d"] != 0 for point in points)


def test_a_point_counts_only_if_premises_and_definitions_hold_there() -> None:
    good = {"a": mpq(0), "d": mpq(1), "x": mpq(0), "p": mpq(1), "q": mpq(1), **ZERO}
    found = evidence(SOUND, good)
    assert found == Point(tuple(sorted(good.items())), "q <= x")
    assert evidence(SOUND, {**good, "x": mpq(1, 10**9)}) is None  # the side fails
    assert evidence(SOUND, {**good, "p": mpq(2), "q": mpq(2)}) is None  # p moved
    assert evidence(SOUND, {**good, "q": mpq(1, 2)}) is None  # q moved
    assert evidence(SOUND, {**good, "d": mpq(0), "q": mpq(0)}) is None  # the goal holds


def test_a_moved_point_counts_where_moving_is_allowed_and_nowhere_else() -> None:
    moved = {"a": mpq(0), "d": mpq(1), "x": mpq(0), "p": mpq(3), "q": mpq(2), **ZERO}
    assert evidence(WEAKEN, moved) is not None
    assert evidence(WEAKEN, {**moved, "p": mpq(1, 2), "q": mpq(1, 2)}) is None
    assert evidence(WEAKEN, {**moved, "q": mpq(4)}) is None


def test_a_premise_without_a_value_is_not_met() -> None:
    rule = claiming(x / d <= a)
    one = obligation(rule, "sound/claim")
    assert evidence(one, {"a": mpq(0), "d": mpq(0), "x": mpq(1), **ZERO}) is None


def test_a_search_that_finds_nothing_says_nothing() -> None:
    assert search(obligation(claiming(x * x >= 0), "sound/claim"), 300) is None
    assert search(SOUND, 0) is None
    found = search(SOUND, 300)
    assert found is not None
    assert found.failing == "q <= x"


def test_an_inhabitant_fails_nothing() -> None:
    found = search(obligation(RULE, "inhabited"), 100)
    assert found is not None
    assert found.failing == ""
