"""Elementary functions on arrays: the model's answer, asked once per distinct operand.

Nothing is computed here. Network activations repeat operands often (zeros, saturated values), and
each distinct one costs a rational enclosure. Source and exactness: `refsem.binary32.functions`.
"""

from collections.abc import Sequence

import numpy as np

from refsem.binary32.catalogue import BY_NAME, Call
from refsem.kernel.loops import Array
from refsem.rounding import Environment, Mode

Answer = tuple[Array, Array]
"""Results and flags."""

FUNCTIONS = (
    "exp",
    "expm1",
    "exp2",
    "exp10",
    "log",
    "log1p",
    "log2",
    "log10",
    "sin",
    "cos",
    "tan",
    "atan",
    "sinh",
    "cosh",
    "tanh",
    "sigmoid",
    "erf",
    "erfc",
    "cbrt",
    "rsqrt",
    "hypot",
)
"""The functions of this file, by the names the model's catalogue has for them."""


def on_distinct_operands(
    name: str, mode: Mode, operands: Sequence[Array], environment: Environment
) -> Answer:
    """The model's results and flags on broadcast uint32 arrays; `TypeError` for other arrays."""
    for operand in operands:
        if operand.dtype != np.uint32:
            raise TypeError(f"binary32 travels as uint32, not {operand.dtype}")
    spread = np.broadcast_arrays(*operands)
    rows = np.stack([operand.reshape(-1) for operand in spread], axis=1)
    distinct, places = np.unique(rows, axis=0, return_inverse=True)
    answers = [
        BY_NAME[name].evaluate(Call(mode, tuple(row), False, environment))
        for row in distinct.tolist()
    ]
    bits = np.array([bits for bits, _ in answers], np.uint32)
    flags = np.array([flags for _, flags in answers], np.uint8)
    shape = spread[0].shape
    return bits[places].reshape(shape), flags[places].reshape(shape)


def exp(mode: Mode, x: Array, environment: Environment) -> Answer:
    """The values of e^x, correctly rounded."""
    return on_distinct_operands("exp", mode, (x,), environment)


def expm1(mode: Mode, x: Array, environment: Environment) -> Answer:
    """The values of e^x − 1, correctly rounded."""
    return on_distinct_operands("expm1", mode, (x,), environment)


def exp2(mode: Mode, x: Array, environment: Environment) -> Answer:
    """The values of 2^x, correctly rounded."""
    return on_distinct_operands("exp2", mode, (x,), environment)


def exp10(mode: Mode, x: Array, environment: Environment) -> Answer:
    """The values of 10^x, correctly rounded."""
    return on_distinct_operands("exp10", mode, (x,), environment)


def log(mode: Mode, x: Array, environment: Environment) -> Answer:
    """The values of the natural logarithm of x, correctly rounded."""
    return on_distinct_operands("log", mode, (x,), environment)


def log1p(mode: Mode, x: Array, environment: Environment) -> Answer:
    """The values of the natural logarithm of 1 + x, correctly rounded."""
    return on_distinct_operands("log1p", mode, (x,), environment)


def log2(mode: Mode, x: Array, environment: Environment) -> Answer:
    """The values of the binary logarithm of x, correctly rounded."""
    return on_distinct_operands("log2", mode, (x,), environment)


def log10(mode: Mode, x: Array, environment: Environment) -> Answer:
    """The values of the decimal logarithm of x, correctly rounded."""
    return on_distinct_operands("log10", mode, (x,), environment)


def sin(mode: Mode, x: Array, environment: Environment) -> Answer:
    """The values of the sine of x, in radians, correctly rounded."""
    return on_distinct_operands("sin", mode, (x,), environment)


def cos(mode: Mode, x: Array, environment: Environment) -> Answer:
    """The values of the cosine of x, in radians, correctly rounded."""
    return on_distinct_operands("cos", mode, (x,), environment)


def tan(mode: Mode, x: Array, environment: Environment) -> Answer:
    """The values of the tangent of x, in radians, correctly rounded."""
    return on_distinct_operands("tan", mode, (x,), environment)


def atan(mode: Mode, x: Array, environment: Environment) -> Answer:
    """The values of the arc tangent of x, correctly rounded."""
    return on_distinct_operands("atan", mode, (x,), environment)


def sinh(mode: Mode, x: Array, environment: Environment) -> Answer:
    """The values of the hyperbolic sine of x, correctly rounded."""
    return on_distinct_operands("sinh", mode, (x,), environment)


def cosh(mode: Mode, x: Array, environment: Environment) -> Answer:
    """The values of the hyperbolic cosine of x, correctly rounded."""
    return on_distinct_operands("cosh", mode, (x,), environment)


def tanh(mode: Mode, x: Array, environment: Environment) -> Answer:
    """The values of the hyperbolic tangent of x, correctly rounded."""
    return on_distinct_operands("tanh", mode, (x,), environment)


def sigmoid(mode: Mode, x: Array, environment: Environment) -> Answer:
    """The values of 1/(1 + e^−x), correctly rounded."""
    return on_distinct_operands("sigmoid", mode, (x,), environment)


def erf(mode: Mode, x: Array, environment: Environment) -> Answer:
    """The values of the error function of x, correctly rounded."""
    return on_distinct_operands("erf", mode, (x,), environment)


def erfc(mode: Mode, x: Array, environment: Environment) -> Answer:
    """The values of 1 − erf x, correctly rounded."""
    return on_distinct_operands("erfc", mode, (x,), environment)


def cbrt(mode: Mode, x: Array, environment: Environment) -> Answer:
    """The values of the cube root of x, correctly rounded."""
    return on_distinct_operands("cbrt", mode, (x,), environment)


def rsqrt(mode: Mode, x: Array, environment: Environment) -> Answer:
    """The values of 1/√x, correctly rounded."""
    return on_distinct_operands("rsqrt", mode, (x,), environment)


def hypot(mode: Mode, x: Array, y: Array, environment: Environment) -> Answer:
    """The values of √(x² + y²), correctly rounded."""
    return on_distinct_operands("hypot", mode, (x, y), environment)
