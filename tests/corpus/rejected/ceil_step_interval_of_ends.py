"""The upper end of the box taken for its ceiling: the ceiling may lie above the box."""

from dataclasses import replace

from refsem.rules import BY_NAME, Derived, Outward
from refsem.rules.lines import u, vl

VARIANT_OF = "ceil_step_interval"
REFUTED_BY = "ceil_step_interval_of_ends/sound/upper"

RULE = replace(
    BY_NAME[VARIANT_OF],
    name="ceil_step_interval_of_ends",
    derived=(Derived("lo", vl, Outward.DOWN), Derived("hi", u, Outward.UP)),
)
