"""The chord of the fifth power above it on any box.

Left of 0 the function is concave and bulges over its chord.
"""

from dataclasses import replace

from refsem.ir.operators import Op
from refsem.ir.terms import maximum, variables
from refsem.rules import BY_NAME, Derived, Outward
from refsem.rules.powers import power

VARIANT_OF = "power5_upper"
REFUTED_BY = "power5_upper_chord_on_any_box/sound/upper"

l, u, s = variables("l u s")
RIGHT = BY_NAME[VARIANT_OF]
RULE = replace(
    RIGHT,
    name="power5_upper_chord_on_any_box",
    derived=(
        Derived("b", maximum(power(Op.POWER5)(l) - s * l, power(Op.POWER5)(u) - s * u), Outward.UP),
    ),
)
