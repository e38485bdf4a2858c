"""A tangent at a point right of 0 as a line below tanh left of 0."""

from dataclasses import replace

from refsem.rules.sigmoids import tanh_lower_left

VARIANT_OF = "tanh_lower_left"
REFUTED_BY = "tanh_lower_left_tangent_anywhere/sound/lower"

RULE = replace(
    tanh_lower_left,
    name="tanh_lower_left_tangent_anywhere",
    sides=tuple(side for side in tanh_lower_left.sides if side.name != "tangent_left"),
)
