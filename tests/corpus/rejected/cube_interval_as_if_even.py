"""The cube taken to be at least 0, as even powers are."""

from dataclasses import replace

from refsem.ir.operators import Op
from refsem.ir.terms import maximum, variables
from refsem.rules import BY_NAME, Derived, Outward
from refsem.rules.powers import power

VARIANT_OF = "cube_interval"
REFUTED_BY = "cube_interval_as_if_even/sound/lower"

(l,) = variables("l")
RIGHT = BY_NAME[VARIANT_OF]
RULE = replace(
    RIGHT,
    name="cube_interval_as_if_even",
    derived=(Derived("lo", maximum(power(Op.CUBE)(l), 0), Outward.DOWN), RIGHT.derived[1]),
)
