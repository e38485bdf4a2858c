"""The chord of the reciprocal over a box of which only the upper end is positive."""

from dataclasses import replace

from refsem.rules import Side
from refsem.rules.lines import u
from refsem.rules.roots import reciprocal_upper_positive

VARIANT_OF = "reciprocal_upper_positive"
REFUTED_BY = "reciprocal_upper_positive_straddling/defined/divisor_0"

RULE = replace(
    reciprocal_upper_positive,
    name="reciprocal_upper_positive_straddling",
    sides=(
        *reciprocal_upper_positive.sides[:-1],
        Side("positive", u > 0, because="the box reaches beyond 0"),
    ),
)
