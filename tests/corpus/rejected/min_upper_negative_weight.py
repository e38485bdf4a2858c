"""An average of two numbers, above their minimum, that may weigh one negatively."""

from dataclasses import replace

from refsem.rules import BY_NAME

VARIANT_OF = "min_upper"
REFUTED_BY = "min_upper_negative_weight/sound/upper"

RIGHT = BY_NAME[VARIANT_OF]
RULE = replace(
    RIGHT,
    name="min_upper_negative_weight",
    sides=RIGHT.sides[1:],
)
