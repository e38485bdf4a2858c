"""A derived value that may be moved the wrong way: up, below the function."""

from dataclasses import replace

from refsem.ir.terms import maximum
from refsem.rules import BY_NAME, Derived, Outward
from refsem.rules.lines import k, l, u, vl

VARIANT_OF = "trunc_step_lower"
REFUTED_BY = "trunc_step_lower_of_floor/weaken/b"

RULE = replace(
    BY_NAME[VARIANT_OF],
    name="trunc_step_lower_of_floor",
    derived=(Derived("b", vl - maximum(k * l, k * u), Outward.UP),),
)
