"""The kink is forgotten: between the ends of the box the ceiling reaches below the line."""

from dataclasses import replace

from refsem.ir.terms import maximum, minimum
from refsem.rules import BY_NAME, Derived, Outward
from refsem.rules.lines import k, l, u, vl

VARIANT_OF = "ceil_step_lower"
REFUTED_BY = "ceil_step_lower_at_the_ends/sound/lower"

RULE = replace(
    BY_NAME[VARIANT_OF],
    name="ceil_step_lower_at_the_ends",
    derived=(Derived("b", minimum(maximum(l, vl) - k * l, maximum(u, vl) - k * u), Outward.DOWN),),
)
