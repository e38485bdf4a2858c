"""An intercept below the cosine that may be rounded up."""

from dataclasses import replace

from refsem.rules import Outward
from refsem.rules.trigonometric import cos_lower

VARIANT_OF = "cos_lower"
REFUTED_BY = "cos_lower_rounded_inward/weaken/b"

RULE = replace(
    cos_lower,
    name="cos_lower_rounded_inward",
    derived=(replace(cos_lower.derived[0], outward=Outward.UP),),
)
