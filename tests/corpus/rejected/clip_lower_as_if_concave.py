"""A line below a clip that is checked at the ends of the box only.

At its lower kink a clip is convex.
"""

from dataclasses import replace

from refsem.ir.terms import minimum, variables
from refsem.rules import BY_NAME, Derived, Outward
from refsem.rules.clips import clip

VARIANT_OF = "clip_lower"
REFUTED_BY = "clip_lower_as_if_concave/sound/lower"

l, u, s = variables("l u s")
RIGHT = BY_NAME[VARIANT_OF]
RULE = replace(
    RIGHT,
    name="clip_lower_as_if_concave",
    derived=(Derived("b", minimum(clip(l) - s * l, clip(u) - s * u), Outward.DOWN),),
)
