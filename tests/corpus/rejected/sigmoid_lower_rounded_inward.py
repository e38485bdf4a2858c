"""An intercept below the sigmoid that may be rounded up."""

from dataclasses import replace

from refsem.rules import Outward
from refsem.rules.sigmoids import sigmoid_lower

VARIANT_OF = "sigmoid_lower"
REFUTED_BY = "sigmoid_lower_rounded_inward/weaken/b"

RULE = replace(
    sigmoid_lower,
    name="sigmoid_lower_rounded_inward",
    derived=(replace(sigmoid_lower.derived[0], outward=Outward.UP),),
)
