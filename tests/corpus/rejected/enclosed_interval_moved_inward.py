"""An enclosure rounded inward no longer encloses."""

from dataclasses import replace

from refsem.rules import BY_NAME, Derived, Outward
from refsem.rules.enclosed import vl, vu

VARIANT_OF = "enclosed_interval"
REFUTED_BY = "enclosed_interval_moved_inward/weaken/hi"

RULE = replace(
    BY_NAME[VARIANT_OF],
    name="enclosed_interval_moved_inward",
    derived=(Derived("lo", vl, Outward.DOWN), Derived("hi", vu, Outward.DOWN)),
)
