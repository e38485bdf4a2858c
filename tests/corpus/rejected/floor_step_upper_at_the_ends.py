"""The kink is forgotten: between the ends of the box the floor reaches above the line."""

from dataclasses import replace

from refsem.ir.terms import maximum, minimum
from refsem.rules import BY_NAME, Derived, Outward
from refsem.rules.lines import k, l, u, vu

VARIANT_OF = "floor_step_upper"
REFUTED_BY = "floor_step_upper_at_the_ends/sound/upper"

RULE = replace(
    BY_NAME[VARIANT_OF],
    name="floor_step_upper_at_the_ends",
    derived=(Derived("b", maximum(minimum(l, vu) - k * l, minimum(u, vu) - k * u), Outward.UP),),
)
