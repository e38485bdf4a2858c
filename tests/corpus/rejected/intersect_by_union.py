"""Two boxes joined where they should be intersected.

Nothing false is claimed, which is why no test of soundness notices: each side has become
superfluous, and that is the surprise.
"""

from dataclasses import replace

from refsem.ir.terms import maximum, minimum, variables
from refsem.rules import Derived, Outward
from refsem.rules.intervals import intersect

VARIANT_OF = "intersect"
REFUTED_BY = "intersect_by_union/needed/first_lower"

l1, u1, l2, u2 = variables("l1 u1 l2 u2")
RULE = replace(
    intersect,
    name="intersect_by_union",
    derived=(
        Derived("lo", minimum(l1, l2), Outward.DOWN),
        Derived("hi", maximum(u1, u2), Outward.UP),
    ),
)
