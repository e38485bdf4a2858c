"""Substitution that always takes the upper plane, whatever the sign of the coefficient."""

from dataclasses import replace

from refsem.ir.terms import variables
from refsem.rules import Derived, Outward
from refsem.rules.forms import substitute_plane_upper

VARIANT_OF = "substitute_plane_upper"
REFUTED_BY = "substitute_plane_upper_sign_ignored/sound/upper"

c, su, tu, bu = variables("c su tu bu")
RULE = replace(
    substitute_plane_upper,
    name="substitute_plane_upper_sign_ignored",
    derived=(
        Derived("k", c * su, Outward.EXACT),
        Derived("j", c * tu, Outward.EXACT),
        Derived("q", c * bu, Outward.UP),
    ),
)
