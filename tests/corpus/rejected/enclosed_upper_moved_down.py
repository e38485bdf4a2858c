"""The greatest excess rounded down."""

from dataclasses import replace

from refsem.rules import BY_NAME, Derived, Outward
from refsem.rules.enclosed import mu

VARIANT_OF = "enclosed_upper"
REFUTED_BY = "enclosed_upper_moved_down/weaken/b"

RULE = replace(
    BY_NAME[VARIANT_OF],
    name="enclosed_upper_moved_down",
    derived=(Derived("b", mu, Outward.DOWN),),
)
