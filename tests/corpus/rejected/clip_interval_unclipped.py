"""The interval of a clip is that of its operand.

A box below the clip is moved up, out of itself.
"""

from dataclasses import replace

from refsem.ir.terms import variables
from refsem.rules import BY_NAME, Derived, Outward

VARIANT_OF = "clip_interval"
REFUTED_BY = "clip_interval_unclipped/sound/upper"

l, u = variables("l u")
RIGHT = BY_NAME[VARIANT_OF]
RULE = replace(
    RIGHT,
    name="clip_interval_unclipped",
    derived=(Derived("lo", l, Outward.DOWN), Derived("hi", u, Outward.UP)),
)
