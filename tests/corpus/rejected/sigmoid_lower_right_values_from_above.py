"""A line below the sigmoid from values at the ends that are rounded up."""

from dataclasses import replace

from refsem.ir.operators import Op, meaning
from refsem.rules.lines import l, u, value_above, vl, vu
from refsem.rules.sigmoids import sigmoid_lower_right

VARIANT_OF = "sigmoid_lower_right"
REFUTED_BY = "sigmoid_lower_right_values_from_above/sound/lower"

RULE = replace(
    sigmoid_lower_right,
    name="sigmoid_lower_right_values_from_above",
    sides=(
        *sigmoid_lower_right.sides[:-2],
        value_above("value_at_lower_end", vl, meaning(Op.SIGMOID, l)),
        value_above("value_at_upper_end", vu, meaning(Op.SIGMOID, u)),
    ),
)
