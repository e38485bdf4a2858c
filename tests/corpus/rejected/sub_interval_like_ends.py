"""A difference bounded by the differences of like ends."""

from dataclasses import replace

from refsem.ir.terms import variables
from refsem.rules import BY_NAME, Derived, Outward

VARIANT_OF = "sub_interval"
REFUTED_BY = "sub_interval_like_ends/sound/lower"

lx, ly, ux, uy = variables("lx ly ux uy")
RIGHT = BY_NAME[VARIANT_OF]
RULE = replace(
    RIGHT,
    name="sub_interval_like_ends",
    derived=(Derived("lo", lx - ly, Outward.DOWN), Derived("hi", ux - uy, Outward.UP)),
)
