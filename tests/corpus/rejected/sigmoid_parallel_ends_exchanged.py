"""Parallel lines around the sigmoid, each through the end that belongs to the other."""

from dataclasses import replace

from refsem.rules import Derived, Outward
from refsem.rules.lines import k, l, u, vl, vu
from refsem.rules.sigmoids import sigmoid_parallel

VARIANT_OF = "sigmoid_parallel"
REFUTED_BY = "sigmoid_parallel_ends_exchanged/sound/lower"

RULE = replace(
    sigmoid_parallel,
    name="sigmoid_parallel_ends_exchanged",
    derived=(
        Derived("bl", vu - k * u, Outward.DOWN),
        Derived("bu", vl - k * l, Outward.UP),
    ),
)
