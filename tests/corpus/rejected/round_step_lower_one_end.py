"""The line is bounded at the lower end of the box only."""

from dataclasses import replace

from refsem.rules import BY_NAME, Derived, Outward
from refsem.rules.lines import k, l, vl

VARIANT_OF = "round_step_lower"
REFUTED_BY = "round_step_lower_one_end/sound/lower"

RULE = replace(
    BY_NAME[VARIANT_OF],
    name="round_step_lower_one_end",
    derived=(Derived("b", vl - k * l, Outward.DOWN),),
)
