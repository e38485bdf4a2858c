"""A replaced coefficient whose difference is absorbed at the upper end of the box only."""

from dataclasses import replace

from refsem.ir.terms import variables
from refsem.rules import Derived, Outward
from refsem.rules.forms import reslope_upper

VARIANT_OF = "reslope_upper"
REFUTED_BY = "reslope_upper_one_end/sound/upper"

c, k, u = variables("c k u")
RULE = replace(
    reslope_upper,
    name="reslope_upper_one_end",
    derived=(Derived("q", (c - k) * u, Outward.UP),),
)
