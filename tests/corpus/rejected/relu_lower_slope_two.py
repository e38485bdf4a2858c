"""A line below ReLU whose slope may be as great as 2.

A slope that an optimiser moved a little past 1 is wrong for every positive input.
"""

from dataclasses import replace

from refsem.ir.terms import variables
from refsem.rules import Side
from refsem.rules.relu import relu_lower

VARIANT_OF = "relu_lower"
REFUTED_BY = "relu_lower_slope_two/sound/lower"

(s,) = variables("s")
RULE = replace(
    relu_lower,
    name="relu_lower_slope_two",
    sides=(
        Side("slope_nonnegative", s >= 0, because="below 0 a falling line passes above ReLU"),
        Side("slope_at_most_two", s <= 2, because="wrong: it must be at most 1"),
    ),
)
