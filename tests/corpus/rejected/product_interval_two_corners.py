"""A product bounded by two of its four corners: right for positive numbers only."""

from dataclasses import replace

from refsem.ir.terms import variables
from refsem.rules import BY_NAME, Derived, Outward

VARIANT_OF = "product_interval"
REFUTED_BY = "product_interval_two_corners/sound/lower"

lx, ly, ux, uy = variables("lx ly ux uy")
RIGHT = BY_NAME[VARIANT_OF]
RULE = replace(
    RIGHT,
    name="product_interval_two_corners",
    derived=(Derived("lo", lx * ly, Outward.DOWN), Derived("hi", ux * uy, Outward.UP)),
)
