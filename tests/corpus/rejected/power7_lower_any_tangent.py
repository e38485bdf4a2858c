"""A tangent below the seventh power at any number.

Left of 0 a tangent of a concave function is above it.
"""

from dataclasses import replace

from refsem.rules import BY_NAME

VARIANT_OF = "power7_lower"
REFUTED_BY = "power7_lower_any_tangent/sound/lower"

RIGHT = BY_NAME[VARIANT_OF]
RULE = replace(
    RIGHT,
    name="power7_lower_any_tangent",
    sides=RIGHT.sides[:2],
)
