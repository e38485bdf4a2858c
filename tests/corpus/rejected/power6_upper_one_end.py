"""A line above the sixth power that is checked at the lower end only."""

from dataclasses import replace

from refsem.ir.operators import Op
from refsem.ir.terms import variables
from refsem.rules import BY_NAME, Derived, Outward
from refsem.rules.powers import power

VARIANT_OF = "power6_upper"
REFUTED_BY = "power6_upper_one_end/sound/upper"

l, s = variables("l s")
RIGHT = BY_NAME[VARIANT_OF]
RULE = replace(
    RIGHT,
    name="power6_upper_one_end",
    derived=(Derived("b", power(Op.POWER6)(l) - s * l, Outward.UP),),
)
