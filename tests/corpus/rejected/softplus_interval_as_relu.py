"""The interval of softplus taken for ReLU's, which it exceeds: at 0 by ln 2."""

from dataclasses import replace

from refsem.ir.terms import maximum
from refsem.rules import Derived, Outward
from refsem.rules.exponentials import softplus_interval
from refsem.rules.lines import l, u

VARIANT_OF = "softplus_interval"
REFUTED_BY = "softplus_interval_as_relu/sound/upper"

RULE = replace(
    softplus_interval,
    name="softplus_interval_as_relu",
    derived=(
        Derived("lo", maximum(l, 0), Outward.DOWN),
        Derived("hi", maximum(u, 0), Outward.UP),
    ),
)
