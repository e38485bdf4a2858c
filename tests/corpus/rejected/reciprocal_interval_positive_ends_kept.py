"""The reciprocal taken for a rising function: each end gives the end of the same name."""

from dataclasses import replace

from refsem.rules import Derived, Outward
from refsem.rules.lines import l, u
from refsem.rules.roots import reciprocal_interval_positive

VARIANT_OF = "reciprocal_interval_positive"
REFUTED_BY = "reciprocal_interval_positive_ends_kept/sound/lower"

RULE = replace(
    reciprocal_interval_positive,
    name="reciprocal_interval_positive_ends_kept",
    derived=(
        Derived("lo", 1 / l, Outward.DOWN),
        Derived("hi", 1 / u, Outward.UP),
    ),
)
