"""A line below tanh that passes through the higher of two points: max was written for min."""

from dataclasses import replace

from refsem.ir.terms import maximum
from refsem.rules import Derived, Outward
from refsem.rules.lines import k, l, u, vl, vu
from refsem.rules.sigmoids import tanh_lower

VARIANT_OF = "tanh_lower"
REFUTED_BY = "tanh_lower_max_for_min/sound/lower"

RULE = replace(
    tanh_lower,
    name="tanh_lower_max_for_min",
    derived=(Derived("b", maximum(vl - k * l, vu - k * u), Outward.DOWN),),
)
