"""The chord above tanh on any box, though right of 0 tanh is above its chords."""

from dataclasses import replace

from refsem.rules.sigmoids import tanh_upper_left

VARIANT_OF = "tanh_upper_left"
REFUTED_BY = "tanh_upper_left_on_any_box/sound/upper"

RULE = replace(
    tanh_upper_left,
    name="tanh_upper_left_on_any_box",
    sides=tuple(side for side in tanh_upper_left.sides if side.name != "left"),
)
