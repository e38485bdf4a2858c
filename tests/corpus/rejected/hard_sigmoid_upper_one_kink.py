"""A line above hard-sigmoid that is not checked at the kink where the clip is at 1.

There the function is concave.
"""

from dataclasses import replace

from refsem.ir.terms import maximum, minimum, variables
from refsem.rules import BY_NAME, Derived, Outward

VARIANT_OF = "hard_sigmoid_upper"
REFUTED_BY = "hard_sigmoid_upper_one_kink/sound/upper"

l, u, s, alpha, beta = variables("l u s alpha beta")
LOW, HIGH = alpha * l + beta, alpha * u + beta
KINK = minimum(maximum(0, LOW), HIGH)
AT_LOW, AT_HIGH, AT_KINK = (minimum(maximum(z, 0), 1) - s * z for z in (LOW, HIGH, KINK))
RIGHT = BY_NAME[VARIANT_OF]
RULE = replace(
    RIGHT,
    name="hard_sigmoid_upper_one_kink",
    derived=(
        RIGHT.derived[0],
        Derived("b", s * beta + maximum(maximum(AT_LOW, AT_HIGH), AT_KINK), Outward.UP),
    ),
)
