"""A rule with a side about a derived value could not be audited at all.

The question whether some point meets every side listed the free variables only, so the derived
value in the side had no value: sampling stopped with `KeyError`, and the solver, asked first,
would have been free to invent one. Its definition now takes part.
"""

from refsem.ir.terms import variables
from refsem.rules import Claim, Derived, Outward, Rule, Side

l, u, x, w = variables("l u x w")
RULE = Rule(
    name="side_about_a_derived_value",
    operator=None,
    given=(l, u),
    chosen=(),
    derived=(Derived("w", u - l, Outward.UP),),
    point=(x,),
    sides=(
        Side("upper_end", x <= u, because="x lies below its end"),
        Side("narrow", w <= 1, because="the claim is about narrow widths"),
    ),
    claims=(Claim("upper", x - l <= 1),),
    because="x − l is at most the width",
    source="written for this regression",
)
OUTCOMES = {
    "inhabited": "proved",
    "sound/upper": "proved",
    "needed/upper_end": "refuted",
    "needed/narrow": "refuted",
}
