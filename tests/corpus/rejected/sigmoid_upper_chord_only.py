"""The chord above the sigmoid on any box, though right of 0 it is a line below."""

from dataclasses import replace

from refsem.ir.terms import maximum
from refsem.rules import Derived, Outward
from refsem.rules.lines import k, l, u, vl, vu
from refsem.rules.sigmoids import sigmoid_upper

VARIANT_OF = "sigmoid_upper"
REFUTED_BY = "sigmoid_upper_chord_only/sound/upper"

RULE = replace(
    sigmoid_upper,
    name="sigmoid_upper_chord_only",
    derived=(Derived("b", maximum(vl - k * l, vu - k * u), Outward.UP),),
)
