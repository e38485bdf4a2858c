"""The slopes of ReLU's lower line, from 0 to 1, taken for leaky ReLU.

Left of 0 a line shallower than the function's own slope passes above it.
"""

from dataclasses import replace

from refsem.ir.terms import variables
from refsem.rules import BY_NAME, Side

VARIANT_OF = "leaky_relu_lower"
REFUTED_BY = "leaky_relu_lower_of_relu/sound/lower"

(s,) = variables("s")
RIGHT = BY_NAME[VARIANT_OF]
RULE = replace(
    RIGHT,
    name="leaky_relu_lower_of_relu",
    sides=(RIGHT.sides[0], Side("slope_nonnegative", s >= 0, because="wrong: a"), RIGHT.sides[2]),
)
