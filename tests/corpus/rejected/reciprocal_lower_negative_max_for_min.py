"""A line below the reciprocal that is above it at one end: max was written for min."""

from dataclasses import replace

from refsem.ir.terms import maximum
from refsem.rules import Derived, Outward
from refsem.rules.lines import k, l, u
from refsem.rules.roots import reciprocal_lower_negative

VARIANT_OF = "reciprocal_lower_negative"
REFUTED_BY = "reciprocal_lower_negative_max_for_min/sound/lower"

RULE = replace(
    reciprocal_lower_negative,
    name="reciprocal_lower_negative_max_for_min",
    derived=(Derived("b", maximum(1 / l - k * l, 1 / u - k * u), Outward.DOWN),),
)
