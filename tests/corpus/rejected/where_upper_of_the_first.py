"""The number chosen where the condition is true, whatever it is."""

from dataclasses import replace

from refsem.ir.terms import maximum
from refsem.rules import BY_NAME, Derived, Outward
from refsem.rules.branches import ly, lz, s, t, uy, uz

VARIANT_OF = "where_upper"
REFUTED_BY = "where_upper_of_the_first/sound/upper"

FIRST = maximum((1 - s) * ly, (1 - s) * uy) + maximum(-t * lz, -t * uz)
RULE = replace(
    BY_NAME[VARIANT_OF],
    name="where_upper_of_the_first",
    derived=(Derived("b", FIRST, Outward.UP),),
)
