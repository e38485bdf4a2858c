"""Every class of cases does what it says, often enough to matter; streams repeat by their seed."""

from collections import Counter
from dataclasses import replace
from itertools import islice
from random import Random

import pytest

from refsem.binary32.catalogue import BY_NAME, OPERATIONS, Call, Kind
from refsem.fuzz.generators import Corner, cases, draw
from refsem.rounding import BINARY64, RISCV, Mode, Tininess, exact_value, round_to

DRAWS = 300
BEFORE = replace(RISCV, tininess=Tininess.BEFORE)


def drawn(name: str, corner: Corner) -> list[tuple[int, ...]]:
    source = Random(5)  # noqa: S311  repeatable, not secret
    return [draw(BY_NAME[name], corner, source) for _ in range(DRAWS)]


def answers(name: str, corner: Corner, mode: Mode) -> list[tuple[int, int]]:
    operation = BY_NAME[name]
    return [
        operation.evaluate(Call(mode, operands, False, RISCV)) for operands in drawn(name, corner)
    ]


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.name)
def test_operands_fit_and_streams_repeat(operation: object) -> None:
    first = list(islice(cases(operation, 7), 180))
    assert first == list(islice(cases(operation, 7), 180))
    assert first != list(islice(cases(operation, 8), 180))
    assert Counter(case.corner for case in first) == dict.fromkeys(Corner, 20)
    for case in first:
        assert len(case.operands) == len(operation.operands)
        for kind, pattern in zip(operation.operands, case.operands, strict=True):
            assert 0 <= pattern < 1 << kind.width


@pytest.mark.parametrize("name", ["add", "sub", "mul", "fma", "to_binary16", "from_int64"])
def test_ties_are_broken_both_ways(name: str) -> None:
    operation = BY_NAME[name]
    told_apart = sum(
        operation.evaluate(Call(Mode.RNE, operands, False, RISCV))
        != operation.evaluate(Call(Mode.RNA, operands, False, RISCV))
        for operands in drawn(name, Corner.TIES)
    )
    # Only a tie tells the two modes apart, and only every other one.
    assert told_apart > DRAWS // 50


@pytest.mark.parametrize("name", ["mul", "fma", "from_binary64", "to_binary16", "to_bfloat16"])
def test_tininess_is_told_apart(name: str) -> None:
    operation = BY_NAME[name]
    told_apart = sum(
        operation.evaluate(Call(mode, operands, False, RISCV))
        != operation.evaluate(Call(mode, operands, False, BEFORE))
        for operands in drawn(name, Corner.TININESS)
        for mode in (Mode.RNE, Mode.RTP, Mode.RTN)
    )
    assert told_apart > DRAWS // 50


@pytest.mark.parametrize("name", ["add", "mul", "div", "fma", "from_binary64", "to_binary16"])
def test_overflow_is_reached_and_missed(name: str) -> None:
    overflows = sum(bool(flags & 4) for _, flags in answers(name, Corner.OVERFLOW, Mode.RNE))
    assert DRAWS // 20 < overflows < DRAWS - DRAWS // 20


@pytest.mark.parametrize("name", ["mul", "div", "fma", "from_binary64"])
def test_subnormal_results(name: str) -> None:
    results = answers(name, Corner.SUBNORMAL_BOUNDARY, Mode.RNE)
    assert sum(0 < bits & 0x7FFFFFFF < 0x00800000 for bits, _ in results) > DRAWS // 4
    assert sum(bool(flags & 2) for _, flags in results) > DRAWS // 10


@pytest.mark.parametrize("name", ["add", "sub", "fma", "remainder"])
def test_exact_cancellation(name: str) -> None:
    results = answers(name, Corner.CANCELLATION, Mode.RTN)
    assert sum(bits == 0x80000000 for bits, _ in results) > DRAWS // 50
    assert sum(bits & 0x7FFFFFFF != 0 for bits, _ in results) > DRAWS // 10


def test_double_rounding_through_binary64() -> None:
    fma, wide, narrow = BY_NAME["fma"], BY_NAME["to_binary64"], BY_NAME["from_binary64"]
    wrong = 0
    for operands in drawn("fma", Corner.DOUBLE_ROUNDING):
        x, y, z = (
            wide.evaluate(Call(Mode.RNE, (operand,), False, RISCV))[0] for operand in operands
        )
        twice = via_binary64(x, y, z)
        call = Call(Mode.RNE, operands, False, RISCV)
        wrong += narrow.evaluate(Call(Mode.RNE, (twice,), False, RISCV))[0] != fma.evaluate(call)[0]
    assert wrong > DRAWS // 50


def via_binary64(x: int, y: int, z: int) -> int:
    values = [exact_value(BINARY64, bits) for bits in (x, y, z)]
    return round_to(BINARY64, Mode.RNE, values[0] * values[1] + values[2], 0)


def test_nans_of_both_kinds_meet_everything() -> None:
    met = Counter()
    for x, y in drawn("add", Corner.NAN_PAYLOADS):
        for one in (x, y):
            magnitude = one & 0x7FFFFFFF
            met["signalling"] += 0x7F800000 < magnitude < 0x7FC00000
            met["quiet"] += magnitude >= 0x7FC00000
            met["infinite"] += magnitude == 0x7F800000
            met["zero"] += magnitude == 0
    assert min(met[name] for name in ("signalling", "quiet", "infinite", "zero")) > DRAWS // 8


def test_gaps_reach_from_none_to_a_hundred() -> None:
    gaps = Counter(
        abs((x >> 23 & 255) - (y >> 23 & 255)) for x, y in drawn("add", Corner.EXPONENT_GAPS)
    )
    assert {0, 1, 24, 25, 26} < set(gaps)
    assert max(gaps) > 60


def test_integer_results_at_the_ends_of_their_range() -> None:
    for kind in (Kind.INT32, Kind.UINT64):
        results = answers(f"to_{kind.value}", Corner.TIES, Mode.RTZ)
        assert sum(flags == 16 for _, flags in results) > DRAWS // 20
        assert sum(flags != 16 for _, flags in results) > DRAWS // 4
