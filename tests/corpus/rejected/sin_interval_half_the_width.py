"""The interval of the sine around its value at t, as wide as if t were the middle of the box."""

from dataclasses import replace

from refsem.ir.terms import maximum, minimum
from refsem.rules import Derived, Outward
from refsem.rules.lines import l, u, vt
from refsem.rules.trigonometric import sin_interval, wt

VARIANT_OF = "sin_interval"
REFUTED_BY = "sin_interval_half_the_width/sound/lower"

RULE = replace(
    sin_interval,
    name="sin_interval_half_the_width",
    derived=(
        Derived("lo", maximum(vt - (u - l) / 2, -1), Outward.DOWN),
        Derived("hi", minimum(wt + (u - l) / 2, 1), Outward.UP),
    ),
)
