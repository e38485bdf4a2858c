"""The dual norm taken without absolute values: coefficients may be far below −g."""

from dataclasses import replace

from refsem.rules import Side
from refsem.rules.balls import c, g, k, l1_ball_lower

VARIANT_OF = "l1_ball_lower"
REFUTED_BY = "l1_ball_lower_one_sided_dual/sound/lower"

RULE = replace(
    l1_ball_lower,
    name="l1_ball_lower_one_sided_dual",
    sides=(
        l1_ball_lower.sides[0],
        Side("dual", c - k <= g, because="forgets the coefficients below −g"),
    ),
)
