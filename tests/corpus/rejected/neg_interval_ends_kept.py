"""A change of sign that does not exchange the ends."""

from dataclasses import replace

from refsem.ir.terms import variables
from refsem.rules import BY_NAME, Derived, Outward

VARIANT_OF = "neg_interval"
REFUTED_BY = "neg_interval_ends_kept/sound/lower"

l, u = variables("l u")
RIGHT = BY_NAME[VARIANT_OF]
RULE = replace(
    RIGHT,
    name="neg_interval_ends_kept",
    derived=(Derived("lo", -l, Outward.DOWN), Derived("hi", -u, Outward.UP)),
)
