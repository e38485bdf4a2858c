"""The tangent at t as a line above tanh on a box across 0, without a look at the lower end."""

from dataclasses import replace

from refsem.ir.terms import maximum
from refsem.rules import Derived, Outward
from refsem.rules.lines import cu, k, t, u, vt
from refsem.rules.sigmoids import tanh_upper

VARIANT_OF = "tanh_upper"
REFUTED_BY = "tanh_upper_tangent_only/sound/upper"

RULE = replace(
    tanh_upper,
    name="tanh_upper_tangent_only",
    derived=(Derived("b", vt - k * t + maximum(0, (cu - k) * (u - t)), Outward.UP),),
)
