"""Only the ends of the box are compared with 0: it may lie between them."""

from dataclasses import replace

from refsem.ir.operators import Op, meaning
from refsem.ir.terms import maximum, minimum
from refsem.rules import BY_NAME, Derived, Outward
from refsem.rules.boxes import l, u

VARIANT_OF = "zero_interval"
REFUTED_BY = "zero_interval_of_ends/sound/upper"

RULE = replace(
    BY_NAME[VARIANT_OF],
    name="zero_interval_of_ends",
    derived=(
        Derived("lo", minimum(meaning(Op.ZERO, l), meaning(Op.ZERO, u)), Outward.DOWN),
        Derived("hi", maximum(meaning(Op.ZERO, l), meaning(Op.ZERO, u)), Outward.UP),
    ),
)
