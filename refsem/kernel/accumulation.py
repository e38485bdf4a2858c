"""Steps of a reduction: sums and products of values of several formats, rounded once into another.

A value is a sign, a magnitude and the *layout* of its format, one integer for precision (53 at
most) and exponent width. A step takes the exact sum, or product, or both, of its operands,
whatever their formats, and rounds it once into its own. In binary32 throughout, the steps are add,
mul and fma. A NaN is chosen among the operands by the policy and then converted.

Flushing leaves binary16 and bfloat16 alone, as everywhere. Source: IEEE 754-2019 §5.4.1, §6.
"""

from refsem.kernel.arithmetic import add_windows, zero_sum_sign
from refsem.kernel.encoding import (
    DENORMALS_ARE_ZERO,
    FLUSH_TO_ZERO,
    FUSED_NAN_INVALID,
    INVALID,
    NAN_FIRST_SIGNALLING,
    NAN_POLICY_FIELD,
    NAN_X86,
)
from refsem.kernel.formats import convert, infinity_of, is_signalling_magnitude
from refsem.kernel.packing import (
    MAGNITUDE,
    PRECISION,
    bit_length,
    deliver,
    exponent_of,
    significand_of,
)

BINARY32_LAYOUT = 24 << 4 | 8
NUMBER, QUIET_NAN, SIGNALLING_NAN = 0, 1, 2
STORAGE_PRECISION = 11
"""Formats of no more precision than binary16 are storage: their subnormals are never flushed."""


def kind_of(magnitude: int, layout: int) -> int:
    """Whether the magnitude is that of a number or of a NaN, and of which."""
    precision = layout >> 4
    if magnitude <= infinity_of(precision, layout & 15):
        return NUMBER
    return SIGNALLING_NAN if is_signalling_magnitude(magnitude, precision) else QUIET_NAN


def place_of_nan(setting: int, kind_x: int, kind_y: int, kind_z: int) -> int:
    """The place, 0 to 2, of the NaN delivered; one of the kinds at least is not a number."""
    if setting & NAN_POLICY_FIELD == NAN_FIRST_SIGNALLING:
        if kind_x == SIGNALLING_NAN:
            return 0
        if kind_y == SIGNALLING_NAN:
            return 1
        if kind_z == SIGNALLING_NAN:
            return 2
    if kind_x != NUMBER:
        return 0
    return 1 if kind_y != NUMBER else 2


def read_value(setting: int, magnitude: int, layout: int) -> int:
    """The magnitude as the environment reads it: a subnormal one may be zero."""
    precision = layout >> 4
    subnormal = magnitude >> (precision - 1) == 0
    if setting & DENORMALS_ARE_ZERO and subnormal and precision > STORAGE_PRECISION:
        return 0
    return magnitude


def rounded(
    setting: int, sign: int, significand: int, exponent: int, layout: int
) -> tuple[int, int, int]:
    """The sign, magnitude and flags of a number ≠ 0 rounded into a format."""
    precision = layout >> 4
    if precision <= STORAGE_PRECISION:
        setting &= ~FLUSH_TO_ZERO
    magnitude, flags = deliver(setting, sign, significand, exponent, precision, layout & 15)
    return sign, magnitude, flags


def invalid_value(setting: int, layout: int) -> tuple[int, int, int]:
    """The result of an invalid step on numbers."""
    precision = layout >> 4
    nan = infinity_of(precision, layout & 15) | 1 << (precision - 2)
    return 1 if setting & NAN_POLICY_FIELD == NAN_X86 else 0, nan, INVALID


def convert_value(
    setting: int, sign: int, magnitude: int, layout: int, to_layout: int
) -> tuple[int, int, int]:
    """A value rounded into another format."""
    if to_layout >> 4 <= STORAGE_PRECISION:
        setting &= ~FLUSH_TO_ZERO
    magnitude = read_value(setting, magnitude, layout)
    return convert(
        setting, sign, magnitude, layout >> 4, layout & 15, to_layout >> 4, to_layout & 15
    )


def sum_of_numbers(
    setting: int,
    sign_x: int,
    x: int,
    exponent_x: int,
    sign_y: int,
    y: int,
    exponent_y: int,
    layout: int,
) -> tuple[int, int, int]:
    """The sum of two numbers of at most 53 significant bits each, rounded into a format."""
    if x == 0 and y == 0:
        return zero_sum_sign(setting, sign_x, sign_y), 0, 0
    if x == 0:
        return rounded(setting, sign_y, y, exponent_y, layout)
    if y == 0:
        return rounded(setting, sign_x, x, exponent_x, layout)
    # Both are brought to bit 60; 8 free bits at least remain below. Bits are lost at distances
    # over 8 only, where the lesser one ends up below 2^52.
    room_x, room_y = 61 - bit_length(x), 61 - bit_length(y)
    sign, total, exponent = add_windows(
        sign_x, x << room_x, exponent_x - room_x, sign_y, y << room_y, exponent_y - room_y
    )
    if total == 0:
        return zero_sum_sign(setting, sign_x, sign_y), 0, 0
    return rounded(setting, sign, total, exponent, layout)


