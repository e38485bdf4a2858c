"""How arrays are handled: shapes, types, threads, with numba and without, and in one source."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from refsem import kernel
from refsem.kernel import arithmetic, batch, comparisons, compilation, loops, packing
from refsem.kernel.catalogue import DTYPES, OPERATIONS, KernelOperation
from refsem.kernel.encoding import setting_of
from refsem.rounding import BINARY32, RISCV, X86, Mode
from refsem.rounding.integers import INT32, IntegerFormat

needs_numba = pytest.mark.skipif(not compilation.available(), reason="numba is not installed")


def random_operands(operation: KernelOperation, size: int) -> list[np.ndarray]:
    source = np.random.default_rng(size)
    operands = []
    for kind in operation.model.operands:
        patterns = source.integers(0, 1 << 64, size, dtype=np.uint64)
        # A shift makes small exponents and small integers as likely as large ones.
        patterns >>= source.integers(0, 64, size, dtype=np.uint64)
        patterns = patterns.astype(f"u{kind.width // 8}")
        operands.append(patterns.view(DTYPES[kind]))
    return operands


@needs_numba
@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.model.name)
def test_compiled_and_interpreted_agree(
    operation: KernelOperation, monkeypatch: pytest.MonkeyPatch
) -> None:
    operands = random_operands(operation, 2000)
    for mode, environment in ((Mode.RNE, RISCV), (Mode.RTN, X86)):
        compiled = operation.on_arrays(mode, operands, True, environment)
        with monkeypatch.context() as patch:
            patch.setattr(compilation, "available", lambda: False)
            interpreted = operation.on_arrays(mode, operands, True, environment)
        for one, other in zip(compiled, interpreted, strict=True):
            assert one.dtype == other.dtype
            assert (one == other).all()


@needs_numba
def test_compiled_bit_length_is_pythons() -> None:
    numba = compilation._numba()

    @numba.njit
    def compiled(number: int) -> int:
        # numba's reading is the overload's, which only a call from compiled code sees.
        return packing.bit_length(number)

    for place in range(63):
        for number in ((1 << place) - 1, 1 << place, (1 << place) + 1):
            assert compiled(number) == number.bit_length()


@needs_numba
def test_large_arrays_are_split_without_a_trace() -> None:
    size = 2 * batch.PIECE + 17
    x, y = np.random.default_rng(3).integers(0, 1 << 32, (2, size), dtype=np.uint32)
    whole, whole_flags = kernel.add(Mode.RTP, x, y, RISCV)
    parts = [
        kernel.add(Mode.RTP, x[i : i + 9999], y[i : i + 9999], RISCV) for i in range(0, size, 9999)
    ]
    assert (whole == np.concatenate([bits for bits, _ in parts])).all()
    assert (whole_flags == np.concatenate([flags for _, flags in parts])).all()


@needs_numba
def test_compiled_code_need_not_be_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    numba = compilation._numba()
    njit = numba.njit

    def nowhere_to_keep(*arguments: object, cache: bool = False, **options: object) -> object:
        if cache:
            raise RuntimeError("cannot cache function: no locator available")
        return njit(*arguments, **options)

    def loops_template(operation: object) -> object:
        return loops.unary(operation)

    monkeypatch.setattr(numba, "njit", nowhere_to_keep)
    loop = compilation.compiled(loops_template, comparisons.negate)
    x, bits, flags = np.arange(3, dtype=np.uint32), np.empty(3, np.uint32), np.empty(3, np.uint8)
    loop(0, x, bits, flags)
    assert bits.tolist() == [1 << 31, 1 << 31 | 1, 1 << 31 | 2]


def test_the_fingerprint_names_the_sources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compilation, "__file__", str(tmp_path / "compilation.py"))
    prints = set()
    for text in ("one", "other"):
        (tmp_path / "arithmetic.py").write_text(text, encoding="ascii")
        prints.add(compilation.fingerprint.__wrapped__())
    assert len(prints) == 2


def test_results_have_the_broadcast_shape_and_the_stated_types() -> None:
    x = np.full((3, 1), 0x3F800000, dtype=np.uint32)
    y = np.full((1, 4), 0x40000000, dtype=np.uint32)
    bits, flags = kernel.add(Mode.RNE, x, y, RISCV)
    assert bits.shape == flags.shape == (3, 4)
    assert (bits.dtype, flags.dtype) == (np.uint32, np.uint8)
    assert (bits == 0x40400000).all()
    for operation in OPERATIONS:
        operands = random_operands(operation, 5)
        bits, flags = operation.on_arrays(Mode.RNE, operands, False, RISCV)
        assert bits.dtype == DTYPES[operation.model.result]
        assert bits.shape == flags.shape == (5,)


def test_empty_scalar_and_strided_arrays() -> None:
    empty = np.zeros((0, 2), dtype=np.uint32)
    assert kernel.mul(Mode.RNE, empty, empty, RISCV)[0].shape == (0, 2)
    one = np.array(0x3F800000, dtype=np.uint32)
    assert kernel.mul(Mode.RNE, one, one, RISCV)[0].shape == ()
    x = np.arange(2000, dtype=np.uint32).reshape(40, 50)
    assert (kernel.negate(x.T[::2])[0] == (x.T[::2] ^ np.uint32(1 << 31))).all()


def test_operands_are_left_alone() -> None:
    x = np.arange(600, dtype=np.uint32)
    x.flags.writeable = False
    kernel.sqrt(Mode.RNE, x, RISCV)
    assert (x == np.arange(600)).all()


@pytest.mark.parametrize("dtype", [np.float32, np.int32, np.uint64, np.int64])
def test_other_element_types_are_refused(dtype: type) -> None:
    x = np.ones(3, dtype=np.uint32)
    with pytest.raises(TypeError, match="binary32 travels as uint32"):
        kernel.add(Mode.RNE, x, x.astype(dtype), RISCV)
    with pytest.raises(TypeError, match="binary32 travels as uint32"):
        kernel.classification(x.astype(dtype))


def test_other_formats_are_refused() -> None:
    x = np.ones(3, dtype=np.uint32)
    with pytest.raises(TypeError, match="no conversion from float32"):
        kernel.from_integer(Mode.RNE, x.view(np.float32), RISCV)
    with pytest.raises(ValueError, match="no array holds"):
        kernel.to_integer(Mode.RNE, x, IntegerFormat(8, signed=True), True, RISCV)
    with pytest.raises(ValueError, match="the kernel has no"):
        kernel.to_format(Mode.RNE, x, BINARY32, RISCV)
    with pytest.raises(ValueError, match="the kernel has no"):
        kernel.from_format(Mode.RNE, BINARY32, x, RISCV)


def test_integers_keep_their_type() -> None:
    numbers, flags = kernel.to_integer(
        Mode.RTZ, np.uint32([0xC0200000, 0x7FC00000]), INT32, True, RISCV
    )
    assert numbers.dtype == np.int32
    assert numbers.tolist() == [-2, 2**31 - 1]
    assert flags.tolist() == [1, 16]
    bits, _ = kernel.from_integer(Mode.RNE, np.int64([-1, 1 << 62]), RISCV)
    assert bits.tolist() == [0xBF800000, 0x5E800000]


def test_importing_the_kernel_loads_no_compiler() -> None:
    program = "import sys, refsem.kernel; print('numba' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert done.stdout.strip() == b"False"


@given(st.integers(0, (1 << 62) - 1), st.integers(0, 700))
def test_jamming_keeps_the_size_and_notes_the_loss(significand: int, distance: int) -> None:
    jammed = packing.jam(significand, distance)
    assert jammed | 1 == significand >> distance | 1
    assert (jammed << distance == significand) or jammed & 1


@given(
    st.integers(0, 1), st.integers(0, (1 << 24) - 1), st.integers(-200, 200),
    st.integers(0, 1), st.integers(1 << 23, (1 << 24) - 1), st.integers(-200, 200),
)  # fmt: skip
def test_no_intermediate_value_outgrows_a_machine_word(
    sign_x: int, x: int, exponent_x: int, sign_y: int, y: int, exponent_y: int
) -> None:
    sign, total, _ = arithmetic.add_windows(
        sign_x, x << 37, exponent_x, sign_y, y << 37, exponent_y
    )
    assert 0 <= total < 1 << 62
    assert packing.deliver_binary32(setting_of(Mode.RNE, RISCV), sign, total or 1, 0)[0] < 1 << 32
