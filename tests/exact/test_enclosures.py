"""Enclosures contain the value and shrink; rational values are found exactly where they are."""

import math
from fractions import Fraction
from itertools import pairwise

import gmpy2
import pytest
from gmpy2 import mpfr, mpq
from hypothesis import given
from hypothesis import strategies as st

from refsem.exact.functions import (
    Enclosure,
    Function,
    NoRationalValue,
    NotEnclosed,
    enclose,
    enclose_over,
    rational_value,
)

LOGARITHMS = (Function.LOG, Function.LOG2, Function.LOG10)
ORACLES = {
    Function.EXP: gmpy2.exp,
    Function.EXPM1: gmpy2.expm1,
    Function.EXP2: gmpy2.exp2,
    Function.EXP10: gmpy2.exp10,
    Function.LOG: gmpy2.log,
    Function.LOG1P: gmpy2.log1p,
    Function.LOG2: gmpy2.log2,
    Function.LOG10: gmpy2.log10,
    Function.SIN: gmpy2.sin,
    Function.COS: gmpy2.cos,
    Function.TAN: gmpy2.tan,
    Function.ATAN: gmpy2.atan,
    Function.SINH: gmpy2.sinh,
    Function.COSH: gmpy2.cosh,
    Function.TANH: gmpy2.tanh,
    Function.SIGMOID: lambda x: 1 / (1 + gmpy2.exp(-x)),
    Function.SOFTPLUS: lambda x: gmpy2.log1p(gmpy2.exp(x)),
    Function.SQRT: gmpy2.sqrt,
    Function.ERF: gmpy2.erf,
    Function.ERFC: gmpy2.erfc,
    Function.FLOOR: gmpy2.floor,
    Function.CEIL: gmpy2.ceil,
    Function.ROUND: gmpy2.rint,
    Function.TRUNC: gmpy2.trunc,
}
PYTHON_STEPS = {
    Function.FLOOR: math.floor,
    Function.CEIL: math.ceil,
    Function.ROUND: round,
    Function.TRUNC: math.trunc,
}
functions = st.sampled_from(Function)
positive = st.builds(mpq, st.integers(1, 10**9), st.integers(10**7, 10**8))


def near(function: Function, argument: mpq) -> mpq:
    with gmpy2.context(precision=900):
        return mpq(ORACLES[function](mpfr(argument)))


@given(functions, positive, st.sampled_from([60, 120, 240]))
def test_enclosures_contain_the_value_and_are_tight(
    function: Function, argument: mpq, precision: int
) -> None:
    found = enclose(function, argument, precision)
    assert isinstance(found, Enclosure)
    value = near(function, argument)
    slack = abs(value) * mpq(1, 1 << 800)
    assert found.lower - slack <= value <= found.upper + slack
    tighter = enclose(function, argument, precision * 4)
    assert isinstance(tighter, Enclosure)
    assert found.upper - found.lower >= tighter.upper - tighter.lower
    assert tighter.upper - tighter.lower <= (1 + abs(value)) * mpq(1, 1 << precision)


@given(functions, positive, positive)
def test_enclosures_over_an_interval_contain_its_points(
    function: Function, one: mpq, other: mpq
) -> None:
    lower, upper = sorted((one, other))
    found = enclose_over(function, lower, upper, 100)
    match found:
        case NotEnclosed():
            assert function is Function.TAN or upper - lower > 1
        case Enclosure():
            for point in (lower, (lower + upper) / 2, upper):
                inside = enclose(function, point, 200)
                assert isinstance(inside, Enclosure)
                assert found.lower <= inside.upper
                assert inside.lower <= found.upper


def test_steps_are_those_of_python_s_fractions() -> None:
    for n in range(-60, 61):
        for d in (1, 2, 3, 4, 6):
            x = Fraction(n, d)
            for function, step in PYTHON_STEPS.items():
                assert rational_value(function, mpq(n, d)) == step(x)
                assert enclose(function, mpq(n, d), 60) == Enclosure(mpq(step(x)), mpq(step(x)))


