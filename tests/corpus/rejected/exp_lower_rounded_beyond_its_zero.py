"""The tangent of e^x with value and slope rounded down together, on any box.

Left of the tangent's zero a lesser slope is higher: the side that keeps t below l + 1 is missing.
"""

from dataclasses import replace

from refsem.rules.exponentials import exp_lower_rounded

VARIANT_OF = "exp_lower_rounded"
REFUTED_BY = "exp_lower_rounded_beyond_its_zero/sound/lower"

RULE = replace(
    exp_lower_rounded,
    name="exp_lower_rounded_beyond_its_zero",
    sides=tuple(side for side in exp_lower_rounded.sides if side.name != "tangent_nonnegative"),
)
