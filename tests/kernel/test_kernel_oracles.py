"""The kernel against independent implementations: this machine, MPFR, and SoftFloat.

Hardware, through numpy, gives values in round-to-nearest, on millions of operands and nightly on
every one; MPFR at 24 bits gives four modes; SoftFloat (`softfloatpy`) gives flags as well.
"""

import platform
from collections.abc import Callable
from dataclasses import replace
from itertools import islice
from pathlib import Path

import gmpy2
import hardware_sweep
import numpy as np
import pytest
import recorded
from gmpy2 import mpfr, mpq
from kernel_operands import GRID, on_arrays

from refsem import kernel
from refsem.binary32 import Binary32
from refsem.fuzz.generators import cases
from refsem.kernel import compilation
from refsem.kernel.catalogue import BY_NAME
from refsem.rounding import RISCV, Mode, Tininess, round_to_binary32

ARITHMETIC = {
    "add": np.add,
    "sub": np.subtract,
    "mul": np.multiply,
    "div": np.divide,
    "sqrt": np.sqrt,
}
SIZE = 1 << 17 if compilation.available() else 1 << 14


def floats(patterns: np.ndarray) -> np.ndarray:
    return patterns.view({4: np.float32, 2: np.float16, 8: np.float64}[patterns.itemsize])


def same(one: np.ndarray, other: np.ndarray) -> bool:
    """Whether patterns agree, any NaN standing for any other."""
    unequal = one != other
    return bool((np.isnan(floats(one[unequal])) & np.isnan(floats(other[unequal]))).all())


@pytest.fixture
def no_flushing() -> None:
    """The hardware as the kernel understands it: subnormal operands and results are kept."""
    tiny = np.array([0x00800000, 0x00000001], np.uint32).view(np.float32)
    factors = np.array([0.5, 2.0**100], np.float32)
    assert (tiny * factors).view(np.uint32).tolist() == [0x00400000, 0x27000000]


def draws(count: int) -> np.ndarray:
    """Random patterns, half of them with exponents close together."""
    source = np.random.default_rng(count)
    anything = source.integers(0, 1 << 32, (count, SIZE), dtype=np.uint32)
    near = anything & np.uint32(0x83FFFFFF) | np.uint32(0x3C000000)
    return np.where(source.integers(0, 2, (count, SIZE)) == 0, anything, near)


@pytest.mark.usefixtures("no_flushing")
@pytest.mark.parametrize("name", ARITHMETIC)
def test_hardware_agrees(name: str) -> None:
    arity = 1 if name == "sqrt" else 2
    grid = np.meshgrid(*[np.array(GRID, np.uint32)] * arity)
    for operands in (draws(arity), [axis.ravel() for axis in grid]):
        found, _ = getattr(kernel, name)(Mode.RNE, *operands, RISCV)
        with np.errstate(all="ignore"):
            expected = ARITHMETIC[name](*map(floats, operands))
        assert same(found, expected.view(np.uint32))


x86 = pytest.mark.skipif(platform.machine() != "x86_64", reason="the NaNs expected are x86's")


@x86
@pytest.mark.usefixtures("no_flushing")
@pytest.mark.parametrize("check", hardware_sweep.CHECKS, ids=lambda check: check.name)
def test_hardware_agrees_on_one_operand(check: hardware_sweep.Check) -> None:
    for patterns in (draws(1)[0], np.array(GRID, np.uint32)):
        asked, wrong = hardware_sweep.differing(check, patterns)
        assert asked > 5
        assert not wrong.size, hex(wrong[0])


@x86
def test_a_wrong_kernel_does_not_pass_the_sweep(monkeypatch: pytest.MonkeyPatch) -> None:
    right = kernel.to_integer
    monkeypatch.setattr(kernel, "to_integer", lambda _, *rest: right(Mode.RNA, *rest))
    monkeypatch.setattr(hardware_sweep, "PIECE", 1 << 16)
    asked, wrong = hardware_sweep.SWEEP["to_int32 RTZ"](0x4108)
    assert asked == 1 << 16
    assert len(wrong) > asked // 4


@x86
@pytest.mark.nightly
@pytest.mark.usefixtures("no_flushing")
@pytest.mark.skipif(not compilation.available(), reason="2^32 operands need numba")
def test_hardware_agrees_on_every_operand(tmp_path: Path) -> None:
    recorded.run(tmp_path / "record", hardware_sweep.SWEEP, range(hardware_sweep.PIECES))
    assert not recorded.mismatches(tmp_path / "record")


def test_a_record_is_continued_and_is_of_one_kernel(tmp_path: Path) -> None:
    file, ran = tmp_path / "record", []

    def check(piece: int) -> tuple[int, list[str]]:
        ran.append(piece)
        return 7, ["3F800000"] if piece == 2 else []

    recorded.run(file, {"one": check}, range(2))
    recorded.run(file, {"one": check}, range(4))
    assert ran == [0, 1, 2, 3]
    assert recorded.mismatches(file) == [recorded.Line("one", 2, 7, 1, "3F800000")]
    assert recorded.summary(file) == "one: 4 pieces, 28 cases, 1 mismatches"
    file.write_text(file.read_text().replace('"kernel": "', '"kernel": "x'))
    with pytest.raises(ValueError, match="is a record of"):
        recorded.read_lines(file)


