"""What the vectors do not fix: policies, flushing, scaling, and the laws of single rounding."""

from dataclasses import replace

import pytest
from binary32_grids import environments, patterns
from gmpy2 import mpq
from hypothesis import given
from hypothesis import strategies as st

from refsem.binary32 import Binary32, Result
from refsem.binary32.arithmetic import (
    add,
    div,
    fma,
    log_b,
    mul,
    remainder,
    round_to_integral,
    scale_b,
    sqrt,
    sub,
)
from refsem.binary32.catalogue import OPERATIONS, Call, Kind, Operation
from refsem.rounding import (
    BINARY32,
    RISCV,
    X86,
    Environment,
    Mode,
    NanPolicy,
    Tininess,
    is_rounding,
    power_of_two,
)

FIRST = replace(RISCV, nan_policy=NanPolicy.FIRST_SIGNALLING)
ZERO, ONE, INFINITE = Binary32(0), Binary32(0x3F800000), Binary32(0x7F800000)
QUIET, OTHER = Binary32(0x7FC00001), Binary32(0xFFC00002)
SIGNALLING = Binary32(0x7F800003)

finite = patterns.map(lambda bits: Binary32(bits & 0x7FFFFFFF if bits & 0x7F800000 else bits)).map(
    lambda x: x if x.is_finite else Binary32(x.bits & 0x807FFFFF | 0x3F800000)
)
divisors = finite.map(lambda x: Binary32(0x3F800001) if x.is_zero else x)
modes = st.sampled_from(Mode)
ARITHMETIC = tuple(
    operation
    for operation in OPERATIONS
    if operation.result is Kind.BINARY32
    and operation.name not in ("negate", "absolute", "copy_sign")
)


def answer(result: Result) -> tuple[int, int]:
    return result.value.bits, result.flags.bits


@given(modes, finite, finite)
def test_sums_and_products_round_the_exact_value(mode: Mode, x: Binary32, y: Binary32) -> None:
    for operation, exact in (
        (add, x.value + y.value),
        (sub, x.value - y.value),
        (mul, x.value * y.value),
    ):
        result = operation(mode, x, y, RISCV).value.bits
        assert is_rounding(BINARY32, mode, exact, result >> 31, result)


@given(modes, finite, divisors)
def test_quotients_round_the_exact_value(mode: Mode, x: Binary32, y: Binary32) -> None:
    result = div(mode, x, y, RISCV).value.bits
    assert is_rounding(BINARY32, mode, x.value / y.value, result >> 31, result)


@given(modes, finite, finite, finite)
def test_fma_rounds_the_exact_value(mode: Mode, x: Binary32, y: Binary32, z: Binary32) -> None:
    exact = x.value * y.value + z.value
    result = fma(mode, x, y, z, RISCV).value.bits
    assert is_rounding(BINARY32, mode, exact, result >> 31, result)


@given(modes, finite)
def test_sqrt_is_decided_by_squaring(mode: Mode, x: Binary32) -> None:
    x = Binary32(x.magnitude)
    result = sqrt(mode, x, RISCV)
    root, value = result.value.value, x.value
    assert result.flags.inexact == (root**2 != value)
    half_up = (root + Binary32(result.value.bits + 1).value) / 2
    if mode is Mode.RTP:
        assert root**2 >= value
        assert root == 0 or Binary32(result.value.bits - 1).value ** 2 < value
    elif mode in (Mode.RTN, Mode.RTZ):
        assert root**2 <= value < Binary32(result.value.bits + 1).value ** 2
    else:
        assert value <= half_up**2
        assert root == 0 or value >= ((root + Binary32(result.value.bits - 1).value) / 2) ** 2


@given(finite, divisors)
def test_remainder_is_a_least_difference(x: Binary32, y: Binary32) -> None:
    result = remainder(x, y, RISCV)
    exact = result.value.value
    quotient = (x.value - exact) / y.value
    assert result.flags.bits == 0
    assert quotient.denominator == 1
    assert 2 * abs(exact) <= abs(y.value)
    assert 2 * abs(exact) != abs(y.value) or quotient.numerator % 2 == 0


