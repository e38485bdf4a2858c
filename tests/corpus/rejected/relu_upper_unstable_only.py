"""The intercept max(−s·l, (1 − s)·u), which is right for l ≤ 0 ≤ u, without that side.

The formula is the one printed for unstable neurons. On a box above 0 with a slope above 1 it puts
the line below ReLU.
"""

from dataclasses import replace

from refsem.ir.terms import maximum, variables
from refsem.rules import Derived, Outward
from refsem.rules.relu import relu_upper

VARIANT_OF = "relu_upper"
REFUTED_BY = "relu_upper_unstable_only/sound/upper"

l, u, s = variables("l u s")
RULE = replace(
    relu_upper,
    name="relu_upper_unstable_only",
    derived=(Derived("b", maximum(-s * l, (1 - s) * u), Outward.UP),),
)
