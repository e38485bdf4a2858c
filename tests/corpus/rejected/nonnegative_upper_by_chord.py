"""A chord between the ends of the box: right of 0 the function has jumped above it."""

from dataclasses import replace

from refsem.ir.operators import Op, meaning
from refsem.ir.terms import maximum
from refsem.rules import BY_NAME, Derived, Outward
from refsem.rules.boxes import l, s, u

VARIANT_OF = "nonnegative_upper"
REFUTED_BY = "nonnegative_upper_by_chord/sound/upper"

RULE = replace(
    BY_NAME[VARIANT_OF],
    name="nonnegative_upper_by_chord",
    derived=(
        Derived(
            "b",
            maximum(meaning(Op.NONNEGATIVE, l) - s * l, meaning(Op.NONNEGATIVE, u) - s * u),
            Outward.UP,
        ),
    ),
)
