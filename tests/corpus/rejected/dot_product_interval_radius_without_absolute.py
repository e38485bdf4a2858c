"""Centre and radius, with the radius scaled by the weight instead of its absolute value.

For a negative weight the interval turns inside out.
"""

from dataclasses import replace

from refsem.ir.terms import variables
from refsem.rules import Derived, Outward
from refsem.rules.intervals import dot_product_interval

VARIANT_OF = "dot_product_interval"
REFUTED_BY = "dot_product_interval_radius_without_absolute/sound/lower"

ls, us, l, u, c, m, r = variables("ls us l u c m r")
RULE = replace(
    dot_product_interval,
    name="dot_product_interval_radius_without_absolute",
    derived=(
        Derived("m", (l + u) / 2, Outward.EXACT),
        Derived("r", (u - l) / 2, Outward.UP),
        Derived("lo", ls + c * m - c * r, Outward.DOWN),
        Derived("hi", us + c * m + c * r, Outward.UP),
    ),
)
