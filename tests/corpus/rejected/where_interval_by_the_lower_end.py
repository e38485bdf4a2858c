"""The condition taken to be what the lower end of its box says."""

from dataclasses import replace

from refsem.ir.terms import maximum, select
from refsem.rules import BY_NAME, Derived, Outward
from refsem.rules.branches import l, ly, lz, uy, uz

VARIANT_OF = "where_interval"
REFUTED_BY = "where_interval_by_the_lower_end/sound/lower"

RULE = replace(
    BY_NAME[VARIANT_OF],
    name="where_interval_by_the_lower_end",
    derived=(
        Derived("lo", select(l, 0, lz, ly), Outward.DOWN),
        Derived("hi", maximum(uy, uz), Outward.UP),
    ),
)
