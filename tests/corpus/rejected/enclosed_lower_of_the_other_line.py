"""The excess over the line of the opposite slope."""

from dataclasses import replace

from refsem.rules import BY_NAME, Derived, Outward
from refsem.rules.enclosed import k, ml

VARIANT_OF = "enclosed_lower"
REFUTED_BY = "enclosed_lower_of_the_other_line/sound/lower"

RULE = replace(
    BY_NAME[VARIANT_OF],
    name="enclosed_lower_of_the_other_line",
    derived=(Derived("b", ml + k, Outward.DOWN),),
)
