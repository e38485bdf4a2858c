"""The mean of the two bounds where the condition is not decided."""

from dataclasses import replace

from refsem.ir.terms import minimum
from refsem.rules import BY_NAME, Derived, Outward
from refsem.rules.branches import ly, lz, s, t, uy, uz

VARIANT_OF = "where_lower"
REFUTED_BY = "where_lower_of_the_mean/sound/lower"

FIRST = minimum((1 - s) * ly, (1 - s) * uy) + minimum(-t * lz, -t * uz)
SECOND = minimum(-s * ly, -s * uy) + minimum((1 - t) * lz, (1 - t) * uz)
RULE = replace(
    BY_NAME[VARIANT_OF],
    name="where_lower_of_the_mean",
    derived=(
        Derived(
            "b",
            (
                minimum((1 - s) * ly, (1 - s) * uy)
                + minimum(-t * lz, -t * uz)
                + minimum(-s * ly, -s * uy)
                + minimum((1 - t) * lz, (1 - t) * uz)
            )
            / 2,
            Outward.DOWN,
        ),
    ),
)
