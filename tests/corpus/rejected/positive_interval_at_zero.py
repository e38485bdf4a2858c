"""The comparison with 0 decided by the lower end alone."""

from dataclasses import replace

from refsem.ir.operators import Op, meaning
from refsem.rules import BY_NAME, Derived, Outward
from refsem.rules.boxes import l

VARIANT_OF = "positive_interval"
REFUTED_BY = "positive_interval_at_zero/sound/upper"

RULE = replace(
    BY_NAME[VARIANT_OF],
    name="positive_interval_at_zero",
    derived=(
        Derived("lo", meaning(Op.POSITIVE, l), Outward.DOWN),
        Derived("hi", meaning(Op.POSITIVE, l), Outward.UP),
    ),
)
