"""The chord of leaky ReLU with any coefficient, where its documentation says "typically α < 1".

With α > 1 the function is concave and lies above its chord: α = 2 on [−1, 1] is wrong at 0. A
condition that stands in prose only is not a side.
"""

from dataclasses import replace

from refsem.ir.terms import select, variables
from refsem.rules import Claim
from refsem.rules.relu import relu_triangle

VARIANT_OF = "relu_triangle"
REFUTED_BY = "relu_triangle_leaky/sound/upper"

l, u, x, a = variables("l u x a")
leaky = select(0, x, x, a * x)
RULE = replace(
    relu_triangle,
    name="relu_triangle_leaky",
    operator=None,
    given=(l, u, a),
    claims=(Claim("upper", leaky <= (u - a * l) / (u - l) * (x - l) + a * l),),
)
