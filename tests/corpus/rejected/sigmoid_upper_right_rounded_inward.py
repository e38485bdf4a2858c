"""An intercept above the sigmoid that may be rounded down."""

from dataclasses import replace

from refsem.rules import Outward
from refsem.rules.sigmoids import sigmoid_upper_right

VARIANT_OF = "sigmoid_upper_right"
REFUTED_BY = "sigmoid_upper_right_rounded_inward/weaken/b"

RULE = replace(
    sigmoid_upper_right,
    name="sigmoid_upper_right_rounded_inward",
    derived=(replace(sigmoid_upper_right.derived[0], outward=Outward.DOWN),),
)