@pytest.mark.usefixtures("no_flushing")
@pytest.mark.parametrize("dtype", [np.int32, np.int64, np.uint32, np.uint64])
def test_hardware_converts_integers_alike(dtype: type) -> None:
    bits = np.dtype(dtype).itemsize * 8
    source = np.random.default_rng(bits)
    numbers = source.integers(0, 1 << bits, SIZE, dtype=f"u{bits // 8}")
    numbers >>= source.integers(0, bits, SIZE).astype(numbers.dtype)
    numbers = numbers.view(dtype)
    found, _ = kernel.from_integer(Mode.RNE, numbers, RISCV)
    assert same(found, numbers.astype(np.float32).view(np.uint32))


@pytest.mark.usefixtures("no_flushing")
def test_hardware_narrows_binary64_alike() -> None:
    source = np.random.default_rng(64)
    wide = source.integers(0, 1 << 64, SIZE, dtype=np.uint64)
    near = wide & np.uint64(0x83FFFFFFFFFFFFFF) | np.uint64(0x3400000000000000)
    for patterns in (wide, near):
        found, _ = kernel.from_binary64(Mode.RNE, patterns, RISCV)
        with np.errstate(all="ignore"):
            assert same(found, floats(patterns).astype(np.float32).view(np.uint32))


MPFR_MODES = {
    Mode.RNE: gmpy2.RoundToNearest,
    Mode.RTZ: gmpy2.RoundToZero,
    Mode.RTP: gmpy2.RoundUp,
    Mode.RTN: gmpy2.RoundDown,
}
CORNER_CASES = 400


def to_mpfr(bits: int) -> mpfr:
    x = Binary32(bits)
    if x.is_finite and not x.is_zero:
        return mpfr(x.value, 24)
    return mpfr({0: "0", 0x7F800000: "inf"}.get(x.magnitude, "nan")) * (-1) ** x.is_negative


def from_mpfr(value: mpfr) -> int:
    sign = 1 << 31 if gmpy2.is_signed(value) else 0
    if gmpy2.is_nan(value):
        return 0x7FC00000
    if gmpy2.is_infinite(value):
        return sign | 0x7F800000
    return round_to_binary32(Mode.RTZ, mpq(value), 1 if sign else 0)


def rows_of(name: str) -> list[tuple[int, ...]]:
    return [case.operands for case in islice(cases(BY_NAME[name].model, 24), CORNER_CASES)]


@pytest.mark.parametrize("mode", MPFR_MODES)
@pytest.mark.parametrize("name", [*ARITHMETIC, "fma"])
def test_mpfr_agrees_on_corner_cases(name: str, mode: Mode) -> None:
    context = gmpy2.context(
        precision=24, emin=-148, emax=128, subnormalize=True, round=MPFR_MODES[mode]
    )
    functions: dict[str, Callable[..., mpfr]] = {
        "add": gmpy2.add,
        "sub": gmpy2.sub,
        "mul": gmpy2.mul,
        "div": gmpy2.div,
        "sqrt": gmpy2.sqrt,
        "fma": gmpy2.fma,
    }
    rows = rows_of(name)
    answers = on_arrays(BY_NAME[name], mode, rows, False, RISCV)
    with context:
        for row, (bits, _) in zip(rows, answers, strict=True):
            assert bits == from_mpfr(functions[name](*map(to_mpfr, row))), row


@pytest.mark.parametrize("tininess", Tininess)
@pytest.mark.parametrize("name", [*ARITHMETIC, "fma", "remainder"])
def test_softfloat_agrees_on_corner_cases(name: str, tininess: Tininess) -> None:
    peer = pytest.importorskip("softfloatpy")
    modes = {
        Mode.RNE: peer.RoundingMode.NEAR_EVEN,
        Mode.RNA: peer.RoundingMode.NEAR_MAX_MAG,
        Mode.RTP: peer.RoundingMode.MAX,
        Mode.RTN: peer.RoundingMode.MIN,
        Mode.RTZ: peer.RoundingMode.MIN_MAG,
    }
    rules = {
        Tininess.BEFORE: peer.TininessMode.BEFORE_ROUNDING,
        Tininess.AFTER: peer.TininessMode.AFTER_ROUNDING,
    }
    function = getattr(peer, f"f32_{ {'fma': 'mul_add', 'remainder': 'rem'}.get(name, name) }")
    rows = rows_of(name)
    peer.set_tininess_mode(rules[tininess])
    for mode, peer_mode in modes.items():
        peer.set_rounding_mode(peer_mode)
        answers = on_arrays(BY_NAME[name], mode, rows, False, replace(RISCV, tininess=tininess))
        for row, answer in zip(rows, answers, strict=True):
            peer.set_exception_flags(0)
            operands = [peer.Float32.from_bytes(bits.to_bytes(4, "big")) for bits in row]
            result = int.from_bytes(function(*operands).to_bytes(), "big")
            assert answer == (result, peer.get_exception_flags()), (mode, row)
