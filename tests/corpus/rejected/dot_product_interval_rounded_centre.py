"""Centre and radius, both rounded: the radius up, the centre as it falls.

Exactly computed this is the dot product rule in another dress. In floating point the centre of
[l, u] is rounded too, and the radius does not know: no direction is safe for a centre.
"""

from dataclasses import replace

from refsem.ir.terms import variables
from refsem.rules import Derived, Outward
from refsem.rules.intervals import dot_product_interval

VARIANT_OF = "dot_product_interval"
REFUTED_BY = "dot_product_interval_rounded_centre/weaken/lo"

ls, us, l, u, c, m, r = variables("ls us l u c m r")
RULE = replace(
    dot_product_interval,
    name="dot_product_interval_rounded_centre",
    derived=(
        Derived("m", (l + u) / 2, Outward.DOWN),
        Derived("r", (u - l) / 2, Outward.UP),
        Derived("lo", ls + c * m - abs(c) * r, Outward.DOWN),
        Derived("hi", us + c * m + abs(c) * r, Outward.UP),
    ),
)
