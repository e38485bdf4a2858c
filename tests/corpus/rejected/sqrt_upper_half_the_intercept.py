"""A line above the square root with half the intercept of the tangent of its slope."""

from dataclasses import replace

from refsem.rules import Derived, Outward
from refsem.rules.lines import k
from refsem.rules.roots import sqrt_upper

VARIANT_OF = "sqrt_upper"
REFUTED_BY = "sqrt_upper_half_the_intercept/sound/upper"

RULE = replace(
    sqrt_upper,
    name="sqrt_upper_half_the_intercept",
    derived=(Derived("b", 1 / (8 * k), Outward.UP),),
)
