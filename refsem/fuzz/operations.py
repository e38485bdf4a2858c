"""What a target may be asked: the model's operations, two more, and reductions by name.

ReLU is max(x, 0) of IEEE 754-2019: a NaN stays a NaN. `mul_add` is x·y + z rounded twice, as
written in C without contraction. Reductions have no operation here; their
order is measured (`measure.py`).
"""

from refsem.binary32.catalogue import BY_NAME as MODEL
from refsem.binary32.catalogue import Answer, Call, Kind, Operation
from refsem.rounding import Mode


def _relu(call: Call) -> Answer:
    maximum = MODEL["maximum"]
    (x,) = call.operands
    return maximum.evaluate(Call(call.mode, (x, 0), call.exact, call.environment))


RELU = Operation("relu", (Kind.BINARY32,), Kind.BINARY32, False, False, _relu)


def _mul_add(call: Call) -> Answer:
    x, y, z = call.operands
    product, flags = MODEL["mul"].evaluate(Call(call.mode, (x, y), call.exact, call.environment))
    total, more = MODEL["add"].evaluate(Call(call.mode, (product, z), call.exact, call.environment))
    return total, flags | more


MUL_ADD = Operation("mul_add", (Kind.BINARY32,) * 3, Kind.BINARY32, True, False, _mul_add)

BY_NAME: dict[str, Operation] = {**MODEL, RELU.name: RELU, MUL_ADD.name: MUL_ADD}
"""Every operation a campaign knows, by name."""

REDUCTIONS = ("sum", "dot", "matmul")

ELEMENTARY = (
    *("exp", "expm1", "exp2", "exp10", "log", "log1p", "log2", "log10"),
    *("sin", "cos", "tan", "atan", "sinh", "cosh", "tanh", "sigmoid"),
    *("erf", "erfc", "cbrt", "rsqrt", "hypot"),
)
"""Functions that hardly any platform rounds correctly: asked of a platform only by name."""

ROUNDINGS = {Mode.RNE: "rint", Mode.RTN: "floor", Mode.RTP: "ceil", Mode.RTZ: "trunc"}
"""The usual names of roundings to an integral value; there is none for RNA (C's `round`)."""
