"""The textbook triangle as a library stores it: slope u/(u − l) rounded up, intercept −u·l/(u − l).

Rounding the slope up looks safe for an upper bound and is not: left of 0 a steeper line is lower,
and the intercept belongs to the slope that was not rounded. On random boxes almost every second
line of this kind is wrong. The intercept has to be derived from the slope that is used.
"""

from dataclasses import replace

from refsem.ir.terms import Term, variables
from refsem.rules import Claim, Derived, Outward, Side
from refsem.rules.relu import relu, relu_triangle

VARIANT_OF = "relu_triangle"
REFUTED_BY = "relu_triangle_slope_rounded_up/sound/upper"

l, u, x, s = variables("l u x s")
RULE = replace(
    relu_triangle,
    name="relu_triangle_slope_rounded_up",
    chosen=(s,),
    derived=(Derived("b", -(u / (u - l)) * l, Outward.UP),),
    sides=(
        *relu_triangle.sides,
        Side("slope_rounded_up", u <= s * (u - l), because="the slope is u/(u − l), rounded up"),
    ),
    claims=(Claim("upper", relu(x) <= s * x + Term("b")),),
)
