"""The ball taken to lie about the origin, wherever its centre is."""

from dataclasses import replace

from refsem.rules import Derived, Outward
from refsem.rules.balls import g, l1_ball_upper, w

VARIANT_OF = "l1_ball_upper"
REFUTED_BY = "l1_ball_upper_about_the_origin/sound/upper"

RULE = replace(
    l1_ball_upper,
    name="l1_ball_upper_about_the_origin",
    derived=(Derived("q", g * w, Outward.UP),),
)
