"""The upper form evaluated for the lower bound, and the other way round."""

from dataclasses import replace

from refsem.ir.terms import maximum, minimum, variables
from refsem.rules import Derived, Outward
from refsem.rules.forms import concretise

VARIANT_OF = "concretise"
REFUTED_BY = "concretise_forms_exchanged/sound/lower"

cl, bl, cu, bu, l, u = variables("cl bl cu bu l u")
RULE = replace(
    concretise,
    name="concretise_forms_exchanged",
    derived=(
        Derived("lo", minimum(cu * l, cu * u) + bu, Outward.DOWN),
        Derived("hi", maximum(cl * l, cl * u) + bl, Outward.UP),
    ),
)
