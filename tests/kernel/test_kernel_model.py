"""The kernel against the rational model: grids in every mode, then Hypothesis, then corners."""

from dataclasses import replace
from itertools import product
from pathlib import Path

import model_sweep
import numpy as np
import pytest
import recorded
from hypothesis import given
from hypothesis import strategies as st
from kernel_operands import (
    ENVIRONMENTS,
    GRID,
    PAIRS,
    TRIPLES,
    calls,
    column,
    environments,
    on_arrays,
)

from refsem import binary32, kernel
from refsem.binary32 import Binary32
from refsem.binary32.catalogue import BY_NAME as MODEL
from refsem.binary32.catalogue import Call, Kind
from refsem.kernel import compilation
from refsem.kernel.catalogue import BY_NAME, OPERATIONS, KernelOperation
from refsem.kernel.functions import FUNCTIONS
from refsem.rounding import RISCV, Environment, Mode

ARITHMETIC = ("add", "sub", "mul", "div")
ONE = [operation for operation in OPERATIONS if operation.model.operands == (Kind.BINARY32,)]
TWO = [operation for operation in OPERATIONS if operation.model.operands == (Kind.BINARY32,) * 2]


def check(
    operation: KernelOperation,
    mode: Mode,
    rows: list[tuple[int, ...]],
    exact: bool,
    environment: Environment,
) -> None:
    answers = on_arrays(operation, mode, rows, exact, environment)
    for row, answer in zip(rows, answers, strict=True):
        call = Call(mode, row, exact, environment)
        assert answer == operation.model.evaluate(call), (operation.model.name, call)


def modes_of(operation: KernelOperation) -> list[Mode]:
    return list(Mode) if operation.model.moded else [Mode.RNE]


def test_the_catalogues_agree() -> None:
    assert set(BY_NAME).isdisjoint(FUNCTIONS)
    assert set(BY_NAME) | set(FUNCTIONS) == set(MODEL)
    for operation in OPERATIONS:
        assert BY_NAME[operation.model.name] is operation
        assert MODEL[operation.model.name] is operation.model


@pytest.mark.parametrize("name", ARITHMETIC)
def test_arithmetic_on_the_grid_squared(name: str) -> None:
    for mode, environment in product(Mode, ENVIRONMENTS[:2]):
        check(BY_NAME[name], mode, list(PAIRS), False, environment)
    for mode, environment in product(Mode, ENVIRONMENTS[2:]):
        check(BY_NAME[name], mode, list(PAIRS[::5]), False, environment)


def test_fma_on_the_grid_cubed() -> None:
    for number, (mode, environment) in enumerate(product(Mode, ENVIRONMENTS)):
        check(BY_NAME["fma"], mode, list(TRIPLES[number % 7 :: 7]), False, environment)


@pytest.mark.parametrize("operation", TWO, ids=lambda operation: operation.model.name)
def test_pairs_on_the_grid(operation: KernelOperation) -> None:
    for number, environment in enumerate(ENVIRONMENTS):
        check(operation, Mode.RNE, list(PAIRS[number % 3 :: 3]), False, environment)


@pytest.mark.parametrize("operation", ONE, ids=lambda operation: operation.model.name)
def test_one_operand_on_the_grid(operation: KernelOperation) -> None:
    rows = [((x + offset) % (1 << 32),) for x in GRID for offset in (-1, 0, 1)]
    for mode, environment in product(modes_of(operation), ENVIRONMENTS):
        for exact in {False, operation.model.exactness}:
            check(operation, mode, rows, exact, environment)


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.model.name)
def test_any_call(operation: KernelOperation) -> None:
    @given(calls(operation))
    def agrees(call: Call) -> None:
        assert operation.evaluate(call) == operation.model.evaluate(call)

    agrees()


@given(
    st.sampled_from(Mode),
    st.sampled_from(GRID) | st.integers(0, (1 << 32) - 1),
    st.integers(-400, 400) | st.integers(-(1 << 62), 1 << 62),
    environments,
)
def test_scale_b(mode: Mode, x: int, exponent: int, environment: Environment) -> None:
    bits, flags = kernel.scale_b(mode, np.uint32([x]), np.int64([exponent]), environment)
    expected = binary32.scale_b(mode, Binary32(x), exponent, environment)
    assert (int(bits[0]), int(flags[0])) == (expected.value.bits, expected.flags.bits)


@pytest.mark.parametrize("name", ["from_int32", "from_int64", "from_uint32", "from_uint64"])
def test_integers_around_every_power_of_two(name: str) -> None:
    operation = BY_NAME[name]
    width = operation.model.operands[0].width
    steps = {offset << place for place in range(0, width, 3) for offset in (-1, 0, 1)}
    rows = [(((1 << place) + step) % (1 << width),) for place in range(width + 1) for step in steps]
    for mode in Mode:
        check(operation, mode, rows, False, RISCV)