def test_outside_the_domain_nothing_is_enclosed() -> None:
    for function in LOGARITHMS:
        assert isinstance(enclose(function, mpq(0), 100), NotEnclosed)
        assert isinstance(enclose(function, mpq(-1), 100), NotEnclosed)
        assert isinstance(enclose_over(function, mpq(-1), mpq(1), 100), NotEnclosed)
    assert isinstance(enclose(Function.LOG1P, mpq(-1), 100), NotEnclosed)
    assert isinstance(enclose(Function.SQRT, mpq(-1), 100), NotEnclosed)
    assert isinstance(enclose_over(Function.TAN, mpq(1), mpq(2), 100), NotEnclosed)


def test_what_is_too_large_to_write_down_is_not_enclosed() -> None:
    for argument in (mpq(10**7), mpq(-(10**7)), mpq(10**40)):
        assert isinstance(enclose(Function.EXP, argument, 100), NotEnclosed)


@pytest.mark.parametrize(
    ("function", "argument", "value"),
    [
        (Function.EXP, mpq(0), mpq(1)),
        (Function.EXPM1, mpq(0), mpq(0)),
        (Function.SIGMOID, mpq(0), mpq(1, 2)),
        (Function.COS, mpq(0), mpq(1)),
        (Function.ERFC, mpq(0), mpq(1)),
        (Function.LOG, mpq(1), mpq(0)),
        (Function.EXP2, mpq(-3), mpq(1, 8)),
        (Function.EXP2, mpq(0), mpq(1)),
        (Function.EXP10, mpq(2), mpq(100)),
        (Function.LOG2, mpq(1, 1 << 149), mpq(-149)),
        (Function.LOG2, mpq(1), mpq(0)),
        (Function.LOG2, mpq(1 << 127), mpq(127)),
        (Function.LOG10, mpq(10**10), mpq(10)),
        (Function.LOG10, mpq(1, 1000), mpq(-3)),
        (Function.SQRT, mpq(0), mpq(0)),
        (Function.SQRT, mpq(9, 4), mpq(3, 2)),
        (Function.FLOOR, mpq(-1, 3), mpq(-1)),
        (Function.CEIL, mpq(-4, 3), mpq(-1)),
        (Function.TRUNC, mpq(-4, 3), mpq(-1)),
        (Function.ROUND, mpq(5, 2), mpq(2)),
        (Function.ROUND, mpq(7, 2), mpq(4)),
        (Function.ROUND, mpq(-1, 2), mpq(0)),
    ],
)
def test_rational_values(function: Function, argument: mpq, value: mpq) -> None:
    assert rational_value(function, argument) == value
    if value != 0:
        found = enclose(function, argument, 100)
        assert isinstance(found, Enclosure)
        assert found.lower <= value <= found.upper


@pytest.mark.parametrize(
    ("function", "argument"),
    [
        (Function.EXP, mpq(1)),
        (Function.EXP2, mpq(1, 2)),
        (Function.EXP10, mpq(3, 7)),
        (Function.LOG, mpq(2)),
        (Function.LOG2, mpq(3)),
        (Function.LOG2, mpq(10)),
        (Function.LOG2, mpq(-8)),
        (Function.LOG2, mpq(3, 2)),
        (Function.LOG10, mpq(2)),
        (Function.LOG10, mpq(999)),
        (Function.LOG10, mpq(1001)),
        (Function.LOG10, mpq(0)),
        (Function.SIN, mpq(1, 10**30)),
        (Function.SOFTPLUS, mpq(0)),
        (Function.SQRT, mpq(2)),
        (Function.SQRT, mpq(1, 2)),
        (Function.SQRT, mpq(-4)),
        (Function.ERF, mpq(1)),
    ],
)
def test_no_rational_value(function: Function, argument: mpq) -> None:
    assert rational_value(function, argument) == NoRationalValue()


def test_every_power_of_the_base_is_recognised() -> None:
    for base, function in ((2, Function.LOG2), (10, Function.LOG10)):
        powers = [mpq(base) ** k for k in range(-310, 311)]
        assert [rational_value(function, p) for p in powers] == list(range(-310, 311))
        for low, high in pairwise(powers):
            assert rational_value(function, (low + high) / 2) == NoRationalValue()
