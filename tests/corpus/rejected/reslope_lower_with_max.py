"""A replaced coefficient below, with the constant that is right above."""

from dataclasses import replace

from refsem.ir.terms import maximum, variables
from refsem.rules import Derived, Outward
from refsem.rules.forms import reslope_lower

VARIANT_OF = "reslope_lower"
REFUTED_BY = "reslope_lower_with_max/sound/lower"

c, k, l, u = variables("c k l u")
RULE = replace(
    reslope_lower,
    name="reslope_lower_with_max",
    derived=(Derived("q", maximum((c - k) * l, (c - k) * u), Outward.DOWN),),
)
