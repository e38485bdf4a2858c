"""A plane of McCormick whose intercept has the wrong sign."""

from dataclasses import replace

from refsem.ir.terms import variables
from refsem.rules import BY_NAME, Derived, Outward

VARIANT_OF = "mccormick_upper_left"
REFUTED_BY = "mccormick_upper_left_sign_of_intercept/sound/upper"

lx, uy = variables("lx uy")
RIGHT = BY_NAME[VARIANT_OF]
RULE = replace(
    RIGHT,
    name="mccormick_upper_left_sign_of_intercept",
    derived=(Derived("b", lx * uy, Outward.UP),),
)
