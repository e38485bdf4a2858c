"""A line below the absolute value whose slope may be as little as -2.

It passes above for every negative number.
"""

from dataclasses import replace

from refsem.ir.terms import variables
from refsem.rules import BY_NAME, Side

VARIANT_OF = "abs_lower"
REFUTED_BY = "abs_lower_slope_minus_two/sound/lower"

(s,) = variables("s")
RIGHT = BY_NAME[VARIANT_OF]
RULE = replace(
    RIGHT,
    name="abs_lower_slope_minus_two",
    sides=(Side("slope_at_least", s >= -2, because="wrong: -1"), RIGHT.sides[1]),
)
