"""The maximum bounded above by the upper end of its first operand."""

from dataclasses import replace

from refsem.ir.terms import variables
from refsem.rules import BY_NAME, Derived, Outward

VARIANT_OF = "max_interval"
REFUTED_BY = "max_interval_of_first/sound/upper"

(ux,) = variables("ux")
RIGHT = BY_NAME[VARIANT_OF]
RULE = replace(
    RIGHT,
    name="max_interval_of_first",
    derived=(RIGHT.derived[0], Derived("hi", ux, Outward.UP)),
)
