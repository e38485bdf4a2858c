"""Substitution that takes the lower line where the coefficient is positive and the upper else."""

from dataclasses import replace

from refsem.ir.terms import maximum, minimum, variables
from refsem.rules import Derived, Outward
from refsem.rules.forms import substitute_upper

VARIANT_OF = "substitute_upper"
REFUTED_BY = "substitute_upper_swapped_lines/sound/upper"

c, su, bu, sl, bl = variables("c su bu sl bl")
RULE = replace(
    substitute_upper,
    name="substitute_upper_swapped_lines",
    derived=(
        Derived("k", maximum(c, 0) * sl + minimum(c, 0) * su, Outward.EXACT),
        Derived("q", maximum(c, 0) * bl + minimum(c, 0) * bu, Outward.UP),
    ),
)
