"""What checking a certificate finds: a verdict with reasons, findings, and five answers.

`accepted` is said only after the certificate's own predicate was recomputed; `rejected` of a file
that is well-formed but claims something false or illegal; `undecided` where something needed is
absent or not supported, with the reason. What is no certificate is named for what it is. A
malformed file has no verdict: reading it raises `InputError`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from gmpy2 import mpq

from refsem.rounding import BINARY32, Format, ulp_in

KEPT = 20
"""Findings of one kind that a report keeps; the others are counted."""


class Verdict(Enum):
    """What was found about a file."""

    ACCEPTED = "accepted"
    REJECTED = "rejected"
    UNDECIDED = "undecided"
    NOT_A_CERTIFICATE = "not a certificate"


class Semantics(Enum):
    """How a certificate's numbers are held against recomputed ones."""

    EXACT = "exact"
    """Claims contain what exact arithmetic recomputes."""
    CONTAINMENT = "containment"
    """Claims contain the binary32 transcript rounded outward."""
    BITEXACT = "bitexact"
    """Claims are the binary32 transcript, bit for bit."""
    TOLERANCE = "tolerance"
    """Claims lie within 1e-5 of what is recomputed from the certificate's own parents."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing wrong: where, what, and the two numbers that disagree, if it is about numbers."""

    place: str
    message: str
    claimed: mpq | None = None
    recomputed: mpq | None = None
    grid: Format = BINARY32
    """The format whose ulps measure the distance."""

    @property
    def ulps(self) -> mpq | None:
        """The distance of the two numbers in ulps of the claimed one; None without numbers."""
        if self.claimed is None or self.recomputed is None:
            return None
        return abs(self.claimed - self.recomputed) / ulp_in(self.grid, self.claimed)


@dataclass(frozen=True, slots=True)
class Answers:
    """The five questions every checker answers."""

    checked: str
    """What object is checked."""
    candidates: str
    """Who may supply candidates."""
    recomputed: str
    """Which predicate is recomputed."""
    lifted_by: str
    """Which theorem lifts the predicate to the claim."""
    outside: str
    """What stays outside."""


NO_ANSWERS = Answers("nothing", "nobody", "nothing", "none", "everything")
"""The answers for a file that claims nothing."""


@dataclass(frozen=True, slots=True)
class CheckReport:
    """The judgement of one file."""

    format: str
    verdict: Verdict
    reasons: tuple[str, ...]
    answers: Answers
    findings: tuple[Finding, ...] = ()
    semantics: Semantics | None = None
    facts: Mapping[str, str | mpq] = field(default_factory=dict)
    """Counts, as text, and exact figures by name."""
    uncounted: int = 0
    """Findings beyond those kept."""


def judged(
    format_: str,
    answers: Answers,
    findings: list[Finding],
    accepted: str,
    *,
    semantics: Semantics | None = None,
    facts: Mapping[str, str | mpq] | None = None,
) -> CheckReport:
    """Rejected for the findings if there are any, else accepted for the stated reason."""
    verdict = Verdict.REJECTED if findings else Verdict.ACCEPTED
    reasons = (f"{len(findings)} findings" if len(findings) > 1 else "1 finding",)
    return CheckReport(
        format_,
        verdict,
        reasons if findings else (accepted,),
        answers,
        tuple(findings[:KEPT]),
        semantics,
        facts or {},
        max(0, len(findings) - KEPT),
    )


def undecided(
    format_: str, answers: Answers, *reasons: str, semantics: Semantics | None = None
) -> CheckReport:
    """The report of a file that could not be decided, and why."""
    return CheckReport(format_, Verdict.UNDECIDED, reasons, answers, (), semantics)
