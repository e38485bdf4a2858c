"""A strict comparison for one that is not: the interval of `positive`."""

from dataclasses import replace

from refsem.ir.operators import Op, meaning
from refsem.rules import BY_NAME, Derived, Outward
from refsem.rules.boxes import l, u

VARIANT_OF = "nonnegative_interval"
REFUTED_BY = "nonnegative_interval_strict/sound/upper"

RULE = replace(
    BY_NAME[VARIANT_OF],
    name="nonnegative_interval_strict",
    derived=(
        Derived("lo", meaning(Op.POSITIVE, l), Outward.DOWN),
        Derived("hi", meaning(Op.POSITIVE, u), Outward.UP),
    ),
)
