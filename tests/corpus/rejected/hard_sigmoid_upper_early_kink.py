"""Hard-sigmoid's upper line checked at a kink at 2 in place of 3."""

from dataclasses import replace

from refsem.ir.terms import variables
from refsem.rules import BY_NAME, Derived, Outward
from refsem.rules.boxes import greatest, inside
from refsem.rules.clips import hard_sigmoid

VARIANT_OF = "hard_sigmoid_upper"
REFUTED_BY = "hard_sigmoid_upper_early_kink/sound/upper"

l, u, s = variables("l u s")
RIGHT = BY_NAME[VARIANT_OF]
RULE = replace(
    RIGHT,
    name="hard_sigmoid_upper_early_kink",
    derived=(
        Derived(
            "b",
            greatest(*(hard_sigmoid(e) - s * e for e in (l, u, inside(-3), inside(2)))),
            Outward.UP,
        ),
    ),
)
