"""Substitution that chooses slopes by sign but always takes the lower line's intercept."""

from dataclasses import replace

from refsem.ir.terms import maximum, minimum, variables
from refsem.rules import Derived, Outward
from refsem.rules.forms import substitute_lower

VARIANT_OF = "substitute_lower"
REFUTED_BY = "substitute_lower_mixed_intercepts/sound/lower"

c, su, sl, bl = variables("c su sl bl")
RULE = replace(
    substitute_lower,
    name="substitute_lower_mixed_intercepts",
    derived=(
        Derived("k", maximum(c, 0) * sl + minimum(c, 0) * su, Outward.EXACT),
        Derived("q", c * bl, Outward.DOWN),
    ),
)
