"""A coefficient simply rounded up: right only where x cannot be negative, which is not asked."""

from dataclasses import replace

from refsem.ir.terms import term, variables
from refsem.rules import Derived, Outward, Side
from refsem.rules.forms import reslope_upper

VARIANT_OF = "reslope_upper"
REFUTED_BY = "reslope_upper_free_of_charge/sound/upper"

c, k = variables("c k")
RULE = replace(
    reslope_upper,
    name="reslope_upper_free_of_charge",
    derived=(Derived("q", term(0), Outward.UP),),
    sides=(*reslope_upper.sides, Side("rounded_up", c <= k, because="k is c rounded up")),
)
