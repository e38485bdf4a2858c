"""The interval of tanh clipped to the sigmoid's range."""

from dataclasses import replace

from refsem.ir.terms import maximum, minimum
from refsem.rules import Derived, Outward
from refsem.rules.lines import vl, vu
from refsem.rules.sigmoids import tanh_interval

VARIANT_OF = "tanh_interval"
REFUTED_BY = "tanh_interval_clipped_at_zero/sound/lower"

RULE = replace(
    tanh_interval,
    name="tanh_interval_clipped_at_zero",
    derived=(
        Derived("lo", maximum(vl, 0), Outward.DOWN),
        Derived("hi", minimum(vu, 1), Outward.UP),
    ),
)
