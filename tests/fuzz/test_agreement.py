"""What is said of a run by somebody else: exact, in which order, near, or not comparable at all."""

import numpy as np
import pytest

from refsem.fuzz.agreement import ORDERS, agreement, sums_of, together
from refsem.ir.evaluation import Prepared, prepare
from refsem.ir.graph import Graph, make_node
from refsem.ir.graph_enclosures import NotEnclosedError
from refsem.ir.operators import Op

TERMS = 5


def dot() -> Prepared:
    """x · w for w = 3/8 · (1, 2, …), a row and a column."""
    x = make_node("x", Op.INPUT, (), {"shape": (1, TERMS)})
    w = make_node("w", Op.CONSTANT, (), {"shape": (TERMS, 1)})
    y = make_node("y", Op.MATMUL, (x, w), {})
    weights = (np.arange(1, TERMS + 1, dtype=np.float32) * np.float32(0.375)).reshape(TERMS, 1)
    return prepare(Graph((x, w, y), {"w": weights.view(np.uint32)}, ("x",), ("y",)))


POINT = {"x": np.array([[1.1, -0.3, 0.7, -0.9, 0.13]], np.float32)}


def answers(value: float) -> dict[str, np.ndarray]:
    return {"y": np.array([[value]], np.float32)}


def executed(*, wide: bool) -> float:
    total = np.float64(0) if wide else np.float32(0)
    for place, x in enumerate(POINT["x"][0]):
        weight = np.float32(0.375) * np.float32(place + 1)
        total = total + (np.float64(x) * np.float64(weight) if wide else x * weight)
    return float(total)


def test_the_order_of_a_run_is_recognised() -> None:
    for name, value in (
        ("left to right", executed(wide=False)),
        ("in binary64", executed(wide=True)),
    ):
        found = agreement(dot(), POINT, answers(value), {name: ORDERS[name]})
        assert (found.entries, found.executed, found.why()) == (1, {name: 1}, name)
        assert 0 < found.ulps < 1


def test_a_run_that_is_far_off_is_so_many_ulps_away() -> None:
    right = executed(wide=True)
    found = agreement(dot(), POINT, answers(right + 2**-13), ORDERS)
    assert found.why() == "near"
    assert 1023 < found.ulps < 1025
    assert set(found.executed.values()) == {0}


def test_whole_numbers_are_exact_in_every_order() -> None:
    point = {"x": np.array([[8, -16, 0, 8, 8]], np.float32)}
    found = agreement(dot(), point, answers(3 * (1 - 4 + 0 + 4 + 5)), ORDERS)
    assert (found.exact, found.why(), found.ulps) == (1, "exact", 0)
    assert all(equal == 1 for equal in found.executed.values())
    zero = agreement(dot(), {"x": POINT["x"] * 0}, answers(-0.0), ORDERS)
    assert zero.why() == "exact"
    assert all(equal == 1 for equal in zero.executed.values())


def test_an_execution_has_to_explain_every_run() -> None:
    chain = agreement(dot(), POINT, answers(executed(wide=False)), ORDERS)
    wide = agreement(dot(), POINT, answers(executed(wide=True)), ORDERS)
    assert together([chain, chain]).why() == "left to right"
    assert together([chain, wide]).why() == "near"
    assert together([chain, wide]).ulps == max(chain.ulps, wide.ulps)
    assert together([]).entries == 0


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (np.zeros((1, 2), np.float32), r"float32 \[1, 2\], not \[1, 1\]"),
        (np.zeros((1, 1), np.float64), r"float64 \[1, 1\]"),
        (np.full((1, 1), np.inf, np.float32), "no finite number"),
        (np.full((1, 1), np.nan, np.float32), "no finite number"),
    ],
)
def test_what_cannot_be_compared_is_refused(value: np.ndarray, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        agreement(dot(), POINT, {"y": value}, ORDERS)


def test_a_value_that_there_is_not_is_refused() -> None:
    x = make_node("x", Op.INPUT, (), {"shape": (1,)})
    y = make_node("y", Op.LOG, (x,), {})
    graph = prepare(Graph((x, y), {}, ("x",), ("y",)))
    with pytest.raises(NotEnclosedError):
        agreement(graph, {"x": np.zeros(1, np.float32)}, {"y": np.zeros(1, np.float32)}, {})


def test_what_is_summed_is_stated() -> None:
    (total,) = sums_of(dot().graph).values()
    assert (total.terms, total.products, total.addend) == (TERMS, True, False)
