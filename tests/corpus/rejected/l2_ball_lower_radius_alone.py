"""Only the radius is paid for, not the square of the coefficient."""

from dataclasses import replace

from refsem.rules import Derived, Outward
from refsem.rules.balls import c, k, l2_ball_lower, m, s, w

VARIANT_OF = "l2_ball_lower"
REFUTED_BY = "l2_ball_lower_radius_alone/sound/lower"

RULE = replace(
    l2_ball_lower,
    name="l2_ball_lower_radius_alone",
    derived=(Derived("q", (c - k) * m - s * w, Outward.DOWN),),
)
