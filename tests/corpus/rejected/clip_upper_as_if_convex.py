"""A line above a clip that is checked at the ends of the box only.

At its upper kink a clip is concave; ReLU6 was bounded like ReLU.
"""

from dataclasses import replace

from refsem.ir.terms import maximum, variables
from refsem.rules import BY_NAME, Derived, Outward
from refsem.rules.clips import clip

VARIANT_OF = "clip_upper"
REFUTED_BY = "clip_upper_as_if_convex/sound/upper"

l, u, s = variables("l u s")
RIGHT = BY_NAME[VARIANT_OF]
RULE = replace(
    RIGHT,
    name="clip_upper_as_if_convex",
    derived=(Derived("b", maximum(clip(l) - s * l, clip(u) - s * u), Outward.UP),),
)
