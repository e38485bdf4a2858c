"""The bound of the floor, x itself, used for the ceiling."""

from dataclasses import replace

from refsem.ir.terms import maximum, minimum
from refsem.rules import BY_NAME, Derived, Outward
from refsem.rules.lines import k, l, u, vu

VARIANT_OF = "ceil_step_upper"
REFUTED_BY = "ceil_step_upper_of_floor/sound/upper"

RULE = replace(
    BY_NAME[VARIANT_OF],
    name="ceil_step_upper_of_floor",
    derived=(Derived("b", maximum(minimum(l, vu) - k * l, vu - k * u), Outward.UP),),
)
