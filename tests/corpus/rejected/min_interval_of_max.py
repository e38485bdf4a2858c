"""The minimum bounded below by the greater lower end."""

from dataclasses import replace

from refsem.ir.terms import maximum, variables
from refsem.rules import BY_NAME, Derived, Outward

VARIANT_OF = "min_interval"
REFUTED_BY = "min_interval_of_max/sound/lower"

lx, ly = variables("lx ly")
RIGHT = BY_NAME[VARIANT_OF]
RULE = replace(
    RIGHT,
    name="min_interval_of_max",
    derived=(Derived("lo", maximum(lx, ly), Outward.DOWN), RIGHT.derived[1]),
)
