"""The multipliers may be any numbers that are not negative: with 0 the shares cost nothing."""

from dataclasses import replace

from refsem.ir.terms import term
from refsem.rules import Side
from refsem.rules.balls import l2_ball_upper, s

VARIANT_OF = "l2_ball_upper"
REFUTED_BY = "l2_ball_upper_multiplier_zero/sound/upper"

RULE = replace(
    l2_ball_upper,
    name="l2_ball_upper_multiplier_zero",
    sides=(
        *l2_ball_upper.sides[:2],
        Side("multipliers", term(0) <= s, because="forgets what a product takes"),
    ),
)
