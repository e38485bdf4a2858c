"""A leaky ReLU whose slope left of 0 may be negative.

The values at the ends bound a monotone function; this one falls, then rises.
"""

from dataclasses import replace

from refsem.rules import BY_NAME

VARIANT_OF = "leaky_relu_interval"
REFUTED_BY = "leaky_relu_interval_falling/sound/lower"

RIGHT = BY_NAME[VARIANT_OF]
RULE = replace(
    RIGHT,
    name="leaky_relu_interval_falling",
    sides=RIGHT.sides[:2],
)
