"""The elementary functions of binary32, correctly rounded in every mode, flags included.

Where the value is rational it is rounded; elsewhere a rational enclosure is refined until both
ends round to the same pattern with the same flags. An irrational value lies strictly inside one
of the intervals on which rounding and flags are constant (the ends of those intervals are
rational), so the refinement ends; `refsem.exact.functions` has the reasons value by value. For erf
and erfc, where irrationality is not known, and as a guard elsewhere, it stops at `MOST_BITS` with
`UndecidedError`. cbrt, hypot and rsqrt are algebraic and decided by integer roots.

Special operands follow IEEE 754-2019 §9.2.1; sigmoid is 1/(1 + e^−x), with limits 0 and 1.
"""

from dataclasses import dataclass

from gmpy2 import mpq

from refsem.binary32.delivery import (
    deliver,
    divided_by_zero,
    invalid,
    propagated,
    read,
    rounded,
    signed_infinity,
    unchanged,
)
from refsem.binary32.value import INFINITY, SIGN, Binary32, Result
from refsem.exact.functions import (
    Enclosure,
    Function,
    NoRationalValue,
    NotEnclosed,
    enclose,
    rational_value,
)
from refsem.rounding import BINARY32, Environment, Mode
from refsem.rounding.function import round_rational
from refsem.rounding.roots import round_root

FEWEST_BITS = 64
MOST_BITS = 1 << 14

_ONE, _TWO, _MINUS_ONE, _MINUS_INFINITY = 0x3F800000, 0x40000000, 0xBF800000, SIGN | INFINITY


@dataclass(eq=False)
class UndecidedError(ArithmeticError):
    """No enclosure of f(x) with at most `MOST_BITS` bits told its rounding; none is known to."""

    function: Function
    argument: Binary32
    mode: Mode

    def __str__(self) -> str:
        """One line: the function, its argument and the mode."""
        return f"{self.function.value}({self.argument}) undecided in {self.mode.value}"


@dataclass(frozen=True, slots=True)
class _Limits:
    """The exact results at −∞ and +∞, as patterns, and where the function is flat.

    Beyond `lowest` and `highest` rounding and flags stay as they are there: the value overflows,
    is below half the least subnormal, or is strictly between a limit and the midpoint next to it.
    """

    at_minus: int
    at_plus: int
    lowest: mpq
    highest: mpq


_LIMITS = {
    Function.EXP: _Limits(0, INFINITY, mpq(-256), mpq(256)),
    Function.EXP2: _Limits(0, INFINITY, mpq(-256), mpq(256)),
    Function.EXP10: _Limits(0, INFINITY, mpq(-256), mpq(256)),
    Function.EXPM1: _Limits(_MINUS_ONE, INFINITY, mpq(-32), mpq(256)),
    Function.SINH: _Limits(_MINUS_INFINITY, INFINITY, mpq(-256), mpq(256)),
    Function.COSH: _Limits(INFINITY, INFINITY, mpq(-256), mpq(256)),
    Function.TANH: _Limits(_MINUS_ONE, _ONE, mpq(-32), mpq(32)),
    Function.SIGMOID: _Limits(0, _ONE, mpq(-256), mpq(32)),
    Function.ERF: _Limits(_MINUS_ONE, _ONE, mpq(-8), mpq(8)),
    Function.ERFC: _Limits(_TWO, 0, mpq(-8), mpq(16)),
}

_POLES = {
    Function.LOG: mpq(0),
    Function.LOG2: mpq(0),
    Function.LOG10: mpq(0),
    Function.LOG1P: mpq(-1),
}
"""Where a logarithm is −∞ and divides by zero; below, it is invalid."""


def _elementary(function: Function, mode: Mode, x: Binary32, environment: Environment) -> Result:
    x = read(x, environment)
    if x.is_nan:
        return propagated(environment, x)
    if x.is_infinite:
        return _at_infinity(function, mode, x, environment)
    argument = x.value
    if function in _POLES and argument <= _POLES[function]:
        at_pole = argument == _POLES[function]
        return divided_by_zero(negative=True) if at_pole else invalid(environment)
    if function in _LIMITS:
        limits = _LIMITS[function]
        argument = max(limits.lowest, min(argument, limits.highest))
    value = rational_value(function, argument)
    if isinstance(value, NoRationalValue):
        return _refined(function, mode, argument, x, environment)
    return rounded(mode, value, int(x.is_negative), environment)


def _at_infinity(function: Function, mode: Mode, x: Binary32, environment: Environment) -> Result:
    """Limits are exact, except for atan: ±π/2, which rounds as atan does far out."""
    if function in _LIMITS:
        limits = _LIMITS[function]
        return deliver(limits.at_minus if x.is_negative else limits.at_plus, 0)
    if function is Function.ATAN:
        far = mpq(-1 if x.is_negative else 1) * (1 << 200)
        return _refined(function, mode, far, x, environment)
    if function in _POLES and not x.is_negative:
        return unchanged(x)
    return invalid(environment)


def _refined(
    function: Function, mode: Mode, argument: mpq, x: Binary32, environment: Environment
) -> Result:
    """The one rounding of both ends of an enclosure of f(`argument`), which is irrational."""
    smallness = argument.denominator.bit_length() - argument.numerator.bit_length()
    precision = FEWEST_BITS + 2 * max(0, smallness)
    while precision <= MOST_BITS:
        match enclose(function, argument, precision):
            case Enclosure(lower=lower, upper=upper):
                low = round_rational(BINARY32, mode, lower, 0, environment)
                if low == round_rational(BINARY32, mode, upper, 0, environment):
                    return deliver(*low)
            case NotEnclosed():
                pass
        precision *= 2
    raise UndecidedError(function, x, mode)


