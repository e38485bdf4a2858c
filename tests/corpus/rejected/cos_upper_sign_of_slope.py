"""A line above the cosine with the slope of the wrong sign: its derivative is −sin."""

from dataclasses import replace

from refsem.ir.operators import Op, meaning
from refsem.rules.lines import slope_at_t, t
from refsem.rules.trigonometric import cos_upper

VARIANT_OF = "cos_upper"
REFUTED_BY = "cos_upper_sign_of_slope/sound/upper"

RULE = replace(
    cos_upper,
    name="cos_upper_sign_of_slope",
    sides=(*cos_upper.sides[:-2], *slope_at_t(meaning(Op.SIN, t))),
)
