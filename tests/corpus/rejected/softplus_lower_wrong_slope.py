"""The tangent of softplus with the slope of another function: its derivative is the sigmoid."""

from refsem.ir.operators import Op, meaning
from refsem.rules import function_facts as facts
from refsem.rules import lines

VARIANT_OF = "softplus_lower"
REFUTED_BY = "softplus_lower_wrong_slope/sound/lower"

RULE = lines.below_tangent(
    "softplus_lower_wrong_slope",
    Op.SOFTPLUS,
    facts.softplus_tangent,
    meaning(Op.TANH, lines.t),
    (),
)