def add_values(
    setting: int,
    sign_x: int,
    x: int,
    layout_x: int,
    sign_y: int,
    y: int,
    layout_y: int,
    layout: int,
) -> tuple[int, int, int]:
    """The sum of two values rounded into a format; ∞ − ∞ is invalid."""
    kind_x, kind_y = kind_of(x, layout_x), kind_of(y, layout_y)
    if kind_x != NUMBER or kind_y != NUMBER:
        if place_of_nan(setting, kind_x, kind_y, NUMBER) == 0:
            sign, nan, _ = convert_value(setting, sign_x, x, layout_x, layout)
        else:
            sign, nan, _ = convert_value(setting, sign_y, y, layout_y, layout)
        signals = SIGNALLING_NAN in (kind_x, kind_y)
        return sign, nan, INVALID if signals else 0
    x, y = read_value(setting, x, layout_x), read_value(setting, y, layout_y)
    precision_x, precision_y = layout_x >> 4, layout_y >> 4
    infinite_x = x == infinity_of(precision_x, layout_x & 15)
    infinite_y = y == infinity_of(precision_y, layout_y & 15)
    if infinite_x or infinite_y:
        if infinite_x and infinite_y and sign_x != sign_y:
            return invalid_value(setting, layout)
        return sign_x if infinite_x else sign_y, infinity_of(layout >> 4, layout & 15), 0
    return sum_of_numbers(
        setting,
        sign_x,
        significand_of(x, precision_x),
        exponent_of(x, precision_x, layout_x & 15),
        sign_y,
        significand_of(y, precision_y),
        exponent_of(y, precision_y, layout_y & 15),
        layout,
    )


def multiply_values(setting: int, x: int, y: int, layout: int) -> tuple[int, int, int]:
    """The product of two binary32 patterns rounded into a format; ∞·0 is invalid."""
    sign_x, sign_y = x >> 31, y >> 31
    x, y = x & MAGNITUDE, y & MAGNITUDE
    kind_x, kind_y = kind_of(x, BINARY32_LAYOUT), kind_of(y, BINARY32_LAYOUT)
    if kind_x != NUMBER or kind_y != NUMBER:
        return add_values(setting, sign_x, x, BINARY32_LAYOUT, sign_y, y, BINARY32_LAYOUT, layout)
    sign = sign_x ^ sign_y
    x, y = read_value(setting, x, BINARY32_LAYOUT), read_value(setting, y, BINARY32_LAYOUT)
    infinity = infinity_of(PRECISION, BINARY32_LAYOUT & 15)
    if infinity in (x, y):
        if 0 in (x, y):
            return invalid_value(setting, layout)
        return sign, infinity_of(layout >> 4, layout & 15), 0
    if x == 0 or y == 0:
        return sign, 0, 0
    product = significand_of(x, PRECISION) * significand_of(y, PRECISION)
    exponent = exponent_of(x, PRECISION, 8) + exponent_of(y, PRECISION, 8)
    return rounded(setting, sign, product, exponent, layout)


def fuse_values(
    setting: int, x: int, y: int, sign_z: int, z: int, layout_z: int, layout: int
) -> tuple[int, int, int]:
    """The value x·y + z of binary32 patterns x, y rounded once; ∞·0 and ∞ − ∞ are invalid."""
    sign, infinity = (x ^ y) >> 31, infinity_of(PRECISION, 8)
    magnitude_x = read_value(setting, x & MAGNITUDE, BINARY32_LAYOUT)
    magnitude_y = read_value(setting, y & MAGNITUDE, BINARY32_LAYOUT)
    infinity_z = infinity_of(layout_z >> 4, layout_z & 15)
    infinite_product = infinity in (magnitude_x, magnitude_y)
    undefined = infinite_product and 0 in (magnitude_x, magnitude_y)
    if magnitude_x > infinity or magnitude_y > infinity or z > infinity_z:
        return fuse_nans(setting, x, y, sign_z, z, layout_z, layout, undefined)
    if undefined:
        return invalid_value(setting, layout)
    if infinite_product:
        return add_values(setting, sign, infinity, BINARY32_LAYOUT, sign_z, z, layout_z, layout)
    if z == infinity_z:
        return sign_z, infinity_of(layout >> 4, layout & 15), 0
    z = read_value(setting, z, layout_z)
    return sum_of_numbers(
        setting,
        sign,
        significand_of(magnitude_x, PRECISION) * significand_of(magnitude_y, PRECISION),
        exponent_of(magnitude_x, PRECISION, 8) + exponent_of(magnitude_y, PRECISION, 8),
        sign_z,
        significand_of(z, layout_z >> 4),
        exponent_of(z, layout_z >> 4, layout_z & 15),
        layout,
    )


def fuse_nans(
    setting: int,
    x: int,
    y: int,
    sign_z: int,
    z: int,
    layout_z: int,
    layout: int,
    undefined: bool,
) -> tuple[int, int, int]:
    """The value x·y + z where one of the three is a NaN; `undefined` if the product is ∞·0."""
    kind_x = kind_of(x & MAGNITUDE, BINARY32_LAYOUT)
    kind_y = kind_of(y & MAGNITUDE, BINARY32_LAYOUT)
    kind_z = kind_of(z, layout_z)
    signals = SIGNALLING_NAN in (kind_x, kind_y, kind_z)
    if undefined and setting & FUSED_NAN_INVALID:
        # The product signals; where x86 rules, its NaN comes before that of the addend.
        if setting & NAN_POLICY_FIELD == NAN_X86:
            return invalid_value(setting, layout)
        signals = True
    place = place_of_nan(setting, kind_x, kind_y, kind_z)
    if place == 2:
        sign, nan, _ = convert_value(setting, sign_z, z, layout_z, layout)
    else:
        chosen = x if place == 0 else y
        sign, nan, _ = convert_value(
            setting, chosen >> 31, chosen & MAGNITUDE, BINARY32_LAYOUT, layout
        )
    return sign, nan, INVALID if signals else 0
