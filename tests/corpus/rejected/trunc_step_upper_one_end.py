"""The line is bounded at the upper end of the box only."""

from dataclasses import replace

from refsem.rules import BY_NAME, Derived, Outward
from refsem.rules.lines import k, u, vu

VARIANT_OF = "trunc_step_upper"
REFUTED_BY = "trunc_step_upper_one_end/sound/upper"

RULE = replace(
    BY_NAME[VARIANT_OF],
    name="trunc_step_upper_one_end",
    derived=(Derived("b", vu - k * u, Outward.UP),),
)
