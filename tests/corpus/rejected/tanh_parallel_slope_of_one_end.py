"""Parallel lines around tanh with the slope at the lower end, which may be the steeper one."""

from dataclasses import replace

from refsem.rules.sigmoids import tanh_parallel

VARIANT_OF = "tanh_parallel"
REFUTED_BY = "tanh_parallel_slope_of_one_end/sound/lower"

RULE = replace(
    tanh_parallel,
    name="tanh_parallel_slope_of_one_end",
    sides=tuple(side for side in tanh_parallel.sides if side.name != "slope_at_upper_end"),
)
