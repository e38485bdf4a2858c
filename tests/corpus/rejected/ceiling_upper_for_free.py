"""A coefficient of an upper form rounded up at no cost, though x may be negative."""

from dataclasses import replace

from refsem.ir.terms import term
from refsem.rules import Derived, Outward
from refsem.rules.forms import ceiling_upper

VARIANT_OF = "ceiling_upper"
REFUTED_BY = "ceiling_upper_for_free/sound/upper"

RULE = replace(
    ceiling_upper,
    name="ceiling_upper_for_free",
    derived=(Derived("q", term(0), Outward.UP),),
)
