"""Mutants of the kernel as targets: each kind of fault is seen, flags and NaN bits included."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import islice

import pytest

from refsem.fuzz.campaign import Plan, loaded, questions, run
from refsem.fuzz.division import NOTHING, Budget
from refsem.fuzz.generators import cases
from refsem.fuzz.judging import Finding, ask
from refsem.fuzz.operations import BY_NAME
from refsem.fuzz.shrink import shrink
from refsem.fuzz.targets.kernel_target import kernel_run, kernel_target
from refsem.fuzz.targets.target import Answers, Function, Run, Target
from refsem.kernel.catalogue import BY_NAME as KERNEL
from refsem.kernel.loops import Array
from refsem.rounding import Environment, Mode, NanPolicy, Tininess
from refsem.rounding.environment import INEXACT, INVALID

Mutation = Callable[[Run], Run]


def with_mode(change: Callable[[Mode], Mode]) -> Mutation:
    def mutate(right: Run) -> Run:
        return lambda mode, operands, environment: right(change(mode), operands, environment)

    return mutate


def with_environment(change: Callable[[Environment], Environment]) -> Mutation:
    def mutate(right: Run) -> Run:
        return lambda mode, operands, environment: right(mode, operands, change(environment))

    return mutate


def with_flags(change: Callable[[int, int], int]) -> Mutation:
    def mutate(right: Run) -> Run:
        def wrong(mode: Mode, operands: Sequence[Array], environment: Environment) -> Answers:
            answers = right(mode, operands, environment)
            assert answers.flags is not None
            pairs = zip(answers.patterns, answers.flags, strict=True)
            return Answers(answers.patterns, [change(bits, flags) for bits, flags in pairs])

        return wrong

    return mutate


SWAPPED = {Mode.RTP: Mode.RTN, Mode.RTN: Mode.RTP}
OTHER = {Tininess.BEFORE: Tininess.AFTER, Tininess.AFTER: Tininess.BEFORE}
TIES = {Mode.RNE: Mode.RNA}

MUTANTS: dict[str, tuple[str, Mutation]] = {
    "directed modes swapped": ("add", with_mode(lambda mode: SWAPPED.get(mode, mode))),
    "ties away": ("mul", with_mode(lambda mode: TIES.get(mode, mode))),
    "tininess the other way": (
        "mul",
        with_environment(lambda e: replace(e, tininess=OTHER[e.tininess])),
    ),
    "flushed": ("fma", with_environment(lambda e: replace(e, flush_to_zero=True))),
    "not flushed": ("mul", with_environment(lambda e: replace(e, flush_to_zero=False))),
    "read as zero": ("sqrt", with_environment(lambda e: replace(e, denormals_are_zero=True))),
    "x86 NaNs": ("add", with_environment(lambda e: replace(e, nan_policy=NanPolicy.X86))),
    "canonical NaNs": (
        "maximum",
        with_environment(lambda e: replace(e, nan_policy=NanPolicy.CANONICAL)),
    ),
    "fused NaN": (
        "fma",
        with_environment(lambda e: replace(e, fused_nan_invalid=not e.fused_nan_invalid)),
    ),
    "inexact lost": ("div", with_flags(lambda _, flags: flags & ~INEXACT)),
    "inexact lost among subnormals": (
        "mul",
        with_flags(lambda bits, flags: flags & ~INEXACT if bits << 1 < 0x01000000 else flags),
    ),
    "invalid lost": ("compare_signalling_less", with_flags(lambda _, flags: flags & ~INVALID)),
}


def mutant(name: str) -> tuple[Target, str]:
    operation, mutation = MUTANTS[name]
    function = Function(mutation(kernel_run(KERNEL[operation])), f"kernel {operation}")
    return replace(kernel_target(), functions={operation: function}, usual=(operation,)), operation


def findings(target: Target, operation: str, count: int) -> list[Finding]:
    asked = questions(target, Plan("kernel", (operation,), (), None, 1))
    each = count // len(asked)
    found: list[Finding] = []
    for number, question in enumerate(asked):
        source = cases(BY_NAME[operation], number)
        rows = [case.operands for case in islice(source, each)]
        found += ask(target, question, rows).findings
    return found


@pytest.mark.parametrize("name", MUTANTS)
def test_mutants_are_found_and_shrunk(name: str) -> None:
    target, operation = mutant(name)
    found = findings(target, operation, 6000)
    assert found
    smallest = shrink(target, found[0])
    (again,) = ask(target, smallest.question, [smallest.operands]).findings
    assert again.expected == smallest.expected


def test_the_kernel_itself_has_no_findings() -> None:
    target = kernel_target()
    for operation in {operation for operation, _ in MUTANTS.values()}:
        assert not findings(target, operation, 1500)


def test_operations_are_asked_in_all_their_modes_and_environments() -> None:
    target = kernel_target()
    plan = Plan("kernel", (), (), None, 1)
    asked = {(question.operation, question.mode) for question in questions(target, plan)}
    for name in target.functions:
        modes = {mode for operation, mode in asked if operation == name}
        assert len(modes) == (5 if BY_NAME[name].moded else 1)
    assert set(target.functions) == set(KERNEL)


def test_a_target_is_loaded_once() -> None:
    assert loaded("kernel", ()) is loaded("kernel", ())
    plan = Plan("kernel", ("add",), (Mode.RTZ,), None, 5)
    found = run(plan, Budget(700, None), NOTHING, 1, 60.0, lambda *_: None).course
    assert (found.checked, found.mismatches, found.next_batch) == (700, 0, 3)
