"""A plane below the minimum that is checked at the corner of the lower ends only."""

from dataclasses import replace

from refsem.ir.terms import minimum, variables
from refsem.rules import BY_NAME, Derived, Outward

VARIANT_OF = "min_lower"
REFUTED_BY = "min_lower_one_corner/sound/lower"

lx, ly, s, t = variables("lx ly s t")
RIGHT = BY_NAME[VARIANT_OF]
RULE = replace(
    RIGHT,
    name="min_lower_one_corner",
    derived=(Derived("b", minimum(lx, ly) - s * lx - t * ly, Outward.DOWN),),
)
