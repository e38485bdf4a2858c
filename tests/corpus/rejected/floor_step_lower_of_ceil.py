"""The bound of the ceiling, x itself, used for the floor."""

from dataclasses import replace

from refsem.ir.terms import maximum, minimum
from refsem.rules import BY_NAME, Derived, Outward
from refsem.rules.lines import k, l, u, vl

VARIANT_OF = "floor_step_lower"
REFUTED_BY = "floor_step_lower_of_ceil/sound/lower"

RULE = replace(
    BY_NAME[VARIANT_OF],
    name="floor_step_lower_of_ceil",
    derived=(Derived("b", minimum(vl - k * l, maximum(u, vl) - k * u), Outward.DOWN),),
)
