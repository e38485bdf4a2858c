"""The values at the ends are exchanged."""

from dataclasses import replace

from refsem.rules import BY_NAME, Derived, Outward
from refsem.rules.lines import vl, vu

VARIANT_OF = "trunc_step_interval"
REFUTED_BY = "trunc_step_interval_crossed/sound/lower"

RULE = replace(
    BY_NAME[VARIANT_OF],
    name="trunc_step_interval_crossed",
    derived=(Derived("lo", vu, Outward.DOWN), Derived("hi", vl, Outward.UP)),
)
