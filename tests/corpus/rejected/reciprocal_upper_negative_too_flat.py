"""A line above the reciprocal left of 0, flatter than the tangent where it must be steeper."""

from dataclasses import replace

from refsem.rules import Side
from refsem.rules.lines import k
from refsem.rules.roots import a, reciprocal_upper_negative

VARIANT_OF = "reciprocal_upper_negative"
REFUTED_BY = "reciprocal_upper_negative_too_flat/sound/upper"

RULE = replace(
    reciprocal_upper_negative,
    name="reciprocal_upper_negative_too_flat",
    sides=(
        *reciprocal_upper_negative.sides[:-1],
        Side("steep_enough", k >= -(a * a), because="the wrong way round"),
    ),
)
