"""A line above ReLU through the origin, whatever its slope."""

from dataclasses import replace

from refsem.ir.terms import term
from refsem.rules import Derived, Outward
from refsem.rules.relu import relu_upper

VARIANT_OF = "relu_upper"
REFUTED_BY = "relu_upper_without_intercept/sound/upper"

RULE = replace(
    relu_upper,
    name="relu_upper_without_intercept",
    derived=(Derived("b", term(0), Outward.UP),),
)
