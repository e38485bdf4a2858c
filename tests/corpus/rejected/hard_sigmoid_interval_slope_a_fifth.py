"""Hard-sigmoid of slope 1/6 bounded as if its slope were 1/5.

One is the slope of a framework, the other the default of a file format.
"""

from dataclasses import replace
from fractions import Fraction

from refsem.ir.operators import Op, meaning
from refsem.ir.terms import term, variables
from refsem.rules import BY_NAME

VARIANT_OF = "hard_sigmoid_interval"
REFUTED_BY = "hard_sigmoid_interval_slope_a_fifth/sound/upper"

l, u = variables("l u")
RIGHT = BY_NAME[VARIANT_OF]
RULE = replace(
    RIGHT,
    name="hard_sigmoid_interval_slope_a_fifth",
    derived=tuple(
        replace(
            value,
            term=meaning(
                Op.HARD_SIGMOID, end, alpha=term(Fraction(1, 5)), beta=term(Fraction(1, 2))
            ),
        )
        for value, end in zip(RIGHT.derived, (l, u), strict=True)
    ),
)
