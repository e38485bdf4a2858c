"""A tangent below the cube at any number.

Left of 0 a tangent of a concave function is above it.
"""

from dataclasses import replace

from refsem.rules import BY_NAME

VARIANT_OF = "cube_lower"
REFUTED_BY = "cube_lower_any_tangent/sound/lower"

RIGHT = BY_NAME[VARIANT_OF]
RULE = replace(
    RIGHT,
    name="cube_lower_any_tangent",
    sides=RIGHT.sides[:2],
)
