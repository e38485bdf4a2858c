"""The interval of the eighth power from its ends alone.

Across 0 the least value is 0, not that of an end.
"""

from dataclasses import replace

from refsem.ir.operators import Op
from refsem.ir.terms import minimum, variables
from refsem.rules import BY_NAME, Derived, Outward
from refsem.rules.powers import power

VARIANT_OF = "power8_interval"
REFUTED_BY = "power8_interval_of_ends/sound/lower"

l, u = variables("l u")
RIGHT = BY_NAME[VARIANT_OF]
RULE = replace(
    RIGHT,
    name="power8_interval_of_ends",
    derived=(
        Derived("lo", minimum(power(Op.POWER8)(l), power(Op.POWER8)(u)), Outward.DOWN),
        RIGHT.derived[1],
    ),
)