def exp(mode: Mode, x: Binary32, environment: Environment) -> Result:
    """The power e^x."""
    return _elementary(Function.EXP, mode, x, environment)


def expm1(mode: Mode, x: Binary32, environment: Environment) -> Result:
    """The difference e^x − 1."""
    return _elementary(Function.EXPM1, mode, x, environment)


def exp2(mode: Mode, x: Binary32, environment: Environment) -> Result:
    """The power 2^x."""
    return _elementary(Function.EXP2, mode, x, environment)


def exp10(mode: Mode, x: Binary32, environment: Environment) -> Result:
    """The power 10^x."""
    return _elementary(Function.EXP10, mode, x, environment)


def log(mode: Mode, x: Binary32, environment: Environment) -> Result:
    """The natural logarithm of x; that of ±0 is −∞ and divides by zero, below 0 it is invalid."""
    return _elementary(Function.LOG, mode, x, environment)


def log1p(mode: Mode, x: Binary32, environment: Environment) -> Result:
    """The natural logarithm of 1 + x; at −1 it is −∞ and divides by zero, below it is invalid."""
    return _elementary(Function.LOG1P, mode, x, environment)


def log2(mode: Mode, x: Binary32, environment: Environment) -> Result:
    """The logarithm of x to base 2; poles and domain as `log`."""
    return _elementary(Function.LOG2, mode, x, environment)


def log10(mode: Mode, x: Binary32, environment: Environment) -> Result:
    """The logarithm of x to base 10; poles and domain as `log`."""
    return _elementary(Function.LOG10, mode, x, environment)


def sin(mode: Mode, x: Binary32, environment: Environment) -> Result:
    """The sine of x radians; of an infinity it is invalid."""
    return _elementary(Function.SIN, mode, x, environment)


def cos(mode: Mode, x: Binary32, environment: Environment) -> Result:
    """The cosine of x radians; of an infinity it is invalid."""
    return _elementary(Function.COS, mode, x, environment)


def tan(mode: Mode, x: Binary32, environment: Environment) -> Result:
    """The tangent of x radians; of an infinity it is invalid."""
    return _elementary(Function.TAN, mode, x, environment)


def atan(mode: Mode, x: Binary32, environment: Environment) -> Result:
    """The arc tangent of x in radians."""
    return _elementary(Function.ATAN, mode, x, environment)


def sinh(mode: Mode, x: Binary32, environment: Environment) -> Result:
    """The hyperbolic sine of x."""
    return _elementary(Function.SINH, mode, x, environment)


def cosh(mode: Mode, x: Binary32, environment: Environment) -> Result:
    """The hyperbolic cosine of x."""
    return _elementary(Function.COSH, mode, x, environment)


def tanh(mode: Mode, x: Binary32, environment: Environment) -> Result:
    """The hyperbolic tangent of x."""
    return _elementary(Function.TANH, mode, x, environment)


def sigmoid(mode: Mode, x: Binary32, environment: Environment) -> Result:
    """The logistic function 1/(1 + e^−x)."""
    return _elementary(Function.SIGMOID, mode, x, environment)


def erf(mode: Mode, x: Binary32, environment: Environment) -> Result:
    """The error function of x."""
    return _elementary(Function.ERF, mode, x, environment)


def erfc(mode: Mode, x: Binary32, environment: Environment) -> Result:
    """The complementary error function 1 − erf x."""
    return _elementary(Function.ERFC, mode, x, environment)


def cbrt(mode: Mode, x: Binary32, environment: Environment) -> Result:
    """The cube root of x, of its sign."""
    x = read(x, environment)
    if x.is_nan:
        return propagated(environment, x)
    if x.is_infinite or x.is_zero:
        return unchanged(x)
    mirrored = {Mode.RTP: Mode.RTN, Mode.RTN: Mode.RTP}.get(mode, mode)
    direction = mirrored if x.is_negative else mode
    bits, flags = round_root(BINARY32, direction, abs(x.value), 3, environment)
    return deliver(bits | x.bits & SIGN, flags)


def rsqrt(mode: Mode, x: Binary32, environment: Environment) -> Result:
    """The value 1/√x; that of ±0 is ±∞ and divides by zero, below 0 it is invalid."""
    x = read(x, environment)
    if x.is_nan:
        return propagated(environment, x)
    if x.is_zero:
        return divided_by_zero(negative=x.is_negative)
    if x.is_negative:
        return invalid(environment)
    if x.is_infinite:
        return deliver(0, 0)
    return deliver(*round_root(BINARY32, mode, 1 / x.value, 2, environment))


def hypot(mode: Mode, x: Binary32, y: Binary32, environment: Environment) -> Result:
    """The value √(x² + y²); an infinity prevails over a quiet NaN."""
    x, y = read(x, environment), read(y, environment)
    signalling = x.is_signalling or y.is_signalling
    if (x.is_infinite or y.is_infinite) and not signalling:
        return signed_infinity(negative=False)
    if x.is_nan or y.is_nan:
        return propagated(environment, x, y)
    squares = x.value**2 + y.value**2
    if squares == 0:
        return deliver(0, 0)
    return deliver(*round_root(BINARY32, mode, squares, 2, environment))
