"""A divisor was proved non-zero from a side about the quotient itself.

The side `r >= 0` speaks of r = 1/c. The obligation that c is not 0 carried that side, with it the
definition of r, and with the definition r·c = 1 and c ≠ 0: what was to be shown. It was proved,
and every further obligation leant on it. Such a side now takes no part in judging the divisors of
the values it mentions.
"""

from refsem.ir.terms import maximum, minimum, variables
from refsem.rules import Claim, Derived, Outward, Rule, Side

c, l, u, x, r, lo, hi = variables("c l u x r lo hi")
RULE = Rule(
    name="divisor_assumed_by_a_side",
    operator=None,
    given=(l, u, c),
    chosen=(),
    derived=(
        Derived("r", 1 / c, Outward.EXACT),
        Derived("lo", minimum(r * l, r * u), Outward.DOWN),
        Derived("hi", maximum(r * l, r * u), Outward.UP),
    ),
    point=(x,),
    sides=(
        Side("lower_end", l <= x, because="x lies in the box"),
        Side("upper_end", x <= u, because="x lies in the box"),
        Side("reciprocal", r >= 0, because="meant to exclude c = 0, which it does not"),
    ),
    claims=(Claim("lower", lo <= r * x), Claim("upper", r * x <= hi)),
    because="x/c is monotone in x",
    source="written for this regression",
)

OUTCOMES = {
    "inhabited": "proved",
    "defined/divisor_0": "refuted",
    "sound/lower": "proved",
    "sound/upper": "proved",
}
