"""A line below PReLU, checked at the ends of the box and not at 0, for any slope left of 0."""

from dataclasses import replace

from refsem.ir.terms import minimum, variables
from refsem.rules import BY_NAME, Derived, Outward
from refsem.rules.leaky import parametric

VARIANT_OF = "prelu_lower"
REFUTED_BY = "prelu_lower_without_kink/sound/lower"

l, u, s = variables("l u s")
RIGHT = BY_NAME[VARIANT_OF]
RULE = replace(
    RIGHT,
    name="prelu_lower_without_kink",
    derived=(Derived("b", minimum(parametric(l) - s * l, parametric(u) - s * u), Outward.DOWN),),
)
