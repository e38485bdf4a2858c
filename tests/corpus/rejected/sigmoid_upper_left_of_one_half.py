"""The sigmoid taken to be convex up to 1/2, where its value is expected to be 1/2.

The fact that is cited speaks of what is left of 0, and does not apply.
"""

from dataclasses import replace

from gmpy2 import mpq

from refsem.ir.terms import term
from refsem.rules import Side
from refsem.rules.lines import u
from refsem.rules.sigmoids import sigmoid_upper_left

VARIANT_OF = "sigmoid_upper_left"
REFUTED_BY = "sigmoid_upper_left_of_one_half/cited/sigmoid_chord_left_l_u_x/u_left"

RULE = replace(
    sigmoid_upper_left,
    name="sigmoid_upper_left_of_one_half",
    sides=tuple(
        Side("left", u <= term(mpq(1, 2)), because="mistaken") if side.name == "left" else side
        for side in sigmoid_upper_left.sides
    ),
)
