"""An input box of which only the lower end is assumed.

A half-open box is a common slip of a reader of properties: `x >= l` was found, `x <= u` was not,
and the upper end kept whatever the parser had put there.
"""

from dataclasses import replace

from refsem.rules.intervals import input_interval

VARIANT_OF = "input_interval"
REFUTED_BY = "input_interval_without_upper_end/sound/upper"

RULE = replace(
    input_interval,
    name="input_interval_without_upper_end",
    sides=tuple(side for side in input_interval.sides if side.name != "upper_end"),
)
