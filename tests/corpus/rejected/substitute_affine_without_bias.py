"""An affine node pulled back without its constant: the bias is lost."""

from dataclasses import replace

from refsem.ir.terms import term, variables
from refsem.rules import Derived, Outward
from refsem.rules.forms import substitute_affine

VARIANT_OF = "substitute_affine"
REFUTED_BY = "substitute_affine_without_bias/sound/same"

c, w = variables("c w")
RULE = replace(
    substitute_affine,
    name="substitute_affine_without_bias",
    derived=(Derived("k", c * w, Outward.EXACT), Derived("q", term(0), Outward.EXACT)),
)
