"""The ends of the box are not rounded: what rounds down leaves the box."""

from dataclasses import replace

from refsem.rules import BY_NAME, Derived, Outward
from refsem.rules.lines import l, u

VARIANT_OF = "round_step_interval"
REFUTED_BY = "round_step_interval_of_ends/sound/lower"

RULE = replace(
    BY_NAME[VARIANT_OF],
    name="round_step_interval_of_ends",
    derived=(Derived("lo", l, Outward.DOWN), Derived("hi", u, Outward.UP)),
)
