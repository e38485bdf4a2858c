"""Boxes: ends of the format, in order, inside the domain, of every class, repeatable."""

import math
from random import Random

import numpy as np
import pytest
from gmpy2 import mpq

from refsem.binary32.catalogue import Kind
from refsem.errors import InputError
from refsem.hunt.boxes import Ends, Shape, draw_range
from refsem.hunt.campaign import Plan, draw_batch
from refsem.hunt.landmarks import landmarks
from refsem.hunt.statement import subject, subjects

KINDS = (Kind.BINARY32, Kind.BINARY64)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("operator", [found.operator for found in subjects()])
def test_boxes_end_on_values_in_order_and_in_the_domain(operator: str, kind: Kind) -> None:
    plan = Plan("test", operator, (), kind, 11)
    statement, boxes = draw_batch(plan, 0, 100)
    assert len(boxes) > 80
    host = np.float32 if kind is Kind.BINARY32 else np.float64
    for box in boxes:
        for low, high in box:
            assert low <= high
            assert math.isfinite(low)
            assert math.isfinite(high)
            assert float(host(low)) == low
            assert float(host(high)) == high
            if statement.operator == "log":
                assert low > 0
        if operator == "div":
            assert not box[1][0] <= 0 <= box[1][1]


def test_a_batch_is_known_by_seed_and_number() -> None:
    def boxes(seed: int, number: int) -> object:
        return draw_batch(Plan("test", "leaky_relu", (), Kind.BINARY32, seed), number, 40)

    assert boxes(1, 0) == boxes(1, 0)
    assert boxes(1, 0) != boxes(1, 1)
    assert boxes(1, 0) != boxes(2, 0)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("shape", Shape)
def test_every_class_is_what_it_says(shape: Shape, kind: Kind) -> None:
    source, ends = Random(3), Ends(kind)  # noqa: S311  no secret
    marks = np.array([0.0, 1.5])
    drawn = [draw_range(source, shape, marks, ends) for _ in range(200)]
    widths = [high - low for low, high in drawn]
    least_normal = 2.0 ** (-126 if kind is Kind.BINARY32 else -1022)
    match shape:
        case Shape.POINT:
            assert set(widths) == {0.0}
        case Shape.THIN:
            relative = [
                w / max(abs(high), 1e-6) for w, (_, high) in zip(widths, drawn, strict=True)
            ]
            assert max(relative) < 0.01
        case Shape.STRADDLING:
            inside = [any(low <= m <= high for m in marks) for low, high in drawn]
            assert all(inside)
        case Shape.TOUCHING:
            assert all(low in marks or high in marks for low, high in drawn)
        case Shape.SUBNORMAL:
            assert all(max(abs(low), abs(high)) <= 2 * least_normal for low, high in drawn)
        case Shape.TINY:
            assert all(max(abs(low), abs(high)) < 2.0**-23 for low, high in drawn)
        case Shape.HUGE:
            assert all(max(abs(low), abs(high)) >= 2.0**20 for low, high in drawn)
        case _:
            assert len(set(drawn)) > 50


def test_attributes_can_be_fixed_and_limits_come_in_order() -> None:
    for number in range(30):
        statement, _ = draw_batch(Plan("test", "clip", (), Kind.BINARY32, 1), number, 1)
        low, high = (value for _, value in statement.attributes)
        assert low <= high
    plan = Plan("test", "leaky_relu", (("alpha", mpq(2)),), Kind.BINARY32, 1)
    assert draw_batch(plan, 0, 1)[0].arguments() == {"alpha": 2.0}


def places(operator: str, **attributes: mpq) -> list[float]:
    found = subject(operator)
    return landmarks(found.statement(found.widths[0], attributes))[0].tolist()


def test_landmarks_are_found_by_looking() -> None:
    assert {-3.0, -1.5, 0.0, 3.0} <= set(places("hard_swish"))
    assert {-0.5, 6.0} <= set(places("clip", low=mpq(-1, 2), high=mpq(6)))
    assert -2.5 in places("hard_sigmoid", alpha=mpq(1, 5), beta=mpq(1, 2))
    sine = places("sin")
    for turn in (math.pi / 2, math.pi, -math.pi / 2):
        assert min(abs(place - turn) for place in sine) < 1e-6
    assert len(places("identity")) == 3


def test_the_power_family_is_the_catalogues_product() -> None:
    cube = subject("pow").statement(1, {"exponent": mpq(3)})
    assert cube.arguments() == {"exponent": 3}
    with pytest.raises(InputError, match="whole number"):
        subject("pow").statement(1, {"exponent": mpq(1, 2)})


def test_an_unknown_operator_is_refused_with_those_there_are() -> None:
    with pytest.raises(InputError, match=r"cannot be hunted; there are .*relu.*max_pool"):
        subject("matmul")
