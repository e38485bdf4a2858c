"""A line above softplus at the lower end of the box only."""

from dataclasses import replace

from refsem.rules import Derived, Outward
from refsem.rules.exponentials import softplus_upper
from refsem.rules.lines import k, l, vl

VARIANT_OF = "softplus_upper"
REFUTED_BY = "softplus_upper_one_end/sound/upper"

RULE = replace(
    softplus_upper, name="softplus_upper_one_end", derived=(Derived("b", vl - k * l, Outward.UP),)
)
