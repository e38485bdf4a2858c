"""Rules under split constraints: the sign of a pre-activation is assumed, its multiplier chosen.

A region may say of a pre-activation that it is at least 0, at most 0, or nothing. What is then
proved holds where all signs hold; the leaves of a split tree take both signs of each.

Legend: x the pre-activation; g its sign, 1, -1 or 0 for none; c its coefficient in a form; w a
multiplier; k the new coefficient; l, u the box of x; t a row with t ≤ b; q a bound of its multiple.
"""

from refsem.ir.terms import maximum, minimum, select, variables
from refsem.rules.rule import Claim, Derived, Outward, Rule, Side

b, c, g, k, l, q, t, u, w, x, lo, hi = variables("b c g k l q t u w x lo hi")

_SIGN = Side("sign", g * x >= 0, because="the region assumes it")
_WEIGHT = Side("nonnegative", w >= 0, because="a multiplier below 0 would turn the constraint")
_SUMMED = "a row of coefficients of any length, by induction on its entries: inequalities add"

split_interval = Rule(
    name="split_interval",
    operator=None,
    given=(l, u, g),
    chosen=(),
    derived=(
        Derived("lo", select(g, 0, l, maximum(l, 0)), Outward.DOWN),
        Derived("hi", select(0, g, u, minimum(u, 0)), Outward.UP),
    ),
    point=(x,),
    sides=(
        Side("lower_end", l <= x, because="x lies in the box"),
        Side("upper_end", x <= u, because="x lies in the box"),
        _SIGN,
    ),
    claims=(Claim("lower", lo <= x), Claim("upper", x <= hi)),
    because="a number in a box whose sign is known lies in that half of the box",
    source="branch and bound on ReLU signs, as in beta-CROWN (Wang et al. 2021)",
)

multiplier_lower = Rule(
    name="multiplier_lower",
    operator=None,
    given=(c, g),
    chosen=(w,),
    derived=(Derived("k", c - w * g, Outward.EXACT),),
    point=(x,),
    sides=(_SIGN, _WEIGHT),
    claims=(Claim("lower", k * x <= c * x),),
    because="w·(g·x) is a product of two numbers that are not negative",
    source="beta-CROWN (Wang et al. 2021), Lagrange multipliers of split constraints",
    lift=_SUMMED,
)

weighted_constraint = Rule(
    name="weighted_constraint",
    operator=None,
    given=(b,),
    chosen=(w,),
    derived=(Derived("q", w * b, Outward.UP),),
    point=(t,),
    sides=(Side("met", t <= b, because="the point meets the constraint"), _WEIGHT),
    claims=(Claim("upper", w * t <= q),),
    because="an inequality may be multiplied by a number that is not negative",
    source="Farkas' lemma: rows that cannot be met together, shown by their weights",
    lift="any number of constraints: inequalities add; if their weighted sum is proved above the "
    "sum of the bounds, no point meets them all",
)

RULES = (split_interval, multiplier_lower, weighted_constraint)
"""Rules on signs and weights."""
