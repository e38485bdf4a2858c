"""A line below ReLU without asking that its slope be at least 0."""

from dataclasses import replace

from refsem.rules.relu import relu_lower

VARIANT_OF = "relu_lower"
REFUTED_BY = "relu_lower_falling/sound/lower"

RULE = replace(
    relu_lower,
    name="relu_lower_falling",
    sides=tuple(side for side in relu_lower.sides if side.name != "slope_nonnegative"),
)
