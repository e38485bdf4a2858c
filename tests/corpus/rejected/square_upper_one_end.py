"""A line above the square that is checked at the lower end only."""

from dataclasses import replace

from refsem.ir.operators import Op
from refsem.ir.terms import variables
from refsem.rules import BY_NAME, Derived, Outward
from refsem.rules.powers import power

VARIANT_OF = "square_upper"
REFUTED_BY = "square_upper_one_end/sound/upper"

l, s = variables("l s")
RIGHT = BY_NAME[VARIANT_OF]
RULE = replace(
    RIGHT,
    name="square_upper_one_end",
    derived=(Derived("b", power(Op.SQUARE)(l) - s * l, Outward.UP),),
)
