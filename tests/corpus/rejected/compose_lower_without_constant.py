"""A node of an operand's form, the constant of the node's own line forgotten."""

from dataclasses import replace

from refsem.ir.terms import maximum, minimum, variables
from refsem.rules import Derived, Outward
from refsem.rules.forms import compose_lower

VARIANT_OF = "compose_lower"
REFUTED_BY = "compose_lower_without_constant/sound/lower"

c, su, bu, sl, bl = variables("c su bu sl bl")
RULE = replace(
    compose_lower,
    name="compose_lower_without_constant",
    derived=(
        Derived("k", maximum(c, 0) * sl + minimum(c, 0) * su, Outward.EXACT),
        Derived("q", maximum(c, 0) * bl + minimum(c, 0) * bu, Outward.DOWN),
    ),
)
