"""A line below the logarithm that is above it at one end of the box: max was written for min."""

from dataclasses import replace

from refsem.ir.terms import maximum
from refsem.rules import Derived, Outward
from refsem.rules.exponentials import log_lower
from refsem.rules.lines import k, l, u, vl, vu

VARIANT_OF = "log_lower"
REFUTED_BY = "log_lower_max_for_min/sound/lower"

RULE = replace(
    log_lower,
    name="log_lower_max_for_min",
    derived=(Derived("b", maximum(vl - k * l, vu - k * u), Outward.DOWN),),
)
