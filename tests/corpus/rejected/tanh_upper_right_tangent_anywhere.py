"""A tangent at a point left of 0 as a line above tanh right of 0."""

from dataclasses import replace

from refsem.rules.sigmoids import tanh_upper_right

VARIANT_OF = "tanh_upper_right"
REFUTED_BY = "tanh_upper_right_tangent_anywhere/sound/upper"

RULE = replace(
    tanh_upper_right,
    name="tanh_upper_right_tangent_anywhere",
    sides=tuple(side for side in tanh_upper_right.sides if side.name != "tangent_right"),
)
