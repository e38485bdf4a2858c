"""A line above hard-swish that is checked at the ends of the box only.

At -3 and at 3 the function bends down.
"""

from dataclasses import replace

from refsem.ir.terms import maximum, variables
from refsem.rules import BY_NAME, Derived, Outward
from refsem.rules.clips import hard_swish

VARIANT_OF = "hard_swish_upper"
REFUTED_BY = "hard_swish_upper_as_if_convex/sound/upper"

l, u, s = variables("l u s")
RIGHT = BY_NAME[VARIANT_OF]
RULE = replace(
    RIGHT,
    name="hard_swish_upper_as_if_convex",
    derived=(Derived("b", maximum(hard_swish(l) - s * l, hard_swish(u) - s * u), Outward.UP),),
)
