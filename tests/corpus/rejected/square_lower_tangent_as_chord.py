"""The chord of the square in place of a tangent.

A convex function is below its chord.
"""

from dataclasses import replace

from refsem.ir.operators import Op
from refsem.ir.terms import minimum, variables
from refsem.rules import BY_NAME, Derived, Outward
from refsem.rules.powers import power

VARIANT_OF = "square_lower"
REFUTED_BY = "square_lower_tangent_as_chord/sound/lower"

l, u, s = variables("l u s")
RIGHT = BY_NAME[VARIANT_OF]
RULE = replace(
    RIGHT,
    name="square_lower_tangent_as_chord",
    derived=(
        Derived(
            "b", minimum(power(Op.SQUARE)(l) - s * l, power(Op.SQUARE)(u) - s * u), Outward.DOWN
        ),
    ),
)
