"""An average below a maximum whose second weight is what is left of one half, not of one."""

from dataclasses import replace
from fractions import Fraction

from refsem.ir.terms import term, variables
from refsem.rules import BY_NAME, Derived, Outward

VARIANT_OF = "max_lower"
REFUTED_BY = "max_lower_share_from_the_wrong_side/sound/lower"

(s,) = variables("s")
RIGHT = BY_NAME[VARIANT_OF]
RULE = replace(
    RIGHT,
    name="max_lower_share_from_the_wrong_side",
    derived=(
        Derived("t", term(Fraction(1, 2)) - s, Outward.EXACT),
        Derived("b", term(0), Outward.DOWN),
    ),
)
