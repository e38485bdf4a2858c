"""Substitution that always takes the upper line, whatever the sign of the coefficient."""

from dataclasses import replace

from refsem.ir.terms import variables
from refsem.rules import Derived, Outward
from refsem.rules.forms import substitute_upper

VARIANT_OF = "substitute_upper"
REFUTED_BY = "substitute_upper_sign_ignored/sound/upper"

c, su, bu = variables("c su bu")
RULE = replace(
    substitute_upper,
    name="substitute_upper_sign_ignored",
    derived=(Derived("k", c * su, Outward.EXACT), Derived("q", c * bu, Outward.UP)),
)
