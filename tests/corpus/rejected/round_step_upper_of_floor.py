"""As if nothing were ever rounded up."""

from dataclasses import replace

from refsem.ir.terms import maximum, minimum
from refsem.rules import BY_NAME, Derived, Outward
from refsem.rules.lines import k, l, u, vu

VARIANT_OF = "round_step_upper"
REFUTED_BY = "round_step_upper_of_floor/sound/upper"

RULE = replace(
    BY_NAME[VARIANT_OF],
    name="round_step_upper_of_floor",
    derived=(Derived("b", maximum(minimum(l, vu) - k * l, minimum(u, vu) - k * u), Outward.UP),),
)
