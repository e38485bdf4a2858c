"""A target's answers beside the model's, under what the target promises."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from refsem.binary32.catalogue import FORMATS, Answer, Call, Kind
from refsem.binary32.functions import UndecidedError
from refsem.fuzz.operations import BY_NAME
from refsem.fuzz.targets.target import Answers, Target, host_arrays
from refsem.rounding import Environment, Mode
from refsem.rounding.environment import INVALID


class Nans(Enum):
    """How NaN results are compared."""

    ANY = "any"
    """Any NaN equals any NaN."""

    EXACT = "exact"
    """Bit for bit."""


@dataclass(frozen=True, slots=True)
class Question:
    """What a target is asked: an operation in a mode and an environment."""

    operation: str
    mode: Mode
    environment: Environment
    nans: Nans


@dataclass(frozen=True, slots=True)
class Finding:
    """Operands on which a target's answer is not the model's."""

    question: Question
    operands: tuple[int, ...]
    expected: Answer
    got: Answer
    flags_compared: bool
    foreign: str
    """The target's answer where it is not even a value of the right kind; else empty."""


@dataclass(frozen=True, slots=True)
class Verdicts:
    """Answers judged: how many were compared, and those that differ."""

    checked: int
    findings: tuple[Finding, ...]


def ask(target: Target, question: Question, rows: Sequence[tuple[int, ...]]) -> Verdicts:
    """The target's answers to one question on rows of operands, judged one by one."""
    if not rows:
        return Verdicts(0, ())
    operation = BY_NAME[question.operation]
    function = target.functions[question.operation]
    answers = function.run(
        question.mode, host_arrays(operation.operands, rows), question.environment
    )
    checked = 0
    findings: list[Finding] = []
    for place, row in enumerate(rows):
        call = Call(question.mode, row, operation.exactness, question.environment)
        try:
            expected = operation.evaluate(call)
        except UndecidedError:
            continue
        if function.in_range_only and expected[1] & INVALID:
            continue
        checked += 1
        if not _agrees(target, question, operation.result, expected, answers, place):
            findings.append(_finding(question, row, expected, answers, place))
    return Verdicts(checked, tuple(findings))


def _finding(
    question: Question, row: tuple[int, ...], expected: Answer, answers: Answers, place: int
) -> Finding:
    flags = answers.flags
    got = answers.patterns[place], flags[place] if flags is not None else 0
    foreign = answers.foreign.get(place, "")
    return Finding(question, row, expected, got, flags is not None, foreign)


def _agrees(
    target: Target,
    question: Question,
    kind: Kind,
    expected: Answer,
    answers: Answers,
    place: int,
) -> bool:
    bits, flags = expected
    got = answers.patterns[place]
    if place in answers.foreign:
        return False
    if answers.flags is not None and answers.flags[place] != flags:
        return False
    if got == bits:
        return True
    if kind not in FORMATS:
        return False
    magnitude = FORMATS[kind].sign_bit - 1
    infinity = FORMATS[kind].infinity
    if question.nans is Nans.ANY and bits & magnitude > infinity and got & magnitude > infinity:
        return True
    zero_sign_open = target.functions[question.operation].zero_sign_open
    return zero_sign_open and not bits & magnitude and not got & magnitude
