"""A chord between the ends of the box: left of 0 the function has not yet jumped."""

from dataclasses import replace

from refsem.ir.operators import Op, meaning
from refsem.ir.terms import minimum
from refsem.rules import BY_NAME, Derived, Outward
from refsem.rules.boxes import l, s, u

VARIANT_OF = "nonnegative_lower"
REFUTED_BY = "nonnegative_lower_by_chord/sound/lower"

RULE = replace(
    BY_NAME[VARIANT_OF],
    name="nonnegative_lower_by_chord",
    derived=(
        Derived(
            "b",
            minimum(meaning(Op.NONNEGATIVE, l) - s * l, meaning(Op.NONNEGATIVE, u) - s * u),
            Outward.DOWN,
        ),
    ),
)
