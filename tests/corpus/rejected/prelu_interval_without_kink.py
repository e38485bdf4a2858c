"""The interval of PReLU from its ends alone.

With a negative slope left of 0 the least value is that at 0, inside the box.
"""

from dataclasses import replace

from refsem.ir.terms import minimum, variables
from refsem.rules import BY_NAME, Derived, Outward
from refsem.rules.leaky import parametric

VARIANT_OF = "prelu_interval"
REFUTED_BY = "prelu_interval_without_kink/sound/lower"

l, u = variables("l u")
RIGHT = BY_NAME[VARIANT_OF]
RULE = replace(
    RIGHT,
    name="prelu_interval_without_kink",
    derived=(Derived("lo", minimum(parametric(l), parametric(u)), Outward.DOWN), RIGHT.derived[1]),
)
