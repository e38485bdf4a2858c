"""The chord of the cube above it on any box.

Left of 0 the function is concave and bulges over its chord.
"""

from dataclasses import replace

from refsem.ir.operators import Op
from refsem.ir.terms import maximum, variables
from refsem.rules import BY_NAME, Derived, Outward
from refsem.rules.powers import power

VARIANT_OF = "cube_upper"
REFUTED_BY = "cube_upper_chord_on_any_box/sound/upper"

l, u, s = variables("l u s")
RIGHT = BY_NAME[VARIANT_OF]
RULE = replace(
    RIGHT,
    name="cube_upper_chord_on_any_box",
    derived=(
        Derived("b", maximum(power(Op.CUBE)(l) - s * l, power(Op.CUBE)(u) - s * u), Outward.UP),
    ),
)
