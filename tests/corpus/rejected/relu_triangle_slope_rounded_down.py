"""The textbook triangle with its slope rounded down: too low at the right end of the box."""

from dataclasses import replace

from refsem.ir.terms import Term, variables
from refsem.rules import Claim, Derived, Outward, Side
from refsem.rules.relu import relu, relu_triangle

VARIANT_OF = "relu_triangle"
REFUTED_BY = "relu_triangle_slope_rounded_down/sound/upper"

l, u, x, s = variables("l u x s")
RULE = replace(
    relu_triangle,
    name="relu_triangle_slope_rounded_down",
    chosen=(s,),
    derived=(Derived("b", -(u / (u - l)) * l, Outward.UP),),
    sides=(
        *relu_triangle.sides,
        Side(
            "slope_rounded_down", s * (u - l) <= u, because="the slope is u/(u − l), rounded down"
        ),
    ),
    claims=(Claim("upper", relu(x) <= s * x + Term("b")),),
)
