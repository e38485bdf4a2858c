"""Substitution whose new coefficient is rounded up together with its constant.

Where the operand is negative a greater coefficient gives a lesser bound.
"""

from dataclasses import replace

from refsem.ir.terms import maximum, minimum, variables
from refsem.rules import Derived, Outward
from refsem.rules.forms import substitute_upper

VARIANT_OF = "substitute_upper"
REFUTED_BY = "substitute_upper_rounded_coefficient/weaken/q"

c, su, bu, sl, bl = variables("c su bu sl bl")
RULE = replace(
    substitute_upper,
    name="substitute_upper_rounded_coefficient",
    derived=(
        Derived("k", maximum(c, 0) * su + minimum(c, 0) * sl, Outward.UP),
        Derived("q", maximum(c, 0) * bu + minimum(c, 0) * bl, Outward.UP),
    ),
)
