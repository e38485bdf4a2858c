"""The square root over a box that may reach below 0, where it has no value."""

from dataclasses import replace

from refsem.rules.roots import sqrt_interval

VARIANT_OF = "sqrt_interval"
REFUTED_BY = "sqrt_interval_below_zero/defined/domain_0"

RULE = replace(
    sqrt_interval,
    name="sqrt_interval_below_zero",
    sides=tuple(side for side in sqrt_interval.sides if side.name != "nonnegative"),
)
