"""A plane of McCormick above a product of which one operand is not bounded."""

from dataclasses import replace

from refsem.rules import BY_NAME

VARIANT_OF = "mccormick_upper_right"
REFUTED_BY = "mccormick_upper_right_missing_side/sound/upper"

RIGHT = BY_NAME[VARIANT_OF]
RULE = replace(
    RIGHT,
    name="mccormick_upper_right_missing_side",
    sides=RIGHT.sides[:1],
)
