"""An average of two numbers, below their maximum, that may weigh one negatively."""

from dataclasses import replace

from refsem.rules import BY_NAME

VARIANT_OF = "max_lower"
REFUTED_BY = "max_lower_weight_two/sound/lower"

RIGHT = BY_NAME[VARIANT_OF]
RULE = replace(
    RIGHT,
    name="max_lower_weight_two",
    sides=RIGHT.sides[:1],
)
