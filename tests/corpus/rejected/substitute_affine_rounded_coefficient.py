"""The product of a coefficient and a weight, rounded up as if it were a bound.

A coefficient has no outward direction: what it is multiplied with may have either sign.
"""

from dataclasses import replace

from refsem.ir.terms import variables
from refsem.rules import Derived, Outward
from refsem.rules.forms import substitute_affine

VARIANT_OF = "substitute_affine"
REFUTED_BY = "substitute_affine_rounded_coefficient/weaken/k"

c, w, d = variables("c w d")
RULE = replace(
    substitute_affine,
    name="substitute_affine_rounded_coefficient",
    derived=(Derived("k", c * w, Outward.UP), Derived("q", c * d, Outward.EXACT)),
)
