"""A plane of McCormick below a product, from distances of different signs.

The product of x - ux and ly - y is not known to be positive.
"""

from dataclasses import replace

from refsem.ir.terms import variables
from refsem.rules import BY_NAME, Side

VARIANT_OF = "mccormick_lower_right"
REFUTED_BY = "mccormick_lower_right_wrong_side/sound/lower"

uy, y = variables("uy y")
RIGHT = BY_NAME[VARIANT_OF]
RULE = replace(
    RIGHT,
    name="mccormick_lower_right_wrong_side",
    sides=(RIGHT.sides[0], Side("lower_end_y", uy <= y, because="wrong: y <= uy")),
)
