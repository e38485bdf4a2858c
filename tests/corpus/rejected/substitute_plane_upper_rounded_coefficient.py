"""Substitution whose second coefficient is rounded up together with its constant.

Where that operand is negative a greater coefficient gives a lesser bound.
"""

from dataclasses import replace

from refsem.ir.terms import maximum, minimum, variables
from refsem.rules import Derived, Outward
from refsem.rules.forms import substitute_plane_upper

VARIANT_OF = "substitute_plane_upper"
REFUTED_BY = "substitute_plane_upper_rounded_coefficient/weaken/q"

c, su, tu, bu, sl, tl, bl = variables("c su tu bu sl tl bl")
RULE = replace(
    substitute_plane_upper,
    name="substitute_plane_upper_rounded_coefficient",
    derived=(
        Derived("k", maximum(c, 0) * su + minimum(c, 0) * sl, Outward.EXACT),
        Derived("j", maximum(c, 0) * tu + minimum(c, 0) * tl, Outward.UP),
        Derived("q", maximum(c, 0) * bu + minimum(c, 0) * bl, Outward.UP),
    ),
)
