"""A maximum of n numbers whose upper end is that of the first n - 1.

A max-pool that stops one short.
"""

from dataclasses import replace

from refsem.ir.terms import variables
from refsem.rules import BY_NAME, Derived, Outward

VARIANT_OF = "max_fold_interval"
REFUTED_BY = "max_fold_interval_forgets_the_last/sound/upper"

(um,) = variables("um")
RIGHT = BY_NAME[VARIANT_OF]
RULE = replace(
    RIGHT,
    name="max_fold_interval_forgets_the_last",
    derived=(RIGHT.derived[0], Derived("hi", um, Outward.UP)),
)
