"""A line above the sine from its tangent, as if the sine were concave everywhere."""

from dataclasses import replace

from refsem.ir.terms import maximum
from refsem.rules import Derived, Outward
from refsem.rules.lines import cl, cu, k, l, t, u, vt
from refsem.rules.trigonometric import sin_upper

VARIANT_OF = "sin_upper"
REFUTED_BY = "sin_upper_without_bend/sound/upper"

RULE = replace(
    sin_upper,
    name="sin_upper_without_bend",
    derived=(
        Derived("b", vt - k * t + maximum((cl - k) * (l - t), (cu - k) * (u - t)), Outward.UP),
    ),
)
