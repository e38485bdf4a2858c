"""Operands worth trying, shared by the tests of binary32."""

from hypothesis import strategies as st

from refsem.rounding import Environment, InvalidInteger, NanPolicy, Tininess

MAGNITUDES = (
    0x00000000,
    0x00000001,
    0x00000002,
    0x007FFFFF,
    0x00800000,
    0x00800001,
    0x0BFFFFFF,
    0x33800000,
    0x34000000,
    0x3EFFFFFF,
    0x3F000000,
    0x3F000001,
    0x3F7FFFFF,
    0x3F800000,
    0x3F800001,
    0x3FC00000,
    0x40000000,
    0x40200000,
    0x40C90FDB,
    0x4AFFFFFF,
    0x4B000000,
    0x4B7FFFFF,
    0x4B800000,
    0x4B800001,
    0x4F000000,
    0x5F800000,
    0x7E800000,
    0x7F7FFFFE,
    0x7F7FFFFF,
    0x7F800000,
    0x7F800001,
    0x7FBFFFFF,
    0x7FC00000,
    0x7FC00001,
    0x7FFFFFFF,
)
"""The boundary grid: magnitudes around every place where something changes."""

GRID = tuple(sign | magnitude for magnitude in MAGNITUDES for sign in (0, 1 << 31))

patterns = (
    st.sampled_from(GRID)
    | st.integers(0, (1 << 32) - 1)
    | st.builds(
        lambda sign, field, trailing: sign << 31 | field << 23 | trailing,
        st.integers(0, 1),
        st.sampled_from([0, 1, 2, 102, 103, 104, 126, 127, 128, 150, 151, 253, 254, 255]),
        st.sampled_from([0, 1, 2, 3, 0x3FFFFF, 0x400000, 0x400001, 0x7FFFFE, 0x7FFFFF])
        | st.integers(0, 0x7FFFFF),
    )
)

environments = st.builds(
    Environment,
    tininess=st.sampled_from(Tininess),
    nan_policy=st.sampled_from(NanPolicy),
    fused_nan_invalid=st.booleans(),
    invalid_integer=st.sampled_from(InvalidInteger),
    flush_to_zero=st.booleans(),
    denormals_are_zero=st.booleans(),
)
