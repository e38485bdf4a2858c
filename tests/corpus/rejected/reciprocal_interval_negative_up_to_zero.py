"""The reciprocal of a box that may end at 0: strictness lost in the side."""

from dataclasses import replace

from refsem.rules import Side
from refsem.rules.lines import u
from refsem.rules.roots import reciprocal_interval_negative

VARIANT_OF = "reciprocal_interval_negative"
REFUTED_BY = "reciprocal_interval_negative_up_to_zero/defined/divisor_0"

RULE = replace(
    reciprocal_interval_negative,
    name="reciprocal_interval_negative_up_to_zero",
    sides=(
        *reciprocal_interval_negative.sides[:-1],
        Side("negative", u <= 0, because="not above 0"),
    ),
)
