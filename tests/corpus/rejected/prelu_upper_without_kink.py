"""A line above PReLU, checked at the ends of the box and not at 0, for any slope left of 0."""

from dataclasses import replace

from refsem.ir.terms import maximum, variables
from refsem.rules import BY_NAME, Derived, Outward
from refsem.rules.leaky import parametric

VARIANT_OF = "prelu_upper"
REFUTED_BY = "prelu_upper_without_kink/sound/upper"

l, u, s = variables("l u s")
RIGHT = BY_NAME[VARIANT_OF]
RULE = replace(
    RIGHT,
    name="prelu_upper_without_kink",
    derived=(Derived("b", maximum(parametric(l) - s * l, parametric(u) - s * u), Outward.UP),),
)
