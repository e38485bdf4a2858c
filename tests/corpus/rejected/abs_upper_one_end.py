"""A line above the absolute value that is checked at the lower end only."""

from dataclasses import replace

from refsem.ir.terms import variables
from refsem.rules import BY_NAME, Derived, Outward

VARIANT_OF = "abs_upper"
REFUTED_BY = "abs_upper_one_end/sound/upper"

l, s = variables("l s")
RIGHT = BY_NAME[VARIANT_OF]
RULE = replace(
    RIGHT,
    name="abs_upper_one_end",
    derived=(Derived("b", abs(l) - s * l, Outward.UP),),
)
