"""The lower end of the box taken for its floor: the floor may lie below the box."""

from dataclasses import replace

from refsem.rules import BY_NAME, Derived, Outward
from refsem.rules.lines import l, vu

VARIANT_OF = "floor_step_interval"
REFUTED_BY = "floor_step_interval_of_ends/sound/lower"

RULE = replace(
    BY_NAME[VARIANT_OF],
    name="floor_step_interval_of_ends",
    derived=(Derived("lo", l, Outward.DOWN), Derived("hi", vu, Outward.UP)),
)
