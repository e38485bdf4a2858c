"""The triangle on a box that may be a point: it divides by u − l.

Where division by zero is zero, as in several proof assistants, the claim can even be proved: at
l = u = x = 0 both sides are 0. Here a divisor that may vanish is refused before any claim.
"""

from dataclasses import replace

from refsem.rules.relu import relu_triangle

VARIANT_OF = "relu_triangle"
REFUTED_BY = "relu_triangle_without_width/defined/divisor_0"

RULE = replace(
    relu_triangle,
    name="relu_triangle_without_width",
    sides=tuple(side for side in relu_triangle.sides if side.name != "positive_width"),
)