@pytest.mark.parametrize("name", ["to_int32", "to_int64", "to_uint32", "to_uint64"])
def test_integer_results_in_every_binade(name: str) -> None:
    trailing = (0, 1, 2, 0x200000, 0x3FFFFF, 0x400000, 0x400001, 0x7FFFFE, 0x7FFFFF)
    rows = [
        (sign << 31 | field << 23 | low,)
        for field in range(120, 200)
        for low in trailing
        for sign in (0, 1)
    ]
    for mode, environment, exact in product(Mode, ENVIRONMENTS[:2], (False, True)):
        check(BY_NAME[name], mode, rows, exact, environment)


@pytest.mark.parametrize(
    ("name", "kind"), [("binary16", Kind.BINARY16), ("bfloat16", Kind.BFLOAT16)]
)
def test_every_16_bit_pattern_widens_and_narrows_back(name: str, kind: Kind) -> None:
    patterns = column(kind, range(1 << 16))
    wide, flags = getattr(kernel, f"from_{name}")(patterns, RISCV)
    nan = (wide & 0x7FFFFFFF) > 0x7F800000
    assert not flags[~nan].any()
    assert set(wide[nan].tolist()) == {0x7FC00000}
    for mode in Mode if compilation.available() else (Mode.RNE,):
        back, flags = getattr(kernel, f"to_{name}")(mode, wide, RISCV)
        assert (back[~nan] == patterns[~nan]).all()
        assert not flags.any()
    for environment in ENVIRONMENTS:
        rows = [(pattern,) for pattern in range(0, 1 << 16, 13)]
        check(BY_NAME[f"from_{name}"], Mode.RNE, rows, False, environment)


@pytest.mark.parametrize("name", ["binary16", "bfloat16"])
def test_narrowing_around_midpoints(name: str) -> None:
    patterns = np.arange(0, 0x7C00 if name == "binary16" else 0x7F80, 37, dtype=np.uint16)
    low, _ = getattr(kernel, f"from_{name}")(patterns, RISCV)
    high, _ = getattr(kernel, f"from_{name}")(patterns + np.uint16(1), RISCV)
    middle = low + (high - low) // 2
    rows = [(int(x) + step,) for x in middle for step in (-1, 0, 1)]
    rows += [(x | 1 << 31,) for (x,) in rows[::3]]
    for mode, environment in product(Mode, ENVIRONMENTS):
        check(
            BY_NAME[f"to_{name}"],
            mode,
            rows[:: 1 if environment == RISCV else 7],
            False,
            environment,
        )


@pytest.mark.parametrize("name", ["sqrt RTP", "to_binary16 RNA", "round_to_integral RTN exact"])
def test_the_sweep_of_spaced_patterns_begins_well(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(model_sweep, "STEP", 1 << 18)
    asked, wrong = model_sweep.SWEEP[name](7)
    assert asked > 1000
    assert not wrong


@pytest.mark.nightly
def test_spaced_patterns(tmp_path: Path) -> None:
    recorded.run(tmp_path / "record", model_sweep.SWEEP, range(model_sweep.PIECES))
    assert not recorded.mismatches(tmp_path / "record")


def test_classes() -> None:
    places = kernel.classification(np.array(GRID, dtype=np.uint32))
    for pattern, place in zip(GRID, places, strict=True):
        assert kernel.CLASSES[place] is Binary32(pattern).classification


@pytest.mark.parametrize("name", FUNCTIONS)
def test_elementary_functions_are_the_models(name: str) -> None:
    operands = np.array(
        [[0x3F800000, 0x00000001, 0x7F800001], [0x3F800000, 0xBF000000, 0x3F800000]]
    )
    arity = len(MODEL[name].operands)
    operands = operands.astype(np.uint32)
    bits, flags = getattr(kernel, name)(Mode.RTP, *[operands] * arity, RISCV)
    for x, result, flag in zip(operands.flat, bits.flat, flags.flat, strict=True):
        call = Call(Mode.RTP, (int(x),) * arity, False, RISCV)
        assert (int(result), int(flag)) == MODEL[name].evaluate(call)


def test_an_elementary_function_is_asked_once_per_distinct_operand(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked = []
    operation = replace(
        MODEL["exp"], evaluate=lambda call: (asked.append(call.operands), (7, 1))[1]
    )
    monkeypatch.setitem(MODEL, "exp", operation)
    x = np.array([[5, 3, 5], [5, 5, 3]], dtype=np.uint32)
    bits, flags = kernel.exp(Mode.RNE, x, RISCV)
    assert sorted(asked) == [(3,), (5,)]
    assert (bits == 7).all()
    assert (flags == 1).all()
    assert bits.shape == (2, 3)
    with pytest.raises(TypeError, match="binary32 travels as uint32"):
        kernel.exp(Mode.RNE, x.astype(np.float32), RISCV)
