"""A node of an operand's form, the upper form taken whatever the sign of the coefficient."""

from dataclasses import replace

from refsem.ir.terms import variables
from refsem.rules import Derived, Outward
from refsem.rules.forms import compose_upper

VARIANT_OF = "compose_upper"
REFUTED_BY = "compose_upper_sign_ignored/sound/upper"

c, d, su, bu = variables("c d su bu")
RULE = replace(
    compose_upper,
    name="compose_upper_sign_ignored",
    derived=(Derived("k", c * su, Outward.EXACT), Derived("q", c * bu + d, Outward.UP)),
)
