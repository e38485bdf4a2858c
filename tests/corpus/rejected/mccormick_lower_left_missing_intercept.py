"""The first of McCormick's planes without its intercept."""

from dataclasses import replace

from refsem.ir.terms import term
from refsem.rules import BY_NAME, Derived, Outward

VARIANT_OF = "mccormick_lower_left"
REFUTED_BY = "mccormick_lower_left_missing_intercept/sound/lower"

RIGHT = BY_NAME[VARIANT_OF]
RULE = replace(
    RIGHT,
    name="mccormick_lower_left_missing_intercept",
    derived=(Derived("b", term(0), Outward.DOWN),),
)
