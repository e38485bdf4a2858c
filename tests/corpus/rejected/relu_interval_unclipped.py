"""ReLU of an interval whose upper end is left as it is.

Only a neuron that is off throughout shows it: there the upper end must be 0, not u.
"""

from dataclasses import replace

from refsem.ir.operators import Op, meaning
from refsem.ir.terms import variables
from refsem.rules import Derived, Outward
from refsem.rules.intervals import relu_interval

VARIANT_OF = "relu_interval"
REFUTED_BY = "relu_interval_unclipped/sound/upper"

l, u = variables("l u")
RULE = replace(
    relu_interval,
    name="relu_interval_unclipped",
    derived=(Derived("lo", meaning(Op.RELU, l), Outward.DOWN), Derived("hi", u, Outward.UP)),
)
