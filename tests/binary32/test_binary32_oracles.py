"""The model against independent implementations: this machine, MPFR, and SoftFloat.

Hardware through numpy gives values in round-to-nearest; MPFR at 24 bits gives four modes; SoftFloat
(`softfloatpy`) gives everything, flags and both rules of tininess included.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import gmpy2
import numpy as np
import pytest
from binary32_grids import GRID, patterns
from gmpy2 import mpfr
from hypothesis import given
from hypothesis import strategies as st

from refsem.binary32 import Binary32
from refsem.binary32.catalogue import BY_NAME, Answer, Call
from refsem.rounding import BINARY32, RISCV, Mode, Tininess, round_to_binary32

BINARY = ("add", "sub", "mul", "div")


def model(name: str, mode: Mode, *operands: int, tininess: Tininess = Tininess.AFTER) -> Answer:
    environment = replace(RISCV, tininess=tininess)
    return BY_NAME[name].evaluate(Call(mode, operands, exact=True, environment=environment))


def is_nan(bits: int) -> bool:
    return bits & 0x7FFFFFFF > BINARY32.infinity


def test_the_hardware_does_not_flush() -> None:
    least = np.array([0x00800000, 1], np.uint32).view(np.float32)
    assert (least * np.float32(0.5)).view(np.uint32)[0] == 0x00400000
    assert (least[1:] * np.float32(2.0**100)).view(np.uint32)[0] != 0


@pytest.mark.parametrize("name", [*BINARY, "sqrt"])
def test_hardware_agrees_on_the_grid_squared(name: str) -> None:
    functions = {"add": np.add, "sub": np.subtract, "mul": np.multiply, "div": np.divide}
    grid = np.array(GRID, np.uint32).view(np.float32)
    with np.errstate(all="ignore"):
        if name == "sqrt":
            found = np.sqrt(grid).view(np.uint32)[:, None]
        else:
            found = functions[name](grid[:, None], grid[None, :]).view(np.uint32)
    for i, x in enumerate(GRID):
        others = ((),) if name == "sqrt" else ((y,) for y in GRID)
        for j, rest in enumerate(others):
            expected, _ = model(name, Mode.RNE, x, *rest)
            seen = int(found[i, j])
            assert seen == expected or (is_nan(seen) and is_nan(expected)), (x, rest)


MPFR_MODES = {
    Mode.RNE: gmpy2.RoundToNearest,
    Mode.RTZ: gmpy2.RoundToZero,
    Mode.RTP: gmpy2.RoundUp,
    Mode.RTN: gmpy2.RoundDown,
}


def to_mpfr(bits: int) -> mpfr:
    x = Binary32(bits)
    if x.is_finite and not x.is_zero:
        return mpfr(x.value, 24)
    return mpfr({0: "0", 0x7F800000: "inf"}.get(x.magnitude, "nan")) * (-1) ** x.is_negative


def from_mpfr(value: mpfr) -> int:
    sign = 1 << 31 if gmpy2.is_signed(value) else 0
    if gmpy2.is_nan(value):
        return BINARY32.canonical_nan
    if gmpy2.is_infinite(value):
        return sign | BINARY32.infinity
    return round_to_binary32(Mode.RTZ, gmpy2.mpq(value), 1 if sign else 0)


@given(
    st.sampled_from([*BINARY, "fma", "sqrt"]),
    st.sampled_from(list(MPFR_MODES)),
    st.tuples(patterns, patterns, patterns),
)
def test_mpfr_agrees(name: str, mode: Mode, triple: tuple[int, int, int]) -> None:
    functions: dict[str, Callable[..., Any]] = {
        "add": gmpy2.add,
        "sub": gmpy2.sub,
        "mul": gmpy2.mul,
        "div": gmpy2.div,
        "fma": gmpy2.fma,
        "sqrt": gmpy2.sqrt,
    }
    operands = triple[: len(BY_NAME[name].operands)]
    context = gmpy2.context(
        precision=24, emin=-148, emax=128, subnormalize=True, round=MPFR_MODES[mode]
    )
    with gmpy2.context(precision=24):
        inputs = [to_mpfr(bits) for bits in operands]
    with context:
        expected = from_mpfr(functions[name](*inputs))
    assert model(name, mode, *operands)[0] == expected


SOFTFLOAT = {
    "add": "f32_add",
    "sub": "f32_sub",
    "mul": "f32_mul",
    "div": "f32_div",
    "fma": "f32_mul_add",
    "sqrt": "f32_sqrt",
    "remainder": "f32_rem",
    "to_binary16": "f32_to_f16",
    "to_bfloat16": "f32_to_bf16",
    "to_binary64": "f32_to_f64",
    "to_int32": "f32_to_i32",
    "to_int64": "f32_to_i64",
    "to_uint32": "f32_to_ui32",
    "to_uint64": "f32_to_ui64",
    "round_to_integral": "f32_round_to_int",
}
SOFTFLOAT_MODES = {
    Mode.RNE: "NEAR_EVEN",
    Mode.RNA: "NEAR_MAX_MAG",
    Mode.RTZ: "MIN_MAG",
    Mode.RTN: "MIN",
    Mode.RTP: "MAX",
}


def softfloat(name: str, mode: Mode, *operands: int, tininess: Tininess) -> Answer:
    library = pytest.importorskip("softfloatpy")
    rounding = getattr(library.RoundingMode, SOFTFLOAT_MODES[mode])
    library.set_tininess_mode(getattr(library.TininessMode, f"{tininess.name}_ROUNDING"))
    library.set_rounding_mode(rounding)
    library.set_exception_flags(library.ExceptionFlag(0))
    values = [library.Float32.from_bytes(bits.to_bytes(4, "big")) for bits in operands]
    extra = (rounding, True) if BY_NAME[name].exactness else ()
    result = getattr(library, SOFTFLOAT[name])(*values, *extra)
    return int.from_bytes(result.to_bytes(), "big"), int(library.get_exception_flags())


@given(
    st.sampled_from(list(SOFTFLOAT)),
    st.sampled_from(Mode),
    st.sampled_from(Tininess),
    st.tuples(patterns, patterns, patterns),
)
def test_softfloat_agrees_flags_included(
    name: str, mode: Mode, tininess: Tininess, triple: tuple[int, int, int]
) -> None:
    operands = triple[: len(BY_NAME[name].operands)]
    expected = softfloat(name, mode, *operands, tininess=tininess)
    assert model(name, mode, *operands, tininess=tininess) == expected


@pytest.mark.parametrize("name", [*BINARY, "remainder"])
def test_softfloat_agrees_on_the_grid_squared(name: str) -> None:
    for number, x in enumerate(GRID):
        mode = list(Mode)[number % 5]
        for y in GRID:
            expected = softfloat(name, mode, x, y, tininess=Tininess.AFTER)
            assert model(name, mode, x, y) == expected, (x, y)
