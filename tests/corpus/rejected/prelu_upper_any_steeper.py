"""A line above a steep PReLU with any slope of at least 1.

Left of 0 a line steeper than the function passes below it.
"""

from dataclasses import replace

from refsem.rules import BY_NAME

VARIANT_OF = "prelu_upper"
REFUTED_BY = "prelu_upper_any_steeper/sound/upper"

RIGHT = BY_NAME[VARIANT_OF]
RULE = replace(
    RIGHT,
    name="prelu_upper_any_steeper",
    sides=RIGHT.sides[:2],
)
