"""Scaling whose upper end is the lesser product: a copied line with one word left unchanged."""

from dataclasses import replace

from refsem.ir.terms import minimum, variables
from refsem.rules import Derived, Outward
from refsem.rules.intervals import scale_interval

VARIANT_OF = "scale_interval"
REFUTED_BY = "scale_interval_min_for_max/sound/upper"

c, l, u = variables("c l u")
RULE = replace(
    scale_interval,
    name="scale_interval_min_for_max",
    derived=(
        Derived("lo", minimum(c * l, c * u), Outward.DOWN),
        Derived("hi", minimum(c * l, c * u), Outward.UP),
    ),
)
