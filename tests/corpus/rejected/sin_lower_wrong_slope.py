"""A line below the sine from a parabola whose slope at t is the sine's value."""

from dataclasses import replace

from refsem.ir.operators import Op, meaning
from refsem.rules.lines import slope_at_t, t
from refsem.rules.trigonometric import sin_lower

VARIANT_OF = "sin_lower"
REFUTED_BY = "sin_lower_wrong_slope/sound/lower"

RULE = replace(
    sin_lower,
    name="sin_lower_wrong_slope",
    sides=(*sin_lower.sides[:-2], *slope_at_t(meaning(Op.SIN, t))),
)
