"""A line below the square root at the upper end of the box only."""

from dataclasses import replace

from refsem.rules import Derived, Outward
from refsem.rules.lines import k, u, vu
from refsem.rules.roots import sqrt_lower

VARIANT_OF = "sqrt_lower"
REFUTED_BY = "sqrt_lower_at_the_upper_end/sound/lower"

RULE = replace(
    sqrt_lower,
    name="sqrt_lower_at_the_upper_end",
    derived=(Derived("b", vu - k * u, Outward.DOWN),),
)
