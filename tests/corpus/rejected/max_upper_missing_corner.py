"""A plane above the maximum that is checked at three corners of four."""

from dataclasses import replace

from refsem.ir.terms import maximum, variables
from refsem.rules import BY_NAME, Derived, Outward
from refsem.rules.boxes import greatest

VARIANT_OF = "max_upper"
REFUTED_BY = "max_upper_missing_corner/sound/upper"

lx, ly, uy, ux, s, t = variables("lx ly uy ux s t")
RIGHT = BY_NAME[VARIANT_OF]
RULE = replace(
    RIGHT,
    name="max_upper_missing_corner",
    derived=(
        Derived(
            "b",
            greatest(*(maximum(v, w) - s * v - t * w for v, w in ((lx, ly), (lx, uy), (ux, ly)))),
            Outward.UP,
        ),
    ),
)
