"""A chord between the ends of the box: 0 may lie between them."""

from dataclasses import replace

from refsem.ir.operators import Op, meaning
from refsem.ir.terms import maximum
from refsem.rules import BY_NAME, Derived, Outward
from refsem.rules.boxes import l, s, u

VARIANT_OF = "zero_upper"
REFUTED_BY = "zero_upper_by_chord/sound/upper"

RULE = replace(
    BY_NAME[VARIANT_OF],
    name="zero_upper_by_chord",
    derived=(
        Derived("b", maximum(meaning(Op.ZERO, l) - s * l, meaning(Op.ZERO, u) - s * u), Outward.UP),
    ),
)
