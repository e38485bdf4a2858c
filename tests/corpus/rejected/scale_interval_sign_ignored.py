"""Scaling that assumes a coefficient ≥ 0.

Right for every positive weight, so a network with few negative ones hides it for long.
"""

from dataclasses import replace

from refsem.ir.terms import variables
from refsem.rules import Derived, Outward
from refsem.rules.intervals import scale_interval

VARIANT_OF = "scale_interval"
REFUTED_BY = "scale_interval_sign_ignored/sound/lower"

c, l, u = variables("c l u")
RULE = replace(
    scale_interval,
    name="scale_interval_sign_ignored",
    derived=(Derived("lo", c * l, Outward.DOWN), Derived("hi", c * u, Outward.UP)),
)
