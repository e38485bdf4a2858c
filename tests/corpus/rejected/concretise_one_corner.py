"""An affine form evaluated at one corner of the box, the one that is right for positive slopes."""

from dataclasses import replace

from refsem.ir.terms import variables
from refsem.rules import Derived, Outward
from refsem.rules.forms import concretise

VARIANT_OF = "concretise"
REFUTED_BY = "concretise_one_corner/sound/upper"

cl, bl, cu, bu, l, u = variables("cl bl cu bu l u")
RULE = replace(
    concretise,
    name="concretise_one_corner",
    derived=(
        Derived("lo", cl * l + bl, Outward.DOWN),
        Derived("hi", cu * u + bu, Outward.UP),
    ),
)
