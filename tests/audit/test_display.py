"""Numbers as shown: exact where that is short, else rounded and marked; of any size."""

from fractions import Fraction

import pytest
from gmpy2 import mpq
from hypothesis import given
from hypothesis import strategies as st

from refsem.audit.display import decimal, decimal_above, decimal_below, exact


def as_rational(value: Fraction) -> mpq:
    return mpq(value.numerator, value.denominator)


@given(st.fractions(), st.integers(1, 25))
def test_a_decimal_is_within_half_a_unit_of_its_last_digit(value: Fraction, digits: int) -> None:
    shown = Fraction(decimal(as_rational(value), digits))
    assert abs(shown - value) <= abs(value) * Fraction(1, 2 * 10 ** (digits - 1))
    assert (shown < 0) == (value < 0)


@given(st.fractions(), st.integers(1, 25))
def test_ends_are_rounded_outward_by_less_than_a_unit(value: Fraction, digits: int) -> None:
    below, above = (
        Fraction(show(as_rational(value), digits)) for show in (decimal_below, decimal_above)
    )
    assert below <= value <= above
    unit = abs(value) * Fraction(1, 10 ** (digits - 1))
    assert value - below <= unit
    assert above - value <= unit
    nearest = Fraction(decimal(as_rational(value), digits))
    assert nearest == (below if value - below < above - value else above) or (
        value - below == above - value
    )


@pytest.mark.parametrize(
    ("value", "below", "above"),
    [
        (mpq(0), "0", "0"),
        (mpq(1, 2), "0.5", "0.5"),
        (mpq(1, 3), "0.333", "0.334"),
        (mpq(-1, 3), "-0.334", "-0.333"),
        (mpq(99999, 100000), "0.999", "1"),
        (mpq(-99999, 100000), "-1", "-0.999"),
        (mpq(2, 3 * 10**20), "6.66e-21", "6.67e-21"),
    ],
)
def test_ends_as_shown(value: mpq, below: str, above: str) -> None:
    assert (decimal_below(value, 3), decimal_above(value, 3)) == (below, above)


@given(st.integers(-(10**9), 10**9), st.integers(-12, 12))
def test_a_short_decimal_is_shown_exactly(number: int, exponent: int) -> None:
    value = number * Fraction(10) ** exponent
    assert Fraction(exact(as_rational(value))) == value


@given(st.floats(width=32, allow_nan=False, allow_infinity=False))
def test_what_is_not_marked_is_exact(number: float) -> None:
    shown = exact(as_rational(Fraction(number)))
    if not shown.startswith("≈"):
        assert Fraction(shown) == Fraction(number)
    assert len(shown.removeprefix("≈")) <= 40


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (mpq(0), "0"),
        (mpq(-1, 2), "-0.5"),
        (mpq(100), "100"),
        (mpq(1, 3), "≈0.333333333333"),
        (mpq(-2, 3), "≈-0.666666666667"),
        (mpq(1, 2**20), "0.00000095367431640625"),
        (mpq(10) ** 39, "1" + "0" * 39),
        (mpq(10) ** 40, "≈1e40"),
        (mpq(10) ** 5000, "≈1e5000"),
        (-(mpq(10) ** 20_000) / 3, "≈-3.33333333333e19999"),
        (1 / mpq(10) ** 5000, "≈1e-5000"),
        (mpq(2) ** -149, "≈1.40129846432e-45"),
    ],
)
def test_numbers_of_any_size_are_shown(value: mpq, shown: str) -> None:
    assert exact(value) == shown


@pytest.mark.parametrize(
    ("value", "digits", "shown"),
    [
        (mpq(999, 1000), 2, "1"),
        (mpq(995, 1000), 2, "1"),
        (mpq(994, 1000), 2, "0.99"),
        (mpq(12345), 3, "12300"),
        (mpq(10) ** 16, 3, "1e16"),
        (mpq(10) ** 15, 3, "1000000000000000"),
        (mpq(-1, 10**5), 3, "-0.00001"),
        (mpq(-15, 10**7), 3, "-1.5e-6"),
    ],
)
def test_rounding_carries_and_notation_changes(value: mpq, digits: int, shown: str) -> None:
    assert decimal(value, digits) == shown
