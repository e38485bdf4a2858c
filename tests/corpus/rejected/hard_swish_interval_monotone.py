"""Hard-swish bounded by its values at the ends, as if it were monotone.

Between -3 and 0 it dips to -3/8.
"""

from dataclasses import replace

from refsem.ir.terms import minimum, variables
from refsem.rules import BY_NAME, Derived, Outward
from refsem.rules.clips import hard_swish

VARIANT_OF = "hard_swish_interval"
REFUTED_BY = "hard_swish_interval_monotone/sound/lower"

l, u = variables("l u")
RIGHT = BY_NAME[VARIANT_OF]
RULE = replace(
    RIGHT,
    name="hard_swish_interval_monotone",
    derived=(Derived("lo", minimum(hard_swish(l), hard_swish(u)), Outward.DOWN), RIGHT.derived[1]),
)
