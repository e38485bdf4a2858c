"""A line below hard-swish that is checked at the ends of the box only.

Between -3 and 3 the function is convex and sags below its chord.
"""

from dataclasses import replace

from refsem.ir.terms import minimum, variables
from refsem.rules import BY_NAME, Derived, Outward
from refsem.rules.clips import hard_swish

VARIANT_OF = "hard_swish_lower"
REFUTED_BY = "hard_swish_lower_tangent_as_chord/sound/lower"

l, u, s = variables("l u s")
RIGHT = BY_NAME[VARIANT_OF]
RULE = replace(
    RIGHT,
    name="hard_swish_lower_tangent_as_chord",
    derived=(Derived("b", minimum(hard_swish(l) - s * l, hard_swish(u) - s * u), Outward.DOWN),),
)
