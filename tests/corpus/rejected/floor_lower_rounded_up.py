"""A coefficient of a lower form rounded up, as if a ReLU's output could be negative."""

from dataclasses import replace

from refsem.ir.terms import variables
from refsem.rules import Side
from refsem.rules.forms import floor_lower

VARIANT_OF = "floor_lower"
REFUTED_BY = "floor_lower_rounded_up/sound/lower"

c, k = variables("c k")
RULE = replace(
    floor_lower,
    name="floor_lower_rounded_up",
    sides=(floor_lower.sides[0], Side("rounded_up", c <= k, because="wrong on purpose")),
)
