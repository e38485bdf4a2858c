"""Judgement of single claims: exact amounts, kinds, silence, and what is no number."""

import re
from itertools import product

import numpy as np
import pytest
from gmpy2 import mpq
from hypothesis import given, settings
from hypothesis import strategies as st

from refsem.binary32.catalogue import Kind
from refsem.errors import InputError
from refsem.hunt.boxes import Box, arrays
from refsem.hunt.claims import Claims, read_answer
from refsem.hunt.judging import Falsehood, Finding, judge
from refsem.hunt.statement import Statement, subject
from refsem.ir.readings import evaluate


def stated(operator: str, **attributes: int) -> Statement:
    found = subject(operator)
    values = {name: mpq(value) for name, value in attributes.items()}
    return found.statement(found.widths[0], values)


def judged(
    statement: Statement, box: Box, kind: Kind = Kind.BINARY32, **answer: object
) -> list[Finding]:
    shaped = {key: np.array(value, np.float64) for key, value in answer.items()}
    lower, upper = arrays([box])
    claims = read_answer("test", shaped, *lower.shape)
    return judge(statement, kind, lower, upper, claims)[0]


def amounts(findings: list[Finding]) -> dict[str, mpq | None]:
    return {f.claim: None if f.violation is None else f.violation.amount for f in findings}


def test_touching_bounds_are_true_and_one_value_inside_is_false() -> None:
    relu = stated("relu")
    assert judged(relu, ((-1.0, 2.0),), lower=[0.0], upper=[2.0]) == []
    below = float(np.nextafter(2.0, 0))
    found = judged(relu, ((-1.0, 2.0),), upper=[below])
    assert amounts(found) == {"upper": mpq(1, 2**52)}
    assert found[0].kind is Falsehood.ROUNDING
    assert found[0].violation is not None
    assert found[0].violation.point == (mpq(2),)


def test_an_interior_extremum_is_found_exactly_where_it_is_dyadic() -> None:
    found = judged(
        stated("square"),
        ((-3.0, 5.0),),
        lower_slope=[[2.0]],
        lower_intercept=[-0.5],
    )
    # x² − 2x + 1/2 is least at 1, where it is −1/2
    assert amounts(found) == {"lower line": mpq(1, 2)}
    assert found[0].kind is Falsehood.RULE


def test_an_irrational_value_is_passed_by_at_least_what_is_said() -> None:
    softmax = subject("softmax").statement(2, {})
    box = ((0.0, 1.0), (0.0, 0.0))
    # 1 / (1 + e^-1) = 0.7310585786300048792511592418218362743651446401650565...
    assert judged(softmax, box, upper=[0.7310585786300049]) == []
    (finding,) = judged(softmax, box, upper=[0.7310585786300048])
    assert finding.violation is not None
    exact = mpq("7310585786300048792511592418218362743651446401650565/10") / 10**51
    assert 0 < finding.violation.amount <= exact - mpq(0.7310585786300048)
    assert finding.violation.amount > mpq(1, 2**60)


def test_outward_infinity_is_silence_and_inward_infinity_is_false() -> None:
    relu, box = stated("relu"), ((-1.0, 1.0),)
    assert judged(relu, box, lower=[-np.inf], upper=[np.inf]) == []
    slope = {"upper_slope": [[3.0]], "upper_intercept": [np.inf]}
    assert judged(relu, box, **slope) == []
    found = judged(relu, box, lower=[np.inf], upper=[-np.inf])
    assert amounts(found) == {"lower": None, "upper": None}
    assert {f.kind for f in found} == {Falsehood.RULE}


@pytest.mark.parametrize("slope", [np.nan, np.inf, 0.0])
def test_what_is_no_number_is_a_kind_of_its_own(slope: float) -> None:
    intercept = np.nan if slope == 0 else 1.0
    found = judged(
        stated("relu"), ((-1.0, 1.0),), lower_slope=[[slope]], lower_intercept=[intercept]
    )
    assert [f.kind for f in found] == [Falsehood.NAN]


def test_a_nan_slope_is_no_silence() -> None:
    line = {"upper_slope": [[np.nan]], "upper_intercept": [np.inf]}
    assert [f.kind for f in judged(stated("relu"), ((-1.0, 1.0),), **line)] == [Falsehood.NAN]


