"""A triangle whose sides contradict each other: l < u was written with its ends exchanged.

Everything follows from sides that nothing satisfies. All claims are proved, and worth nothing.
"""

from dataclasses import replace

from refsem.ir.terms import variables
from refsem.rules import Side
from refsem.rules.relu import relu_triangle

VARIANT_OF = "relu_triangle"
REFUTED_BY = "relu_triangle_vacuous/inhabited"

l, u = variables("l u")
RULE = replace(
    relu_triangle,
    name="relu_triangle_vacuous",
    sides=(*relu_triangle.sides[:-1], Side("positive_width", u < l, because="exchanged")),
)
