"""A sum whose lower end adds the upper end of the second operand.

Ends that are crossed once, as subtraction wants them, and then kept for addition.
"""

from dataclasses import replace

from refsem.ir.terms import variables
from refsem.rules import Derived, Outward
from refsem.rules.intervals import add_interval

VARIANT_OF = "add_interval"
REFUTED_BY = "add_interval_crossed_ends/sound/lower"

lx, ux, ly, uy = variables("lx ux ly uy")
RULE = replace(
    add_interval,
    name="add_interval_crossed_ends",
    derived=(Derived("lo", lx + uy, Outward.DOWN), Derived("hi", ux + ly, Outward.UP)),
)