@pytest.mark.parametrize(
    ("short", "kind"),
    [(2.0**-23, "rounding"), (2.0**-18, "rounding"), (2.0**-17, "rule"), (1.0, "rule")],
)
def test_sixteen_roundings_divide_the_kinds(short: float, kind: str) -> None:
    # M is 1 + 1 − short and the allowance 16 · 2^-23 · M, nearly 2^-18
    found = judged(stated("relu"), ((0.0, 1.0),), upper=[1.0 - short * (1 - 2.0**-10)])
    assert [f.kind.value for f in found] == [kind]


def test_in_binary64_the_same_violation_is_rule_level() -> None:
    found = judged(stated("relu"), ((0.0, 1.0),), Kind.BINARY64, upper=[1 - 2.0**-23])
    assert [f.kind for f in found] == [Falsehood.RULE]


def test_a_slope_that_underflows_is_rounding() -> None:
    box = ((-(2.0**24), 2.0**-126),)
    found = judged(stated("relu"), box, upper_slope=[[0.0]], upper_intercept=[0.0])
    assert [f.kind for f in found] == [Falsehood.ROUNDING]


SMALL = st.integers(-8, 8).map(lambda n: n / 2)


@st.composite
def claimed_boxes(draw: st.DrawFn) -> tuple[Box, list[float], float]:
    ends = [sorted((draw(SMALL), draw(SMALL))) for _ in "xy"]
    return (
        tuple((low, high) for low, high in ends),
        [draw(SMALL), draw(SMALL)],
        draw(SMALL),
    )


@pytest.mark.parametrize("operator", ["max", "min", "mul", "prelu"])
@settings(max_examples=40)
@given(case=claimed_boxes(), upper=st.booleans())
def test_no_half_integer_point_is_worse_than_what_is_found(
    operator: str, case: tuple[Box, list[float], float], *, upper: bool
) -> None:
    box, slopes, intercept = case
    side = "upper" if upper else "lower"
    answer = {f"{side}_slope": [[s] for s in slopes], f"{side}_intercept": [intercept]}
    statement = stated(operator)
    found = judged(statement, box, **answer)
    grid = [[mpq(n, 2) for n in range(int(2 * low), int(2 * high) + 1)] for low, high in box]
    sign = 1 if upper else -1
    worst = max(
        sign
        * (
            evaluate(statement.term, dict(zip("xy", point, strict=True)))
            - sum(mpq(s) * x for s, x in zip(slopes, point, strict=True))
            - mpq(intercept)
        )
        for point in product(*grid)
    )
    amount = found[0].violation.amount if found and found[0].violation else mpq(0)
    assert amount >= max(worst, 0)


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (None, "a dict of arrays expected"),
        ([1.0], "a dict of arrays expected"),
        ({}, "claims nothing"),
        ({"low": np.zeros(2)}, "unknown key 'low'"),
        ({"lower": np.zeros(3)}, "shape [3], [2] expected"),
        ({"lower": np.zeros((1, 2))}, "shape [1, 2], [2] expected"),
        ({"lower": 0.5}, "shape [], [2] expected"),
        ({"lower": np.zeros(2, np.int64)}, "int64, float64 expected"),
        ({"lower": ["a", "b"]}, "float64 expected"),
        ({"lower": [[1.0], [1.0, 2.0]]}, "is no array"),
        ({"upper_slope": np.zeros((1, 2))}, "only"),
        ({"upper_intercept": np.zeros(2)}, "only"),
        ({"upper_slope": np.zeros(2), "upper_intercept": np.zeros(2)}, "[1, 2] expected"),
    ],
)
def test_an_answer_of_another_form_is_refused(answer: object, message: str) -> None:
    with pytest.raises(InputError, match=re.escape(message)):
        read_answer("python:m:f", answer, 1, 2)


def test_binary32_arrays_are_read_exactly() -> None:
    third = np.array([1 / 3], np.float32)
    (claims,) = read_answer("test", {"lower": third}, 1, 1)
    assert isinstance(claims, Claims)
    assert mpq(float(claims.intercepts[0])) == mpq(float(third[0]))
