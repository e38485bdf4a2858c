"""The fifth power taken to be at least 0, as even powers are."""

from dataclasses import replace

from refsem.ir.operators import Op
from refsem.ir.terms import maximum, variables
from refsem.rules import BY_NAME, Derived, Outward
from refsem.rules.powers import power

VARIANT_OF = "power5_interval"
REFUTED_BY = "power5_interval_as_if_even/sound/lower"

(l,) = variables("l")
RIGHT = BY_NAME[VARIANT_OF]
RULE = replace(
    RIGHT,
    name="power5_interval_as_if_even",
    derived=(Derived("lo", maximum(power(Op.POWER5)(l), 0), Outward.DOWN), RIGHT.derived[1]),
)
