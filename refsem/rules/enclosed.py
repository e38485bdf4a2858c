"""Bounds by enclosure: a function's range over a box, and what it exceeds a line by there.

These rules know nothing of the operator: v is its value at x, whatever that is. What they are
given is the work: bounds that hold over the whole box, found by `refsem.rules.ranges` in balls,
piece by piece. They serve every function of one operand, and those without facts alone.

Legend: x a number, v the function's value at it; vl, vu bounds of the values over the box; k a
slope; ml, mu bounds over the box of v - k·x; b an intercept; lo, hi the derived ends.
Source of all: interval analysis (Moore 1966), with the line's slope chosen.
"""

from refsem.ir.terms import variables
from refsem.rules.rule import Claim, Derived, Outward, Rule, Side

x, v, vl, vu, k, ml, mu, b, lo, hi = variables("x v vl vu k ml mu b lo hi")

_OVER = "it bounds the function over the whole box"
_EXCESS = "it bounds the excess over the line in the whole box"
_SOURCE = "Moore 1966"

enclosed_interval = Rule(
    name="enclosed_interval",
    operator=None,
    given=(vl, vu),
    chosen=(),
    derived=(Derived("lo", vl, Outward.DOWN), Derived("hi", vu, Outward.UP)),
    point=(v,),
    sides=(Side("below", vl <= v, because=_OVER), Side("above", v <= vu, because=_OVER)),
    claims=(Claim("lower", lo <= v), Claim("upper", v <= hi)),
    because="an enclosure of the range may be moved outward",
    source=_SOURCE,
)

enclosed_upper = Rule(
    name="enclosed_upper",
    operator=None,
    given=(mu,),
    chosen=(k,),
    derived=(Derived("b", mu, Outward.UP),),
    point=(x, v),
    sides=(Side("excess", v - k * x <= mu, because=_EXCESS),),
    claims=(Claim("upper", v <= k * x + b),),
    because="a function exceeds a line through 0 by no more than the greatest excess",
    source=_SOURCE,
)

enclosed_lower = Rule(
    name="enclosed_lower",
    operator=None,
    given=(ml,),
    chosen=(k,),
    derived=(Derived("b", ml, Outward.DOWN),),
    point=(x, v),
    sides=(Side("excess", ml <= v - k * x, because=_EXCESS),),
    claims=(Claim("lower", k * x + b <= v),),
    because="a function exceeds a line through 0 by no less than the least excess",
    source=_SOURCE,
)

RULES = (enclosed_interval, enclosed_upper, enclosed_lower)
