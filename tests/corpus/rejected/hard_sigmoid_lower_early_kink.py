"""Hard-sigmoid's lower line checked at a kink at -2 in place of -3."""

from dataclasses import replace

from refsem.ir.terms import variables
from refsem.rules import BY_NAME, Derived, Outward
from refsem.rules.boxes import inside, least
from refsem.rules.clips import hard_sigmoid

VARIANT_OF = "hard_sigmoid_lower"
REFUTED_BY = "hard_sigmoid_lower_early_kink/sound/lower"

l, u, s = variables("l u s")
RIGHT = BY_NAME[VARIANT_OF]
RULE = replace(
    RIGHT,
    name="hard_sigmoid_lower_early_kink",
    derived=(
        Derived(
            "b",
            least(*(hard_sigmoid(e) - s * e for e in (l, u, inside(-2), inside(3)))),
            Outward.DOWN,
        ),
    ),
)
