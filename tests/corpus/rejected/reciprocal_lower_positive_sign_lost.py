"""The tangent of the reciprocal at 1/a with slope up to a², its sign lost."""

from dataclasses import replace

from refsem.rules import Side
from refsem.rules.lines import k
from refsem.rules.roots import a, reciprocal_lower_positive

VARIANT_OF = "reciprocal_lower_positive"
REFUTED_BY = "reciprocal_lower_positive_sign_lost/sound/lower"

RULE = replace(
    reciprocal_lower_positive,
    name="reciprocal_lower_positive_sign_lost",
    sides=(
        *reciprocal_lower_positive.sides[:-1],
        Side("steep_enough", k <= a * a, because="the slope at 1/a, without its sign"),
    ),
)
