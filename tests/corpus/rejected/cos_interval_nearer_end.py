"""The interval of the cosine, as far from its value at t as the nearer end of the box is."""

from dataclasses import replace

from refsem.ir.terms import maximum, minimum
from refsem.rules import Derived, Outward
from refsem.rules.lines import l, t, u, vt
from refsem.rules.trigonometric import cos_interval, wt

VARIANT_OF = "cos_interval"
REFUTED_BY = "cos_interval_nearer_end/sound/lower"

RULE = replace(
    cos_interval,
    name="cos_interval_nearer_end",
    derived=(
        Derived("lo", maximum(vt - minimum(t - l, u - t), -1), Outward.DOWN),
        Derived("hi", minimum(wt + minimum(t - l, u - t), 1), Outward.UP),
    ),
)
