"""A line above ReLU at one end of the box, where it must be above at both."""

from dataclasses import replace

from refsem.ir.terms import minimum, variables
from refsem.rules import Derived, Outward
from refsem.rules.relu import relu, relu_upper

VARIANT_OF = "relu_upper"
REFUTED_BY = "relu_upper_min_for_max/sound/upper"

l, u, s = variables("l u s")
RULE = replace(
    relu_upper,
    name="relu_upper_min_for_max",
    derived=(Derived("b", minimum(relu(l) - s * l, relu(u) - s * u), Outward.UP),),
)
