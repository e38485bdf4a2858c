"""A line above leaky ReLU, checked at the ends, for any slope left of 0.

Beyond slope 1 the function is concave: at 0 it bulges over a line through the values at the ends.
"""

from dataclasses import replace

from refsem.rules import BY_NAME

VARIANT_OF = "leaky_relu_upper"
REFUTED_BY = "leaky_relu_upper_steep/sound/upper"

RIGHT = BY_NAME[VARIANT_OF]
RULE = replace(
    RIGHT,
    name="leaky_relu_upper_steep",
    sides=RIGHT.sides[:2],
)
