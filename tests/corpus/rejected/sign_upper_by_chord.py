"""A chord between the ends of the box: right of 0 the function has jumped above it."""

from dataclasses import replace

from refsem.ir.operators import Op, meaning
from refsem.ir.terms import maximum
from refsem.rules import BY_NAME, Derived, Outward
from refsem.rules.boxes import l, s, u

VARIANT_OF = "sign_upper"
REFUTED_BY = "sign_upper_by_chord/sound/upper"

RULE = replace(
    BY_NAME[VARIANT_OF],
    name="sign_upper_by_chord",
    derived=(
        Derived("b", maximum(meaning(Op.SIGN, l) - s * l, meaning(Op.SIGN, u) - s * u), Outward.UP),
    ),
)
