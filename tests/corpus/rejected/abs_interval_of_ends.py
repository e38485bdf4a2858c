"""The interval of the absolute value from its ends alone.

Across 0 the least absolute value is 0, not that of an end.
"""

from dataclasses import replace

from refsem.ir.terms import minimum, variables
from refsem.rules import BY_NAME, Derived, Outward

VARIANT_OF = "abs_interval"
REFUTED_BY = "abs_interval_of_ends/sound/lower"

l, u = variables("l u")
RIGHT = BY_NAME[VARIANT_OF]
RULE = replace(
    RIGHT,
    name="abs_interval_of_ends",
    derived=(Derived("lo", minimum(abs(l), abs(u)), Outward.DOWN), RIGHT.derived[1]),
)
