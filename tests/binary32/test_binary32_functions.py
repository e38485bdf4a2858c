"""Correct rounding of the elementary functions: hard cases, glibc's lines, MPFR, special values."""

from dataclasses import replace
from pathlib import Path

import function_sweep
import pytest
import recorded
from binary32_grids import environments, patterns
from gmpy2 import mpq
from hypothesis import given
from hypothesis import strategies as st
from mpfr_functions import ORACLES, expected

from refsem.binary32 import Binary32, UndecidedError, functions
from refsem.binary32.catalogue import BY_NAME, Answer, Call
from refsem.errors import InputError
from refsem.exact.functions import STEPS, Function
from refsem.fuzz.glibc_vectors import read_glibc
from refsem.fuzz.vectors import Skipped
from refsem.rounding import (
    RISCV,
    Environment,
    Mode,
    Tininess,
    next_down,
    next_up,
)
from refsem.rounding.formats import BINARY32

# softplus is enclosed for bounds and is no operation of binary32; sqrt is decided by integers, and
# steps are rounding to integral values
NAMES = [f.value for f in Function if f not in {Function.SOFTPLUS, Function.SQRT, *STEPS}]
ALL = [*NAMES, "cbrt", "rsqrt", "sqrt", "hypot", "fma"]
HARD = ("erf", "exp", "exp2", "expm1", "log", "log1p", "log2", "sigmoid", "tanh")
COLUMNS = (Mode.RNE, Mode.RNA, Mode.RTZ, Mode.RTN, Mode.RTP)


def run(name: str, mode: Mode, *operands: int) -> Answer:
    return BY_NAME[name].evaluate(Call(mode, operands, exact=True, environment=RISCV))


@pytest.mark.parametrize("name", HARD)
def test_hard_to_round_inputs_in_five_modes(data: Path, name: str) -> None:
    text = (data / "binary32" / "hard_to_round" / f"{name}.txt").read_text(encoding="ascii")
    lines = [line.split() for line in text.splitlines() if not line.startswith("#")]
    assert len(lines) > 100
    for bits, _, _, *results in lines:
        found = [run(name, mode, int(bits, 16))[0] for mode in COLUMNS]
        assert found == [int(result, 16) for result in results], bits


@pytest.mark.parametrize("name", ALL)
def test_glibc_lines(data: Path, name: str) -> None:
    file = data / "binary32" / "suites" / "glibc" / f"{name}.b32.txt.gz"
    if name == "sigmoid":
        assert not file.exists()
        return
    vectors = read_glibc(file)
    assert not isinstance(vectors, Skipped)
    lines = list(vectors)
    assert len(lines) > 100
    assert not [v for v in lines if not v.accepts(v.operation.evaluate(v.call))][:3]


def test_the_other_glibc_functions_are_skipped_by_name(data: Path) -> None:
    folder = data / "binary32" / "suites" / "glibc"
    names = {file.name.split(".")[0] for file in folder.glob("*.gz")} - set(ALL)
    for name in names:
        skipped = read_glibc(folder / f"{name}.b32.txt.gz")
        assert isinstance(skipped, Skipped)
        assert name in skipped.reason


def test_every_function_but_sigmoid_has_an_oracle() -> None:
    assert {*NAMES, "cbrt", "rsqrt"} - set(ORACLES) == {"sigmoid"}


nonzero = patterns.map(lambda bits: bits if Binary32(bits).is_finite else bits & 0x807FFFFF).map(
    lambda bits: bits if bits & 0x7FFFFFFF else bits | 0x3FC00000
)


@given(st.sampled_from(list(ORACLES)), st.sampled_from(Mode), nonzero)
def test_mpfr_agrees(name: str, mode: Mode, bits: int) -> None:
    assert run(name, mode, bits) == expected(name, mode, bits)


