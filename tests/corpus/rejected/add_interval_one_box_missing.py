"""A sum that forgets to ask that its second operand lies above its lower end.

In a residual block the skipped operand is easily taken from an application about another region.
"""

from dataclasses import replace

from refsem.rules.intervals import add_interval

VARIANT_OF = "add_interval"
REFUTED_BY = "add_interval_one_box_missing/sound/lower"

RULE = replace(
    add_interval,
    name="add_interval_one_box_missing",
    sides=tuple(side for side in add_interval.sides if side.name != "lower_end_y"),
)
