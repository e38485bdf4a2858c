"""The sign of the absolute value: no number seems negative."""

from dataclasses import replace

from refsem.ir.operators import Op, meaning
from refsem.rules import BY_NAME, Derived, Outward
from refsem.rules.boxes import l, u

VARIANT_OF = "sign_interval"
REFUTED_BY = "sign_interval_of_magnitudes/sound/lower"

RULE = replace(
    BY_NAME[VARIANT_OF],
    name="sign_interval_of_magnitudes",
    derived=(
        Derived("lo", meaning(Op.SIGN, abs(l)), Outward.DOWN),
        Derived("hi", meaning(Op.SIGN, u), Outward.UP),
    ),
)
