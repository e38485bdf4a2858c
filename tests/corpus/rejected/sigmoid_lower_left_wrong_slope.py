"""The tangent of the sigmoid with its value as its slope: the factor 1 − sigmoid is missing."""

from refsem.ir.operators import Op, meaning
from refsem.rules import function_facts as facts
from refsem.rules import lines

VARIANT_OF = "sigmoid_lower_left"
REFUTED_BY = "sigmoid_lower_left_wrong_slope/sound/lower"

RULE = lines.below_tangent(
    "sigmoid_lower_left_wrong_slope",
    Op.SIGMOID,
    facts.sigmoid_tangent_left,
    meaning(Op.SIGMOID, lines.t),
    (lines.LEFT, lines.T_LEFT),
)