@pytest.mark.nightly
def test_ten_million_samples_agree_with_mpfr(tmp_path: Path) -> None:
    assert len(function_sweep.SWEEP) * function_sweep.PIECES * function_sweep.SAMPLES == 10**7
    recorded.run(tmp_path / "record", function_sweep.SWEEP, range(function_sweep.PIECES))
    assert not recorded.mismatches(tmp_path / "record")


@pytest.mark.parametrize("name", function_sweep.NAMES)
def test_samples_agree_with_mpfr(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(function_sweep, "SAMPLES", 60)
    for piece in range(len(Mode)):
        assert function_sweep.SWEEP[name](piece) == (60, [])


@given(st.sampled_from(NAMES), patterns, environments)
def test_directed_results_enclose_within_one_step(
    name: str, bits: int, environment: Environment
) -> None:
    def evaluate(mode: Mode) -> int:
        call = Call(mode, (bits,), exact=True, environment=environment)
        return BY_NAME[name].evaluate(call)[0]

    down, up = evaluate(Mode.RTN), evaluate(Mode.RTP)
    nearest = evaluate(Mode.RNE)
    assert nearest in (down, up)
    if not Binary32(down).is_nan and not environment.flush_to_zero:
        assert up in (down, next_up(BINARY32, down), down ^ 1 << 31 if down << 1 == 0 else up)


MINUS_ONE, MINUS_ZERO, MINUS_INFINITY = 0xBF800000, 0x80000000, 0xFF800000
ZERO, ONE, INFINITY, NAN = 0, 0x3F800000, 0x7F800000, 0x7FC00000
SPECIALS = [
    ("exp", ZERO, ONE, 0),
    ("exp", MINUS_ZERO, ONE, 0),
    ("exp", MINUS_INFINITY, ZERO, 0),
    ("exp", INFINITY, INFINITY, 0),
    ("exp", 0x42B17218, INFINITY, 5),
    ("exp", 0x42B17217, 0x7F7FFF84, 1),
    ("exp", 0x7F7FFFFF, INFINITY, 5),
    ("exp", 0xFF7FFFFF, ZERO, 3),
    ("expm1", MINUS_ZERO, MINUS_ZERO, 0),
    ("expm1", MINUS_INFINITY, MINUS_ONE, 0),
    ("expm1", 0xFF7FFFFF, MINUS_ONE, 1),
    ("expm1", 1, 1, 3),
    ("exp2", 0x43000000, INFINITY, 5),
    ("exp2", 0xC3150000, 1, 0),
    ("exp2", 0xC3160000, ZERO, 3),
    ("exp2", 0x40400000, 0x41000000, 0),
    ("exp2", 0x7F7FFFFF, INFINITY, 5),
    ("exp2", 0xFF7FFFFF, ZERO, 3),
    ("exp10", 0x40400000, 0x447A0000, 0),
    ("exp10", MINUS_ONE, 0x3DCCCCCD, 1),
    ("log", ZERO, MINUS_INFINITY, 8),
    ("log", MINUS_ZERO, MINUS_INFINITY, 8),
    ("log", ONE, ZERO, 0),
    ("log", MINUS_ONE, NAN, 16),
    ("log", MINUS_INFINITY, NAN, 16),
    ("log", INFINITY, INFINITY, 0),
    ("log", 0x40000000, 0x3F317218, 1),
    ("log2", 0x00000001, 0xC3150000, 0),
    ("log2", 0x41000000, 0x40400000, 0),
    ("log2", MINUS_ONE, NAN, 16),
    ("log10", 0x447A0000, 0x40400000, 0),
    ("log10", 0x501502F9, 0x41200000, 0),
    ("log10", ZERO, MINUS_INFINITY, 8),
    ("log1p", MINUS_ONE, MINUS_INFINITY, 8),
    ("log1p", 0xBF800001, NAN, 16),
    ("log1p", MINUS_ZERO, MINUS_ZERO, 0),
    ("sin", MINUS_ZERO, MINUS_ZERO, 0),
    ("sin", INFINITY, NAN, 16),
    ("cos", MINUS_INFINITY, NAN, 16),
    ("cos", ZERO, ONE, 0),
    ("cos", 1, ONE, 1),
    ("tan", INFINITY, NAN, 16),
    ("atan", INFINITY, 0x3FC90FDB, 1),
    ("atan", MINUS_INFINITY, 0xBFC90FDB, 1),
    ("atan", MINUS_ZERO, MINUS_ZERO, 0),
    ("sinh", MINUS_INFINITY, MINUS_INFINITY, 0),
    ("sinh", 0xFF7FFFFF, MINUS_INFINITY, 5),
    ("cosh", MINUS_INFINITY, INFINITY, 0),
    ("cosh", ZERO, ONE, 0),
    ("tanh", INFINITY, ONE, 0),
    ("tanh", 0xFF7FFFFF, MINUS_ONE, 1),
    ("tanh", MINUS_ZERO, MINUS_ZERO, 0),
    ("sigmoid", ZERO, 0x3F000000, 0),
    ("sigmoid", MINUS_INFINITY, ZERO, 0),
    ("sigmoid", INFINITY, ONE, 0),
    ("sigmoid", 0x7F7FFFFF, ONE, 1),
    ("sigmoid", 0xFF7FFFFF, ZERO, 3),
    ("erf", MINUS_INFINITY, MINUS_ONE, 0),
    ("erf", 0x7F7FFFFF, ONE, 1),
    ("erfc", MINUS_INFINITY, 0x40000000, 0),
    ("erfc", INFINITY, ZERO, 0),
    ("erfc", 0x7F7FFFFF, ZERO, 3),
    ("erfc", ZERO, ONE, 0),
    ("cbrt", 0xC1000000, 0xC0000000, 0),
    ("cbrt", MINUS_ZERO, MINUS_ZERO, 0),
    ("cbrt", MINUS_INFINITY, MINUS_INFINITY, 0),
    ("rsqrt", ZERO, INFINITY, 8),
    ("rsqrt", MINUS_ZERO, MINUS_INFINITY, 8),
    ("rsqrt", INFINITY, ZERO, 0),
    ("rsqrt", MINUS_ONE, NAN, 16),
    ("rsqrt", 0x40800000, 0x3F000000, 0),
]


@pytest.mark.parametrize(("name", "operand", "result", "flags"), SPECIALS)
def test_special_values(name: str, operand: int, result: int, flags: int) -> None:
    assert run(name, Mode.RNE, operand) == (result, flags)


@pytest.mark.parametrize("name", [*NAMES, "cbrt", "rsqrt"])
def test_nans_propagate(name: str) -> None:
    assert run(name, Mode.RNE, 0x7FC00001) == (NAN, 0)
    assert run(name, Mode.RNE, 0xFF800001) == (NAN, 16)


def test_hypot() -> None:
    quiet, signalling = 0x7FC00001, 0x7F800001
    assert run("hypot", Mode.RNE, 0x40400000, 0xC0800000) == (0x40A00000, 0)
    assert run("hypot", Mode.RNE, MINUS_ZERO, MINUS_ZERO) == (ZERO, 0)
    assert run("hypot", Mode.RNE, MINUS_INFINITY, quiet) == (INFINITY, 0)
    assert run("hypot", Mode.RNE, quiet, INFINITY) == (INFINITY, 0)
    assert run("hypot", Mode.RNE, INFINITY, signalling) == (NAN, 16)
    assert run("hypot", Mode.RNE, quiet, ONE) == (NAN, 0)
    assert run("hypot", Mode.RNE, 0x7F7FFFFF, 0x7F7FFFFF) == (INFINITY, 5)
    assert run("hypot", Mode.RTZ, 0x7F7FFFFF, 0x7F7FFFFF) == (0x7F7FFFFF, 5)
    assert run("hypot", Mode.RNE, 1, 1) == (1, 3)
    assert run("hypot", Mode.RTP, 1, 1) == (2, 3)


@pytest.mark.parametrize("name", [f.value for f in functions._LIMITS])
@pytest.mark.parametrize("mode", Mode)
def test_functions_are_flat_where_they_are_said_to_be(name: str, mode: Mode) -> None:
    """A little inside the stated ends the answer is already the one delivered beyond them."""
    limits = functions._LIMITS[Function(name)]
    for end, inward in ((limits.lowest, mpq(7, 8)), (limits.highest, mpq(7, 8))):
        inside = Binary32.from_rational(Mode.RTZ, end * inward, 0)
        at_end = Binary32.from_rational(Mode.RTZ, end, 0)
        far = 0xFF7FFFFF if end < 0 else 0x7F7FFFFF
        for tininess in Tininess:
            environment = replace(RISCV, tininess=tininess)
            answers = {
                BY_NAME[name].evaluate(Call(mode, (bits,), exact=True, environment=environment))
                for bits in (inside.bits, at_end.bits, next_down(BINARY32, at_end.bits), far)
            }
            assert len(answers) == 1


def test_refinement_that_runs_out_of_bits_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(functions, "MOST_BITS", 100)
    with pytest.raises(UndecidedError, match=r"sigmoid\(0x1p-20\) undecided in RNE"):
        run("sigmoid", Mode.RNE, 0x35800000)


moderate = nonzero.map(lambda bits: bits if bits & 0x7FFFFFFF < 0x42C80000 else bits & 0xBFFFFFFF)


@given(st.sampled_from(Mode), moderate)
def test_sigmoid_agrees_with_mpfr(mode: Mode, bits: int) -> None:
    assert run("sigmoid", mode, bits) == expected("sigmoid", mode, bits)


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("exp", "= exp downward binary32 0x0p+0 : 0x1p+0"),
        ("exp", "= exp sideways binary32 0x0p+0 : 0x1p+0 :"),
        ("exp", "= log downward binary32 0x0p+0 : 0x1p+0 :"),
        ("exp", "= exp downward binary64 0x0p+0 : 0x1p+0 :"),
        ("exp", "= exp downward binary32 0x0p+0 0x0p+0 : 0x1p+0 :"),
        ("exp", "= exp downward binary32 0x1.0000001p+0 : 0x1p+0 :"),
        ("exp", "= exp downward binary32 one : 0x1p+0 :"),
        ("exp", ""),
    ],
)
def test_malformed_glibc_lines_are_refused(tmp_path: Path, name: str, line: str) -> None:
    file = tmp_path / f"{name}.b32.txt"
    file.write_text(f"{line}\n", encoding="ascii")
    vectors = read_glibc(file)
    assert not isinstance(vectors, Skipped)
    with pytest.raises(InputError, match="line 1"):
        list(vectors)


def test_glibc_flags_are_compared_as_the_line_says(tmp_path: Path) -> None:
    file = tmp_path / "fma.b32.txt"
    numbers = "0x7.ffffep-128 0x8.00001p-4 0x8p-152 : 0x4p-128"
    file.write_text(
        f"= fma tonearest binary32 {numbers} : inexact underflow:before-rounding\n"
        f"= fma tonearest binary32 {numbers} : inexact-ok underflow-ok xfail:other\n"
        f"= fma tonearest binary32 {numbers} : inexact\n"
        f"= fma tonearest binary32 {numbers} : inexact-ok overflow underflow-ok\n",
        encoding="ascii",
    )
    vectors = read_glibc(file)
    assert not isinstance(vectors, Skipped)
    lines = list(vectors)
    accepted = [v.accepts(v.operation.evaluate(v.call)) for v in lines]
    assert [v.call.environment.tininess for v in lines[:2]] == [Tininess.BEFORE, Tininess.AFTER]
    assert accepted == [True, True, True, True, False, True, False, False]
