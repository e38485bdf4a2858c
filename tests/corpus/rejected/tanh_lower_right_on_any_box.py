"""The chord below tanh on any box, though left of 0 tanh is below its chords."""

from dataclasses import replace

from refsem.rules.sigmoids import tanh_lower_right

VARIANT_OF = "tanh_lower_right"
REFUTED_BY = "tanh_lower_right_on_any_box/sound/lower"

RULE = replace(
    tanh_lower_right,
    name="tanh_lower_right_on_any_box",
    sides=tuple(side for side in tanh_lower_right.sides if side.name != "right"),
)