@pytest.mark.parametrize("mode", Mode)
def test_zero_sums(mode: Mode) -> None:
    minus = Binary32(0x80000000)
    cancelled = 0x80000000 if mode is Mode.RTN else 0
    assert answer(add(mode, ZERO, minus, RISCV)) == (cancelled, 0)
    assert answer(add(mode, ONE, Binary32(0xBF800000), RISCV)) == (cancelled, 0)
    assert answer(sub(mode, ONE, ONE, RISCV)) == (cancelled, 0)
    assert answer(add(mode, minus, minus, RISCV)) == (0x80000000, 0)
    assert answer(sub(mode, minus, ZERO, RISCV)) == (0x80000000, 0)
    assert answer(fma(mode, ONE, minus, ZERO, RISCV)) == (cancelled, 0)
    assert answer(fma(mode, ONE, minus, minus, RISCV)) == (0x80000000, 0)
    tiny = Binary32(1)
    underflowed = fma(mode, tiny, Binary32(0x80000001), ZERO, RISCV)
    assert underflowed.value.is_negative
    assert underflowed.flags.bits == 3


NAN_RULES = [
    (RISCV, 0x7FC00000, 0x7FC00000, 0x7FC00000, 0x7FC00000),
    (FIRST, 0x7FC00000, 0x7FC00001, 0xFFC00002, 0x7FC00003),
    (X86, 0xFFC00000, 0x7FC00001, 0xFFC00002, 0x7FC00001),
]


@pytest.mark.parametrize(("environment", "default", "one", "other", "mixed"), NAN_RULES)
def test_nan_policies(
    environment: Environment, default: int, one: int, other: int, mixed: int
) -> None:
    for operation in (add, sub, mul, div):
        assert answer(operation(Mode.RNE, QUIET, OTHER, environment)) == (one, 0)
        assert answer(operation(Mode.RNE, OTHER, QUIET, environment)) == (other, 0)
        assert answer(operation(Mode.RNE, QUIET, SIGNALLING, environment)) == (mixed, 16)
        assert answer(operation(Mode.RNE, ONE, QUIET, environment)) == (one, 0)
    assert answer(sub(Mode.RNE, INFINITE, INFINITE, environment)) == (default, 16)
    assert answer(mul(Mode.RNE, INFINITE, ZERO, environment)) == (default, 16)
    assert answer(div(Mode.RNE, ZERO, ZERO, environment)) == (default, 16)
    assert answer(sqrt(Mode.RNE, Binary32(0xBF800000), environment)) == (default, 16)
    assert answer(remainder(INFINITE, ONE, environment)) == (default, 16)
    assert answer(fma(Mode.RNE, ONE, ONE, QUIET, environment)) == (one, 0)
    assert answer(fma(Mode.RNE, ONE, QUIET, SIGNALLING, environment)) == (mixed, 16)


def test_infinity_times_zero_plus_nan() -> None:
    def run(policy: NanPolicy, z: Binary32, *, raises: bool) -> tuple[int, int]:
        environment = replace(RISCV, nan_policy=policy, fused_nan_invalid=raises)
        swapped = fma(Mode.RNE, ZERO, INFINITE, z, environment)
        result = fma(Mode.RNE, INFINITE, ZERO, z, environment)
        assert result == swapped
        return answer(result)

    assert run(NanPolicy.CANONICAL, QUIET, raises=True) == (0x7FC00000, 16)
    assert run(NanPolicy.CANONICAL, QUIET, raises=False) == (0x7FC00000, 0)
    assert run(NanPolicy.CANONICAL, SIGNALLING, raises=False) == (0x7FC00000, 16)
    assert run(NanPolicy.FIRST_SIGNALLING, OTHER, raises=False) == (0xFFC00002, 0)
    assert run(NanPolicy.FIRST_SIGNALLING, OTHER, raises=True) == (0xFFC00002, 16)
    assert run(NanPolicy.X86, QUIET, raises=True) == (0xFFC00000, 16)
    assert run(NanPolicy.X86, QUIET, raises=False) == (0x7FC00001, 0)
    assert run(NanPolicy.X86, SIGNALLING, raises=False) == (0x7FC00003, 16)
    assert run(NanPolicy.X86, ONE, raises=False) == (0xFFC00000, 16)


def test_flush_to_zero_follows_the_rule_of_tininess() -> None:
    flushing = replace(RISCV, flush_to_zero=True)
    least_normal, half = Binary32(0x00800000), Binary32(0x3F000000)
    assert answer(mul(Mode.RNE, least_normal, half, flushing)) == (0, 3)
    assert answer(mul(Mode.RNE, least_normal, Binary32(0xBF000000), flushing)) == (0x80000000, 3)
    assert answer(mul(Mode.RNE, least_normal, half, RISCV)) == (0x00400000, 0)
    near = (Binary32(0x007FFFFF), Binary32(0x3F800001))
    before = replace(flushing, tininess=Tininess.BEFORE)
    assert answer(mul(Mode.RNE, *near, flushing)) == (0x00800000, 1)
    assert answer(mul(Mode.RNE, *near, before)) == (0, 3)


