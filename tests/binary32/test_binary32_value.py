"""The value type over its whole range: classes partition, values agree with the format."""

import pytest
from binary32_grids import patterns
from gmpy2 import mpq
from hypothesis import given
from hypothesis import strategies as st

from refsem.binary32 import Binary32, Class
from refsem.rounding import BINARY32, Finite, Infinite, Mode, NotANumber, decode


@given(patterns)
def test_value_and_class_agree_with_the_format(bits: int) -> None:
    x = Binary32(bits)
    match decode(BINARY32, bits):
        case Finite(negative=negative, value=value):
            assert x.value == value
            assert x.is_finite
            assert x.is_zero + x.is_subnormal + x.is_normal == 1
            assert x.is_zero == (value == 0)
            assert x.is_normal == (abs(value) >= mpq(1, 1 << 126))
        case Infinite(negative=negative):
            assert x.is_infinite
            with pytest.raises(ValueError, match="not finite"):
                _ = x.value
        case NotANumber(negative=negative, quiet=quiet):
            assert x.is_nan
            assert x.is_signalling == (not quiet)
            with pytest.raises(ValueError, match="not finite"):
                _ = x.value
    assert x.is_negative == negative
    assert x.is_nan + x.is_infinite + x.is_finite == 1
    assert x.classification.value.startswith(
        ("signaling", "quiet") if x.is_nan else "negative" if negative else "positive"
    )


@given(patterns, st.sampled_from(Mode))
def test_a_finite_value_is_its_own_rounding(bits: int, mode: Mode) -> None:
    x = Binary32(bits)
    if x.is_finite:
        assert Binary32.from_rational(mode, x.value, bits >> 31) == x


@given(patterns)
def test_text_is_the_exact_value(bits: int) -> None:
    x = Binary32(bits)
    assert repr(x) == f"Binary32(0x{bits:08X})"
    if x.is_finite:
        assert mpq(*float.fromhex(str(x)).as_integer_ratio()) == x.value
        assert str(x).startswith("-") == x.is_negative


@pytest.mark.parametrize(
    ("bits", "class_", "text"),
    [
        (0x00000000, Class.POSITIVE_ZERO, "0x0p+0"),
        (0x80000000, Class.NEGATIVE_ZERO, "-0x0p+0"),
        (0x00000001, Class.POSITIVE_SUBNORMAL, "0x0.000002p-126"),
        (0x807FFFFF, Class.NEGATIVE_SUBNORMAL, "-0x0.fffffep-126"),
        (0x00800000, Class.POSITIVE_NORMAL, "0x1p-126"),
        (0xFF7FFFFF, Class.NEGATIVE_NORMAL, "-0x1.fffffep+127"),
        (0x3FC00000, Class.POSITIVE_NORMAL, "0x1.8p+0"),
        (0x7F800000, Class.POSITIVE_INFINITY, "inf"),
        (0xFF800000, Class.NEGATIVE_INFINITY, "-inf"),
        (0x7FC00000, Class.QUIET_NAN, "nan:0x400000"),
        (0xFF800001, Class.SIGNALLING_NAN, "-snan:0x1"),
    ],
)
def test_named_values(bits: int, class_: Class, text: str) -> None:
    assert Binary32(bits).classification is class_
    assert str(Binary32(bits)) == text


@pytest.mark.parametrize("bits", [-1, 1 << 32])
def test_other_integers_are_refused(bits: int) -> None:
    with pytest.raises(ValueError, match="not a 32-bit pattern"):
        Binary32(bits)


def test_zeros_and_nans_are_distinct_values() -> None:
    assert Binary32(0) != Binary32(0x80000000)
    assert len({Binary32(b) for b in (0x7FC00000, 0x7FC00001, 0x7F800001, 0x7FC00000)}) == 3
