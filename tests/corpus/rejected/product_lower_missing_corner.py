"""A plane below a product that is checked at three corners of four."""

from dataclasses import replace

from refsem.ir.terms import variables
from refsem.rules import BY_NAME, Derived, Outward
from refsem.rules.boxes import least

VARIANT_OF = "product_lower"
REFUTED_BY = "product_lower_missing_corner/sound/lower"

lx, ly, uy, ux, s, t = variables("lx ly uy ux s t")
RIGHT = BY_NAME[VARIANT_OF]
RULE = replace(
    RIGHT,
    name="product_lower_missing_corner",
    derived=(
        Derived(
            "b",
            least(*(v * w - s * v - t * w for v, w in ((lx, ly), (lx, uy), (ux, ly)))),
            Outward.DOWN,
        ),
    ),
)