def test_denormals_are_zero_reads_operands_as_zeros() -> None:
    reading = replace(RISCV, denormals_are_zero=True)
    subnormal, negative = Binary32(0x007FFFFF), Binary32(0x80000001)
    big = Binary32(0x7F000000)
    assert answer(mul(Mode.RNE, subnormal, big, reading)) == (0, 0)
    assert answer(mul(Mode.RNE, negative, big, reading)) == (0x80000000, 0)
    assert answer(mul(Mode.RNE, subnormal, INFINITE, reading)) == (0x7FC00000, 16)
    assert answer(div(Mode.RNE, ONE, negative, reading)) == (0xFF800000, 8)
    assert answer(add(Mode.RNE, subnormal, ONE, reading)) == (0x3F800000, 0)
    assert answer(sqrt(Mode.RNE, negative, reading)) == (0x80000000, 0)
    assert answer(round_to_integral(Mode.RTP, subnormal, exact=True, environment=reading)) == (
        0,
        0,
    )
    assert answer(add(Mode.RNE, subnormal, ONE, RISCV))[1] == 1


@given(st.sampled_from(OPERATIONS), modes, environments, st.lists(st.integers(0), min_size=3))
def test_every_operation_is_total(
    operation: Operation, mode: Mode, environment: Environment, seeds: list[int]
) -> None:
    widths = [kind.width for kind in operation.operands]
    operands = tuple(seed % (1 << width) for seed, width in zip(seeds, widths, strict=False))
    bits, flags = operation.evaluate(Call(mode, operands, exact=True, environment=environment))
    assert 0 <= bits < 1 << operation.result.width
    assert 0 <= flags < 32
    inexact_follows = flags & 4 == 0 or flags & 1
    assert inexact_follows


@given(st.sampled_from(ARITHMETIC), environments, patterns, patterns, patterns)
def test_a_delivered_nan_is_quiet(
    operation: Operation, environment: Environment, x: int, y: int, z: int
) -> None:
    operands = tuple(
        bits % (1 << kind.width) for bits, kind in zip((x, y, z), operation.operands, strict=False)
    )
    bits, _ = operation.evaluate(Call(Mode.RNE, operands, exact=True, environment=environment))
    assert not Binary32(bits).is_signalling


@given(modes, finite, st.integers(-700, 700))
def test_scale_b_rounds_the_scaled_value(mode: Mode, x: Binary32, exponent: int) -> None:
    result = scale_b(mode, x, exponent, RISCV).value.bits
    assert is_rounding(BINARY32, mode, x.value * power_of_two(exponent), x.bits >> 31, result)


def test_scale_b_takes_any_exponent() -> None:
    huge = 10**30
    assert answer(scale_b(Mode.RTZ, Binary32(1), huge, RISCV)) == (0x7F7FFFFF, 5)
    assert answer(scale_b(Mode.RTP, Binary32(0x7F7FFFFF), -huge, RISCV)) == (1, 3)
    assert answer(scale_b(Mode.RNE, ZERO, huge, RISCV)) == (0, 0)
    assert answer(scale_b(Mode.RNE, INFINITE, -huge, RISCV)) == (0x7F800000, 0)
    assert answer(scale_b(Mode.RNE, SIGNALLING, 0, RISCV)) == (0x7FC00000, 16)


@given(finite)
def test_log_b_brackets(x: Binary32) -> None:
    result = log_b(x, RISCV)
    if x.is_zero:
        assert answer(result) == (0xFF800000, 8)
    else:
        exponent = int(result.value.value)
        assert power_of_two(exponent) <= abs(x.value) < power_of_two(exponent + 1)
        assert result.flags.bits == 0


def test_log_b_of_specials() -> None:
    assert answer(log_b(Binary32(0xFF800000), RISCV)) == (0x7F800000, 0)
    assert answer(log_b(SIGNALLING, RISCV)) == (0x7FC00000, 16)


@given(modes, finite, st.booleans())
def test_round_to_integral(mode: Mode, x: Binary32, exact: bool) -> None:
    result = round_to_integral(mode, x, exact, RISCV)
    value = result.value.value
    assert value.denominator == 1
    assert abs(value - x.value) < 1
    assert result.value.is_negative == x.is_negative
    assert result.flags.bits == int(exact and value != x.value)
    nearest = abs(value - x.value) <= mpq(1, 2)
    assert nearest or mode in (Mode.RTP, Mode.RTN, Mode.RTZ)
