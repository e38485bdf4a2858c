"""Rules on forms over balls: coefficients are given up for what the ball allows.

Over the ball ‖x − m‖ ≤ r a form c·x is bounded by the dual norm of c. Part of the coefficients may
be kept for the box that the ball is cut with: any k is sound in c = k + (c − k), the form keeps k,
and a concretisation over the box follows. Stated entry by entry, for a share w of what the ball
allows: the shares |x − m| of the entries sum to at most r in the L1 norm, (x − m)² to at most r² in
L2. The multiplier of the shares is the same for all entries of a row, so their sum takes its place.

In L2 the textbook bound −r·‖c − k‖ is the greatest of −p·‖c − k‖² − s·r² over multipliers with
4·p·s = 1: p and s are chosen, so that no root is taken, and any that meet 4·p·s ≥ 1 are sound.

Legend: c coefficient, k the one kept; m centre; w the entry's share; g, p, s multipliers.
Source: dual norms (Hölder's inequality); Lagrange duality. Not here: balls in other norms.
"""

from refsem.ir.terms import term, variables
from refsem.rules.rule import Claim, Derived, Outward, Rule, Side

c, g, k, m, p, q, s, w, x = variables("c g k m p q s w x")

_TAXICAB = (
    Side("within", abs(x - m) <= w, because="the entry uses no more than its share"),
    Side("dual", abs(c - k) <= g, because="the dual norm of what is given up"),
)
_EUCLIDEAN = (
    Side("within", (x - m) * (x - m) <= w, because="the entry uses no more than its share"),
    Side("positive", term(0) < p, because="a multiplier of a square"),
    Side("multipliers", term(1) <= 4 * p * s, because="p·a² + s·b² ≥ a·b asks for it"),
)
_SHARED = (
    "a row of coefficients of any length, by induction on its entries: inequalities add, and as g "
    "or s is the same in all of them, the shares may be replaced by their sum, at most {}"
)

l1_ball_lower = Rule(
    name="l1_ball_lower",
    operator=None,
    given=(c, m, w),
    chosen=(k, g),
    derived=(Derived("q", (c - k) * m - g * w, Outward.DOWN),),
    point=(x,),
    sides=_TAXICAB,
    claims=(Claim("lower", k * x + q <= c * x),),
    because="(c − k)·(x − m) is at least −|c − k|·|x − m|",
    source="Hölder's inequality, L1 and L∞",
    lift=_SHARED.format("the radius"),
)

l1_ball_upper = Rule(
    name="l1_ball_upper",
    operator=None,
    given=(c, m, w),
    chosen=(k, g),
    derived=(Derived("q", (c - k) * m + g * w, Outward.UP),),
    point=(x,),
    sides=_TAXICAB,
    claims=(Claim("upper", c * x <= k * x + q),),
    because="(c − k)·(x − m) is at most |c − k|·|x − m|",
    source="Hölder's inequality, L1 and L∞",
    lift=_SHARED.format("the radius"),
)

l2_ball_lower = Rule(
    name="l2_ball_lower",
    operator=None,
    given=(c, m, w),
    chosen=(k, p, s),
    derived=(Derived("q", (c - k) * m - p * (c - k) * (c - k) - s * w, Outward.DOWN),),
    point=(x,),
    sides=_EUCLIDEAN,
    claims=(Claim("lower", k * x + q <= c * x),),
    because="a·b + p·a² + s·b² is no negative number where p > 0 and 4·p·s ≥ 1",
    source="Cauchy-Schwarz inequality by Lagrange multipliers",
    lift=_SHARED.format("the square of the radius"),
)

l2_ball_upper = Rule(
    name="l2_ball_upper",
    operator=None,
    given=(c, m, w),
    chosen=(k, p, s),
    derived=(Derived("q", (c - k) * m + p * (c - k) * (c - k) + s * w, Outward.UP),),
    point=(x,),
    sides=_EUCLIDEAN,
    claims=(Claim("upper", c * x <= k * x + q),),
    because="p·a² + s·b² − a·b is no negative number where p > 0 and 4·p·s ≥ 1",
    source="Cauchy-Schwarz inequality by Lagrange multipliers",
    lift=_SHARED.format("the square of the radius"),
)

RULES = (l1_ball_lower, l1_ball_upper, l2_ball_lower, l2_ball_upper)
