"""The derived intercept, rounded down: right when exact, below the corner when stored."""

from dataclasses import replace

from refsem.ir.terms import maximum, variables
from refsem.rules import Derived, Outward
from refsem.rules.relu import relu, relu_upper

VARIANT_OF = "relu_upper"
REFUTED_BY = "relu_upper_rounded_inward/weaken/b"

l, u, s = variables("l u s")
RULE = replace(
    relu_upper,
    name="relu_upper_rounded_inward",
    derived=(Derived("b", maximum(relu(l) - s * l, relu(u) - s * u), Outward.DOWN),),
)
