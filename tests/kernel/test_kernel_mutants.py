"""Planted bugs are found by the corner-case generators, and the kernel itself passes them all."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import islice
from random import Random
from typing import Any

import pytest
from kernel_mutants import FURTHER, PLANTED, Mutant, build

from refsem.binary32.catalogue import Call
from refsem.fuzz.generators import cases
from refsem.kernel import packing
from refsem.kernel.catalogue import BY_NAME, OPERATIONS, KernelOperation
from refsem.rounding import RISCV, X86, Mode, NanPolicy, Tininess

SEED = 2026
BUDGET = 200_000
EXPECTED = 10_000
"""Most cases any mutant needs; the requirement is the budget."""
ARITHMETIC = tuple(BY_NAME[name] for name in ("add", "sub", "mul", "div", "fma", "sqrt"))
OTHERS = tuple(operation for operation in OPERATIONS if operation not in ARITHMETIC)
ENVIRONMENTS = (
    RISCV,
    replace(RISCV, tininess=Tininess.BEFORE),
    replace(RISCV, nan_policy=NanPolicy.FIRST_SIGNALLING),
    X86,
)


def calls(
    operations: tuple[KernelOperation, ...], seed: int
) -> Iterator[tuple[KernelOperation, Call]]:
    """An endless campaign: operations take turns, modes and environments are drawn."""
    source = Random(seed)  # noqa: S311  repeatable, not secret
    streams = [(operation, cases(operation.model, seed)) for operation in operations]
    while True:
        for operation, stream in streams:
            operands = next(stream).operands
            mode, environment = source.choice(list(Mode)), source.choice(ENVIRONMENTS)
            yield operation, Call(mode, operands, bool(source.getrandbits(1)), environment)


def first_mismatch(
    functions: dict[str, Callable[..., Any]], operations: tuple[KernelOperation, ...], budget: int
) -> int | None:
    """The number of the first case that a kernel of these functions gets wrong."""
    for number, (operation, call) in enumerate(islice(calls(operations, SEED), budget), start=1):
        changed = replace(operation, scalar=functions[operation.scalar.__name__])
        if changed.evaluate(call) != operation.model.evaluate(call):
            return number
    return None


@pytest.mark.parametrize("mutant", PLANTED, ids=lambda mutant: mutant.name.split()[0])
def test_planted_bugs_are_found(mutant: Mutant) -> None:
    found = first_mismatch(build(mutant), ARITHMETIC, BUDGET)
    assert found is not None
    assert found < EXPECTED


@pytest.mark.parametrize("mutant", FURTHER, ids=lambda mutant: mutant.name)
def test_further_bugs_are_found(mutant: Mutant) -> None:
    found = first_mismatch(build(mutant), OTHERS, BUDGET)
    assert found is not None
    assert found < EXPECTED


@pytest.mark.parametrize("operations", [ARITHMETIC, OTHERS], ids=["arithmetic", "others"])
def test_the_kernel_itself_passes(operations: tuple[KernelOperation, ...]) -> None:
    unchanged = build(Mutant("unchanged", packing, "def jam(", "def jam("))
    assert first_mismatch(unchanged, operations, 10_000) is None


@pytest.mark.nightly
@pytest.mark.parametrize("operations", [ARITHMETIC, OTHERS], ids=["arithmetic", "others"])
def test_the_kernel_itself_passes_the_whole_budget(
    operations: tuple[KernelOperation, ...],
) -> None:
    unchanged = {operation.scalar.__name__: operation.scalar for operation in operations}
    assert first_mismatch(unchanged, operations, BUDGET) is None


def test_there_are_eighteen_and_a_lost_place_is_an_error() -> None:
    assert [mutant.name[:3] for mutant in PLANTED] == [f"m{number:02}" for number in range(1, 19)]
    with pytest.raises(ValueError, match="not there exactly once"):
        build(Mutant("lost", packing, "no such text", ""))
