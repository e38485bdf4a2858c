"""Binary32 at random: relation against function, flags, neighbours, ulp, outward bounds."""

from gmpy2 import mpq
from hypothesis import given
from hypothesis import strategies as st

from refsem.rounding import (
    BINARY32,
    RISCV,
    Mode,
    Tininess,
    Unbounded,
    exact_value,
    greatest_finite,
    is_rounding,
    is_tiny,
    next_down,
    next_up,
    overflows,
    power_of_two,
    round_down,
    round_to_binary32,
    round_up,
    round_with_flags,
    ulp,
)

GREATEST = greatest_finite(BINARY32)
modes = st.sampled_from(Mode)
finite_patterns = st.builds(
    lambda sign, magnitude: sign << 31 | magnitude,
    st.integers(0, 1),
    st.integers(0, BINARY32.greatest_finite),
)
wide_rationals = st.builds(
    lambda n, d, e: mpq(n, d) * power_of_two(e),
    st.integers(-(1 << 60), 1 << 60),
    st.integers(1, 1 << 40),
    st.integers(-230, 110),
)
shares = st.builds(mpq, st.integers(0, 16), st.just(16)) | st.builds(
    lambda n, d: mpq(n, n + d), st.integers(0, 1 << 70), st.integers(1, 1 << 70)
)


def between(bits: int, share: mpq) -> mpq:
    low = exact_value(BINARY32, bits)
    upper = next_up(BINARY32, bits)
    high = power_of_two(128) if upper == BINARY32.infinity else exact_value(BINARY32, upper)
    return low + share * (high - low)


close_rationals = st.builds(between, finite_patterns, shares)
rationals = wide_rationals | close_rationals


@given(modes, rationals, st.integers(0, 1))
def test_function_satisfies_relation(mode: Mode, value: mpq, zero_sign: int) -> None:
    bits = round_to_binary32(mode, value, zero_sign)
    assert is_rounding(BINARY32, mode, value, zero_sign, bits)


@given(modes, rationals)
def test_flags_satisfy_their_inequalities(mode: Mode, value: mpq) -> None:
    result = round_with_flags(BINARY32, mode, value, 0, RISCV)
    infinite = result.bits & BINARY32.infinity == BINARY32.infinity
    inexact = infinite or exact_value(BINARY32, result.bits) != value
    assert result.flags.inexact == inexact
    assert result.flags.overflow == overflows(BINARY32, mode, value)
    tiny = is_tiny(BINARY32, mode, value, Tininess.AFTER)
    assert result.flags.underflow == (tiny and inexact)


@given(modes, finite_patterns)
def test_values_round_to_themselves(mode: Mode, bits: int) -> None:
    assert round_to_binary32(mode, exact_value(BINARY32, bits), bits >> 31) == bits


@given(modes, rationals, rationals)
def test_rounding_is_monotone(mode: Mode, one: mpq, other: mpq) -> None:
    def rank(value: mpq) -> int:
        bits = round_to_binary32(mode, value, 0)
        magnitude = bits & 0x7FFFFFFF
        return -magnitude if bits >> 31 else magnitude

    low, high = sorted((one, other))
    assert rank(low) <= rank(high)


@given(rationals)
def test_outward_rounding_encloses_within_one_ulp(value: mpq) -> None:
    low, high = round_down(value), round_up(value)
    if value >= -GREATEST:
        assert low <= value
    else:
        assert low == Unbounded()
    if value <= GREATEST:
        assert high >= value
    else:
        assert high == Unbounded()
    if abs(value) <= GREATEST:
        assert high - low in (0, ulp(value))


@given(rationals)
def test_nearest_is_within_half_an_ulp(value: mpq) -> None:
    if abs(value) <= GREATEST:
        for mode in (Mode.RNE, Mode.RNA):
            nearest = exact_value(BINARY32, round_to_binary32(mode, value, 0))
            assert 2 * abs(nearest - value) <= ulp(value)


@given(finite_patterns)
def test_next_up_and_down_leave_no_value_between(bits: int) -> None:
    value = exact_value(BINARY32, bits)
    upper, lower = next_up(BINARY32, bits), next_down(BINARY32, bits)
    if upper != BINARY32.infinity:
        assert exact_value(BINARY32, upper) > value
        middle = (exact_value(BINARY32, upper) + value) / 2
        assert round_down(middle) == value
    if lower != BINARY32.infinity | BINARY32.sign_bit:
        assert exact_value(BINARY32, lower) < value
        middle = (exact_value(BINARY32, lower) + value) / 2
        assert round_up(middle) == value
