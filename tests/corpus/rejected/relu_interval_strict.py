"""ReLU of an interval, claimed strictly: touching the bound is possible, as at any x ≤ 0."""

from dataclasses import replace

from refsem.ir.operators import Op, meaning
from refsem.ir.terms import variables
from refsem.rules import Claim
from refsem.rules.intervals import relu_interval

VARIANT_OF = "relu_interval"
REFUTED_BY = "relu_interval_strict/sound/lower"

x, lo, hi = variables("x lo hi")
RULE = replace(
    relu_interval,
    name="relu_interval_strict",
    claims=(
        Claim("lower", lo < meaning(Op.RELU, x)),
        Claim("upper", meaning(Op.RELU, x) <= hi),
    ),
)
