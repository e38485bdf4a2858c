"""Obligations and outcomes: what has to be shown, and what came of it.

An obligation asks one small question about real numbers: does the goal follow from the premises?
Its variables are free ones and definitions; a definition with a direction may exceed (UP) or
fall below (DOWN) its term. An outcome is never a boolean: *proved*, *refuted* with evidence,
*unknown* with a reason, or *stated* somewhere in words. A surprise is an outcome other than
the expected one; only surprises make a run fail.
"""

from dataclasses import dataclass
from enum import Enum

from gmpy2 import mpq

from refsem.ir.terms import Relation, Term
from refsem.rules import Outward


class Kind(Enum):
    """The question an obligation asks of a rule, or of one application of it."""

    INHABITED = "inhabited"
    """Some point satisfies every side, and what is cited is seen to hold there."""
    DEFINED = "defined"
    """Every divisor is non-zero and every function in its domain, under the sides."""
    FACT = "fact"
    """A cited fact about a named function; nothing is seen to contradict it."""
    CITED = "cited"
    """A premise of a cited instance of a fact follows from the sides."""
    SOUND = "sound"
    """A claim follows from the sides."""
    WEAKEN = "weaken"
    """A claim survives its derived values moved outward, jointly and in order."""
    NEEDED = "needed"
    """Without one side the rule is undefined or unsound."""
    NEAREST = "nearest"
    """A claim survives derived values computed in binary32, every operation to nearest."""
    LIFT = "lift"
    """The rule about numbers extends to tensors by an induction stated in words."""
    INSTANCE = "instance"
    """One application in a Trace follows, by exact replay."""
    CLAIM = "claim"
    """What was to be shown of the network: a case of the property is empty."""


class Expected(Enum):
    """The outcome that is no surprise."""

    PROVED = "proved"
    REFUTED = "refuted"
    STATED = "stated"
    EITHER = "either"
    """No outcome is a surprise: the question is informative."""


class By(Enum):
    """Whose word a proof rests on."""

    ALGEBRA = "algebra"
    LEAN = "lean"
    Z3 = "z3"
    INSTANCE = "instance"
    POINT = "point"


@dataclass(frozen=True, slots=True)
class Point:
    """Exact values of the variables at which something is seen to hold or fail."""

    values: tuple[tuple[str, mpq], ...]
    failing: str
    """What fails there; empty for a point that shows existence."""
    bits: tuple[tuple[str, int], ...] = ()
    """The binary32 patterns of values that an execution is given or computes."""


@dataclass(frozen=True, slots=True)
class SolverRun:
    """A solver's answer, with what is needed to ask it again, and what a second one said."""

    solver: str
    answer: str
    seconds: str
    second: str = ""
    """The second solver and its answer; empty where none was asked."""


@dataclass(frozen=True, slots=True)
class Exact:
    """An exact comparison or replay; the text says what was compared."""

    what: str


@dataclass(frozen=True, slots=True)
class Algebraic:
    """An algebraic proof that the checker has accepted: its file and its size.

    The file is empty for a proof that was found in this run and is not stored.
    """

    file: str
    leaves: int
    products: int


Evidence = Point | SolverRun | Exact | Algebraic


@dataclass(frozen=True, slots=True)
class Proved:
    """The goals follow; `relying_on` lists what else has to be believed."""

    by: By
    evidence: Evidence
    relying_on: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Refuted:
    """The goals do not follow (a point), or the premises are impossible (a solver's answer)."""

    evidence: Evidence


@dataclass(frozen=True, slots=True)
class Unknown:
    """Undecided, and why. A time-out is this."""

    reason: str


@dataclass(frozen=True, slots=True)
class Stated:
    """Written down, not proved by refsem; `where` names the file."""

    where: str


Outcome = Proved | Refuted | Unknown | Stated


@dataclass(frozen=True, slots=True)
class Definition:
    """A variable with a term it equals (EXACT), is at least (UP) or is at most (DOWN)."""

    name: str
    term: Term
    may_exceed: Outward


@dataclass(frozen=True, slots=True)
class Premise:
    """A named hypothesis: a side, or the conclusion of a cited instance of a fact.

    A cited one is true wherever the sides are, so a point need not meet it to refute.
    """

    name: str
    relation: Relation
    cited: bool = False


@dataclass(frozen=True, slots=True)
class Obligation:
    """One question, with a stable id `rule/kind/what`.

    It has a goal, or asks for a point (`inhabited`), or is the conjunction of its parts (`needed`:
    the rule without one side is still defined and sound), or is stated in words (`lift`).
    `assumes` names the obligations that license what is not a side: that divisors are non-zero and
    functions defined, that cited facts apply, and those facts.
    """

    id: str
    kind: Kind
    free: tuple[str, ...]
    definitions: tuple[Definition, ...]
    premises: tuple[Premise, ...]
    goal: Relation | None
    expected: Expected
    provenance: str
    assumes: tuple[str, ...] = ()
    parts: tuple["Obligation", ...] = ()
    meaning: str = "real"


@dataclass(frozen=True, slots=True)
class Record:
    """An obligation and what came of it."""

    obligation: Obligation
    outcome: Outcome

    @property
    def surprising(self) -> bool:
        """Whether the outcome differs from the expected one."""
        expected = self.obligation.expected
        return expected is not Expected.EITHER and outcome_name(self.outcome) != expected.value


def outcome_name(outcome: Outcome) -> str:
    """The outcome in one word."""
    match outcome:
        case Proved():
            return "proved"
        case Refuted():
            return "refuted"
        case Unknown():
            return "unknown"
        case Stated():
            return "stated"
