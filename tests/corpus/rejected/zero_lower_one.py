"""As if the function were 1 wherever the box holds 0."""

from dataclasses import replace

from refsem.ir.operators import Op, meaning
from refsem.ir.terms import minimum
from refsem.rules import BY_NAME, Derived, Outward
from refsem.rules.boxes import inside, l, s, u

VARIANT_OF = "zero_lower"
REFUTED_BY = "zero_lower_one/sound/lower"

RULE = replace(
    BY_NAME[VARIANT_OF],
    name="zero_lower_one",
    derived=(
        Derived(
            "b",
            minimum(meaning(Op.ZERO, inside(0)) - s * l, meaning(Op.ZERO, inside(0)) - s * u),
            Outward.DOWN,
        ),
    ),
)
