"""The sign read the wrong way round: a box cut to the half in which x is not."""

from dataclasses import replace

from refsem.ir.terms import maximum, minimum, select
from refsem.rules import Derived, Outward
from refsem.rules.splits import g, l, split_interval, u

VARIANT_OF = "split_interval"
REFUTED_BY = "split_interval_halves_exchanged/sound/lower"

RULE = replace(
    split_interval,
    name="split_interval_halves_exchanged",
    derived=(
        Derived("lo", select(0, g, l, maximum(l, 0)), Outward.DOWN),
        Derived("hi", select(g, 0, u, minimum(u, 0)), Outward.UP),
    ),
)
