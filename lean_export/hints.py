"""Hints: what a rule's proofs need beyond case splits and linear arithmetic, as data.

A `Multiple` names a term m and two hypotheses a ≤ p and p ≤ b: according to the sign of m, the
multiples m·a, m·p, m·b are in order or in reverse order. A `Positive` divisor is one by which
both sides of a claim may be multiplied. A hint is never believed: Lean reads the proof it leads
to. A rule without an entry needs none.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from refsem.ir.terms import Term, term, variables

c, k, l, s, u, x, cl, cu = variables("c k l s u x cl cu")


@dataclass(frozen=True, slots=True)
class Multiple:
    """The term m, and the names of hypotheses a ≤ p and p ≤ b to be multiplied by it."""

    factor: Term
    below: str
    above: str


@dataclass(frozen=True, slots=True)
class Hint:
    """What helps with every obligation of one rule."""

    multiples: tuple[Multiple, ...] = ()
    positive: Term | None = None
    """A divisor that is positive under the sides."""


def _over_box(*factors: Term) -> tuple[Multiple, ...]:
    return tuple(Multiple(factor, "lower_end", "upper_end") for factor in factors)


_BETWEEN_LINES = Hint((Multiple(c, "line_below", "line_above"),))
_RESLOPE = Hint(_over_box(c - k))

HINTS: Mapping[str, Hint] = {
    "scale_interval": Hint(_over_box(c)),
    "dot_product_interval": Hint(_over_box(c)),
    "relu_upper": Hint(_over_box(s, term(1) - s)),
    "relu_lower": Hint((Multiple(x, "slope_nonnegative", "slope_at_most_one"),)),
    "relu_triangle": Hint(_over_box(u, l), positive=u - l),
    "substitute_upper": _BETWEEN_LINES,
    "substitute_lower": _BETWEEN_LINES,
    "compose_upper": _BETWEEN_LINES,
    "compose_lower": _BETWEEN_LINES,
    "reslope_upper": _RESLOPE,
    "reslope_lower": _RESLOPE,
    "concretise": Hint(_over_box(cl, cu)),
}

_BY_SEVERAL_DIVISORS = (
    "reciprocal_interval_positive/sound/lower",
    "reciprocal_interval_positive/sound/upper",
    "reciprocal_interval_positive/weaken/lo",
    "reciprocal_interval_positive/weaken/hi",
    "reciprocal_interval_negative/sound/lower",
    "reciprocal_interval_negative/sound/upper",
    "reciprocal_interval_negative/weaken/lo",
    "reciprocal_interval_negative/weaken/hi",
    "reciprocal_upper_positive/sound/upper",
    "reciprocal_upper_positive/weaken/b",
    "reciprocal_lower_positive/sound/lower",
    "reciprocal_upper_negative/sound/upper",
    "reciprocal_lower_negative/sound/lower",
    "reciprocal_lower_negative/weaken/b",
)

UNPROVED: Mapping[str, str] = dict.fromkeys(
    _BY_SEVERAL_DIVISORS, "it divides by several terms, or by one that may be negative"
)
"""Obligations for which no proof is printed, by id, each with the reason: announced stubs."""
