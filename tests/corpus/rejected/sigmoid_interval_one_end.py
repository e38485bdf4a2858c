"""The interval of the sigmoid with the value at the lower end on both sides."""

from dataclasses import replace

from refsem.ir.terms import maximum, minimum
from refsem.rules import Derived, Outward
from refsem.rules.lines import vl
from refsem.rules.sigmoids import sigmoid_interval

VARIANT_OF = "sigmoid_interval"
REFUTED_BY = "sigmoid_interval_one_end/sound/upper"

RULE = replace(
    sigmoid_interval,
    name="sigmoid_interval_one_end",
    derived=(
        Derived("lo", maximum(vl, 0), Outward.DOWN),
        Derived("hi", minimum(maximum(vl, 0), 1), Outward.UP),
    ),
)
