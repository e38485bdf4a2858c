"""The multiplier added to the coefficient instead of subtracted: right for an upper form only."""

from dataclasses import replace

from refsem.rules import Derived, Outward
from refsem.rules.splits import c, g, multiplier_lower, w

VARIANT_OF = "multiplier_lower"
REFUTED_BY = "multiplier_lower_added/sound/lower"

RULE = replace(
    multiplier_lower,
    name="multiplier_lower_added",
    derived=(Derived("k", c + w * g, Outward.EXACT),),
)
