"""A line below PReLU, checked at the ends, for any slope left of 0.

Up to slope 1 the function is convex and sags below its chord.
"""

from dataclasses import replace

from refsem.rules import BY_NAME

VARIANT_OF = "prelu_lower"
REFUTED_BY = "prelu_lower_shallow/sound/lower"

RIGHT = BY_NAME[VARIANT_OF]
RULE = replace(
    RIGHT,
    name="prelu_lower_shallow",
    sides=RIGHT.sides[:2],
)
