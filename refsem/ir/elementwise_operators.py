"""The rows of sources and of elementwise operators, whose meaning is a term.

The term is in x, y, z (the operands) and the names of numeric attributes, and is applied to every
entry after broadcasting.
"""

from fractions import Fraction

from refsem.exact.functions import Function
from refsem.ir.operator_rows import Op, OperatorRow
from refsem.ir.shapes import broadcast as _broadcast
from refsem.ir.shapes import declared as _declared
from refsem.ir.shapes import same as _same
from refsem.ir.terms import Term, applied, maximum, minimum, select, term, variables

x, y, z, low, high, alpha, beta, gamma = variables("x y z low high alpha beta gamma")
_HALF = term(Fraction(1, 2))
_ROOT_OF_2_OVER_PI = applied(Function.SQRT, _HALF / applied(Function.ATAN, 1))


def _clip(value: Term, least: Term | int, greatest: Term | int) -> Term:
    """The value moved up to the least, then down to the greatest."""
    return minimum(maximum(value, least), greatest)


def _leaky(value: Term, slope: Term) -> Term:
    return select(0, value, value, slope * value)


def _power(value: Term, exponent: int) -> Term:
    """The power by repeated squaring: 4 and 8 are squares of squares."""
    if exponent == 1:
        return value
    root = _power(value, exponent // 2)
    return root * root * value if exponent % 2 else root * root


ROWS: tuple[OperatorRow, ...] = (
    OperatorRow(Op.INPUT, 0, ("shape",), _declared, "a real in the region", None),
    OperatorRow(Op.CONSTANT, 0, ("shape",), _declared, "the value of a binary32 pattern", None),
    OperatorRow(Op.ADD, 2, (), _broadcast, "x + y, broadcast", x + y),
    OperatorRow(Op.SUB, 2, (), _broadcast, "x - y, broadcast", x - y),
    OperatorRow(Op.MUL, 2, (), _broadcast, "x · y, broadcast", x * y),
    OperatorRow(Op.RELU, 1, (), _same, "max(x, 0)", maximum(x, 0)),
    OperatorRow(Op.NEG, 1, (), _same, "-x", -x),
    OperatorRow(Op.DIV, 2, (), _broadcast, "x / y, broadcast, where y ≠ 0", x / y),
    OperatorRow(Op.ABS, 1, (), _same, "|x|", abs(x)),
    OperatorRow(Op.MAX, 2, (), _broadcast, "max(x, y), broadcast", maximum(x, y)),
    OperatorRow(Op.MIN, 2, (), _broadcast, "min(x, y), broadcast", minimum(x, y)),
    OperatorRow(Op.CLIP, 1, ("low", "high"), _same, "min(max(x, low), high)", _clip(x, low, high)),
    OperatorRow(
        Op.LEAKY_RELU, 1, ("alpha",), _same, "x where 0 ≤ x, else alpha · x", _leaky(x, alpha)
    ),
    OperatorRow(Op.PRELU, 2, (), _broadcast, "x where 0 ≤ x, else y · x, broadcast", _leaky(x, y)),
    OperatorRow(
        Op.HARD_SIGMOID,
        1,
        ("alpha", "beta"),
        _same,
        "alpha · x + beta, between 0 and 1",
        _clip(alpha * x + beta, 0, 1),
    ),
    OperatorRow(
        Op.HARD_SWISH,
        1,
        (),
        _same,
        "x · (x + 3, between 0 and 6) / 6",
        Fraction(1, 6) * (x * _clip(x + 3, 0, 6)),
    ),
    OperatorRow(Op.SQUARE, 1, (), _same, "x²", _power(x, 2)),
    OperatorRow(Op.CUBE, 1, (), _same, "x³", _power(x, 3)),
    OperatorRow(Op.POWER4, 1, (), _same, "x⁴", _power(x, 4)),
    OperatorRow(Op.POWER5, 1, (), _same, "x⁵", _power(x, 5)),
    OperatorRow(Op.POWER6, 1, (), _same, "x⁶", _power(x, 6)),
    OperatorRow(Op.POWER7, 1, (), _same, "x⁷", _power(x, 7)),
    OperatorRow(Op.POWER8, 1, (), _same, "x⁸", _power(x, 8)),
    OperatorRow(Op.EXP, 1, (), _same, "e^x", applied(Function.EXP, x)),
    OperatorRow(Op.LOG, 1, (), _same, "ln x, where 0 < x", applied(Function.LOG, x)),
    OperatorRow(Op.SOFTPLUS, 1, (), _same, "ln(1 + e^x)", applied(Function.SOFTPLUS, x)),
    OperatorRow(Op.TANH, 1, (), _same, "(e^x - e^-x) / (e^x + e^-x)", applied(Function.TANH, x)),
    OperatorRow(Op.SIGMOID, 1, (), _same, "1 / (1 + e^-x)", applied(Function.SIGMOID, x)),
    OperatorRow(Op.SIN, 1, (), _same, "the sine of x radians", applied(Function.SIN, x)),
    OperatorRow(Op.COS, 1, (), _same, "the cosine of x radians", applied(Function.COS, x)),
    OperatorRow(
        Op.TAN, 1, (), _same, "the tangent of x radians, where cos x ≠ 0", applied(Function.TAN, x)
    ),
    OperatorRow(Op.SQRT, 1, (), _same, "√x, where 0 ≤ x", applied(Function.SQRT, x)),
    OperatorRow(Op.RECIPROCAL, 1, (), _same, "1 / x, where x ≠ 0", 1 / x),
    OperatorRow(Op.IDENTITY, 1, (), _same, "x", x),
    OperatorRow(
        Op.ELU,
        1,
        ("alpha",),
        _same,
        "x where 0 ≤ x, else alpha · (e^x - 1)",
        select(0, x, x, alpha * applied(Function.EXPM1, x)),
    ),
    OperatorRow(
        Op.SELU,
        1,
        ("alpha", "gamma"),
        _same,
        "gamma · (x where 0 ≤ x, else alpha · (e^x - 1))",
        gamma * select(0, x, x, alpha * applied(Function.EXPM1, x)),
    ),
    OperatorRow(
        Op.CELU,
        1,
        ("alpha",),
        _same,
        "x where 0 ≤ x, else alpha · (e^(x / alpha) - 1), where alpha ≠ 0",
        select(0, x, x, alpha * applied(Function.EXPM1, x / alpha)),
    ),
    OperatorRow(
        Op.SIGN, 1, (), _same, "1, 0 or -1: the sign of x", select(x, 0, select(0, x, 0, -1), 1)
    ),
    OperatorRow(Op.POSITIVE, 1, (), _same, "1 where 0 < x, else 0", select(x, 0, 0, 1)),
    OperatorRow(Op.NONNEGATIVE, 1, (), _same, "1 where 0 ≤ x, else 0", select(0, x, 1, 0)),
    OperatorRow(
        Op.ZERO, 1, (), _same, "1 where x = 0, else 0", select(x, 0, select(0, x, 1, 0), 0)
    ),
    OperatorRow(Op.FLOOR, 1, (), _same, "the greatest integer ≤ x", applied(Function.FLOOR, x)),
    OperatorRow(Op.CEIL, 1, (), _same, "the least integer ≥ x", applied(Function.CEIL, x)),
    OperatorRow(
        Op.ROUND,
        1,
        (),
        _same,
        "the nearest integer, of two the even one",
        applied(Function.ROUND, x),
    ),
    OperatorRow(Op.TRUNC, 1, (), _same, "the integer part of x", applied(Function.TRUNC, x)),
    OperatorRow(Op.SOFTSIGN, 1, (), _same, "x / (1 + |x|)", x / (1 + abs(x))),
    OperatorRow(Op.ERF, 1, (), _same, "2/√π · ∫ e^(-t²) from 0 to x", applied(Function.ERF, x)),
    OperatorRow(
        Op.GELU,
        1,
        (),
        _same,
        "x/2 · (1 + erf(x / √2))",
        _HALF * x * (1 + applied(Function.ERF, x * applied(Function.SQRT, _HALF))),
    ),
    OperatorRow(
        Op.GELU_TANH,
        1,
        (),
        _same,
        "x/2 · (1 + tanh(√(2/π) · (x + 0.044715 · x³)))",
        _HALF
        * x
        * (
            1
            + applied(Function.TANH, _ROOT_OF_2_OVER_PI * (x + Fraction(44715, 10**6) * x * x * x))
        ),
    ),
    OperatorRow(
        Op.SILU,
        1,
        ("alpha",),
        _same,
        "x / (1 + e^(-alpha · x))",
        x * applied(Function.SIGMOID, alpha * x),
    ),
    OperatorRow(
        Op.MISH,
        1,
        (),
        _same,
        "x · tanh(ln(1 + e^x))",
        x * applied(Function.TANH, applied(Function.SOFTPLUS, x)),
    ),
    OperatorRow(
        Op.THRESHOLDED_RELU,
        1,
        ("alpha",),
        _same,
        "x where alpha < x, else 0",
        select(x, alpha, 0, x),
    ),
    OperatorRow(Op.LESS, 2, (), _broadcast, "1 where x < y, else 0", select(y, x, 0, 1)),
    OperatorRow(Op.LESS_EQUAL, 2, (), _broadcast, "1 where x ≤ y, else 0", select(x, y, 1, 0)),
    OperatorRow(
        Op.EQUAL, 2, (), _broadcast, "1 where x = y, else 0", select(x, y, select(y, x, 1, 0), 0)
    ),
    OperatorRow(Op.NOT, 1, (), _same, "1 - x: of truth values, 0 or 1", 1 - x),
    OperatorRow(Op.WHERE, 3, (), _broadcast, "y where x is 1, z where x is 0", select(x, 0, z, y)),
)
