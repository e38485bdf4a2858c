"""A constant whose lower end is rounded up.

0.1 is no binary32 number. Whoever stores the lower end of a constant with the rounding that is
right for the upper one has an interval that does not contain the constant. Exactly computed, both
ends are right; it is the licence to move that is wrong.
"""

from dataclasses import replace

from refsem.ir.terms import variables
from refsem.rules import Derived, Outward
from refsem.rules.intervals import constant_interval

VARIANT_OF = "constant_interval"
REFUTED_BY = "constant_interval_rounded_inward/weaken/lo"

(c,) = variables("c")
RULE = replace(
    constant_interval,
    name="constant_interval_rounded_inward",
    derived=(Derived("lo", c, Outward.UP), Derived("hi", c, Outward.UP)),
)
