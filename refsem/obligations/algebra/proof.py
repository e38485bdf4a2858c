"""Algebraic proofs: trees of data that refute an obligation's hypotheses and its negated goal.

A proof starts from labelled facts that are read from the obligation, never from the proof:
`side/NAME` for each premise, `definition/NAME` for each definition that may be moved outward, and
`goal` for the negation of the goal. A definition that may not be moved is put in place of its
name. Each node says how the facts of a branch grow, and each branch ends in a `Leaf`: products of
facts with positive integer multipliers which sum identically to zero although one of them is
strictly positive.

A fact is strict (t > 0), weak (t ≥ 0), an equality (t = 0) or a non-equality (t ≠ 0). It is
written without quotients: where t reads N/(d₁·d₂·…), the least common denominator of its parts,
an equality becomes N = 0 and an inequality N·s₁·s₂·… ≥ 0, each sᵢ being nothing where dᵢ occurs
an even number of times, else the known sign of dᵢ, or dᵢ itself where only dᵢ ≠ 0 is known.

Nothing here is believed: `checker` reads a proof against an obligation. Not covered: facts about
named functions, which a rule has to cite among its sides.
"""

from dataclasses import dataclass
from enum import Enum
from typing import TypeAlias

from gmpy2 import mpq

from refsem.ir.terms import Relation, Term


class Sign(Enum):
    """What is known of a divisor."""

    POSITIVE = "positive"
    NEGATIVE = "negative"
    NONZERO = "nonzero"


@dataclass(frozen=True, slots=True)
class Product:
    """A positive multiple of a product of inequalities and of squares of terms.

    A non-equality may stand among the facts an even number of times: its square is positive.
    """

    multiplier: int
    facts: tuple[str, ...]
    squares: tuple[Term, ...] = ()


@dataclass(frozen=True, slots=True)
class Multiple:
    """Any polynomial times an equality."""

    equality: str
    multiplier: Term


@dataclass(frozen=True, slots=True)
class Leaf:
    """A contradiction: summands that cancel, among them a product of nothing but strict facts."""

    products: tuple[Product, ...]
    multiples: tuple[Multiple, ...] = ()


@dataclass(frozen=True, slots=True)
class Split:
    """Two cases: the term is ≥ 0, or it is < 0 (strictly). The label names either fact."""

    label: str
    term: Term
    nonnegative: "Node"
    negative: "Node"


@dataclass(frozen=True, slots=True)
class Apart:
    """Two cases of a non-equality t ≠ 0: t > 0, or t < 0. The label names either fact."""

    label: str
    fact: str
    positive: "Node"
    negative: "Node"


@dataclass(frozen=True, slots=True)
class Resolve:
    """A max, min, abs or select takes the value of one of its branches, because of a fact.

    The branches are numbered from 0; those of abs(t) are t and −t. The fact is the condition
    itself: a weak inequality will do except for the second branch of select.
    """

    atom: Term
    branch: int
    because: str
    rest: "Node"


@dataclass(frozen=True, slots=True)
class Bounds:
    """What holds of every max, min or abs m with branches a and b, whichever it takes.

    Adds `LABEL.0` and `LABEL.1` (m ≥ a and m ≥ b; ≤ for min) and `LABEL.2` ((m − a)(m − b) = 0).
    """

    label: str
    atom: Term
    rest: "Node"


@dataclass(frozen=True, slots=True)
class Lemma:
    """A relation is proved first (its negation, under the label, is refuted), then used."""

    label: str
    relation: Relation
    proof: "Node"
    rest: "Node"


@dataclass(frozen=True, slots=True)
class Divide:
    """A divisor's sign is proved first, by facts that do not divide by it; then it may divide.

    The label names the fact to be refuted: the divisor is ≤ 0, is ≥ 0, or is 0.
    """

    label: str
    divisor: Term
    sign: Sign
    proof: "Node"
    rest: "Node"


@dataclass(frozen=True, slots=True)
class Rewrite:
    """A variable x is replaced by x − factor·t, where the fact t = 0 is an equality."""

    variable: str
    equality: str
    factor: mpq
    rest: "Node"


@dataclass(frozen=True, slots=True)
class Barycentric:
    """A variable x between the ends of two facts x − l ≥ 0 and u − x ≥ 0 becomes l + θ·(u − l).

    θ is a new variable; `θ.0` is θ ≥ 0 and `θ.1` is 1 − θ ≥ 0. At l = u any θ will do, so this
    needs no strict width.
    """

    variable: str
    lower: str
    upper: str
    parameter: str
    rest: "Node"


Node: TypeAlias = Leaf | Split | Apart | Resolve | Bounds | Lemma | Divide | Rewrite | Barycentric


@dataclass(frozen=True, slots=True)
class AlgebraicProof:
    """A proof of one obligation, to be checked against it."""

    root: Node
