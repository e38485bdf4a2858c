"""Substitution whose second coefficient is taken from the plane of the other side.

Both coefficients follow one plane, the one that the sign of the coefficient asks for.
"""

from dataclasses import replace

from refsem.ir.terms import maximum, minimum, variables
from refsem.rules import Derived, Outward
from refsem.rules.forms import substitute_plane_lower

VARIANT_OF = "substitute_plane_lower"
REFUTED_BY = "substitute_plane_lower_slopes_crossed/sound/lower"

c, su, tu, bu, sl, tl, bl = variables("c su tu bu sl tl bl")
RULE = replace(
    substitute_plane_lower,
    name="substitute_plane_lower_slopes_crossed",
    derived=(
        Derived("k", maximum(c, 0) * sl + minimum(c, 0) * su, Outward.EXACT),
        Derived("j", maximum(c, 0) * tu + minimum(c, 0) * tl, Outward.EXACT),
        Derived("q", maximum(c, 0) * bl + minimum(c, 0) * bu, Outward.DOWN),
    ),
)
