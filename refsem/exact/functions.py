"""Rational enclosures of the elementary functions, and where their values are rational.

`enclose` gives rationals around f(q) by ball arithmetic (Arb, through python-flint): a proof about
the real number, as tight as the precision asked for. `rational_value` gives f(q) itself at the
rationals q where it is rational. Everywhere else:

* e^q is transcendental for rational q ≠ 0 (Lindemann). So are the non-constant algebraic
  functions of it and of e^(iq): exp, expm1, sinh, cosh, tanh, sigmoid, sin, cos, tan; and a
  rational r = log q, log1p q or atan q, r ≠ 0, would make e^r or tan r rational.
* 2^(a/b) with b > 1 in lowest terms is irrational: a root of x^b = 2^a, and b does not divide a.
  So is 10^(a/b), for the same reason at the prime 2. A rational log2 q = a/b or log10 q = a/b
  gives q^b = 2^a or 10^a; comparing powers of 2, b divides a: the value is an integer.
* A rational r = softplus q would give e^r = 1 + e^q, a linear relation between powers of e with
  different exponents 0, q, r (or e^r = 2): there is none (Lindemann and Weierstrass).
* sqrt q is rational just where numerator and denominator, in lowest terms, are squares.
* The step functions (floor, ceil, round, trunc) are integers everywhere, and computed exactly.

An irrational value lies strictly between any two rationals around it, so enclosing it ever more
tightly separates it from every rational: that is why "refine until it decides" ends. For erf and
erfc at rationals other than 0 irrationality is open (erf q = (2/√π) × a transcendental number);
callers bound their refinement.

Nothing here rounds to a format. Rounding a root needs no enclosure: it is decided by integer
roots (`refsem.rounding.roots`).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum

from flint import arb, ctx, fmpq, fmpz
from gmpy2 import is_square, isqrt, mpq

MOST_EXPONENT = 1 << 20
"""An enclosure whose ends pass 2^±(this) is not written out as rationals."""


class Function(Enum):
    """The elementary functions of one real argument."""

    EXP = "exp"
    EXPM1 = "expm1"
    EXP2 = "exp2"
    EXP10 = "exp10"
    LOG = "log"
    LOG1P = "log1p"
    LOG2 = "log2"
    LOG10 = "log10"
    SIN = "sin"
    COS = "cos"
    TAN = "tan"
    ATAN = "atan"
    SINH = "sinh"
    COSH = "cosh"
    TANH = "tanh"
    SIGMOID = "sigmoid"
    SOFTPLUS = "softplus"
    """log(1 + e^x)."""
    SQRT = "sqrt"
    ERF = "erf"
    ERFC = "erfc"
    FLOOR = "floor"
    """The greatest integer that is at most x."""
    CEIL = "ceil"
    """The least integer that is at least x."""
    ROUND = "round"
    """The nearest integer, of two the even one."""
    TRUNC = "trunc"
    """The nearest integer towards 0: the integer part."""


STEPS: Mapping[Function, Callable[[mpq], int]] = {
    Function.FLOOR: lambda x: int(x.numerator // x.denominator),
    Function.CEIL: lambda x: -int(-x.numerator // x.denominator),
    Function.ROUND: lambda x: _nearest_even(int(x.numerator), int(x.denominator)),
    Function.TRUNC: int,
}
"""The functions whose values are integers: monotone, and rational at every rational."""


def _nearest_even(numerator: int, denominator: int) -> int:
    below, rest = divmod(numerator, denominator)
    return below + (2 * rest + below % 2 > denominator)


@dataclass(frozen=True, slots=True)
class Enclosure:
    """The value, or every value over an interval, lies in [lower, upper]."""

    lower: mpq
    upper: mpq


@dataclass(frozen=True, slots=True)
class NotEnclosed:
    """No finite enclosure: outside the domain, at a pole, too large, or too little precision."""

    reason: str


@dataclass(frozen=True, slots=True)
class NoRationalValue:
    """The value is irrational, or, for erf and erfc, not known to be rational."""


_BALLS: dict[Function, Callable[[arb], arb]] = {
    Function.EXP: lambda x: x.exp(),
    Function.EXPM1: lambda x: x.expm1(),
    Function.EXP2: lambda x: (x * arb.const_log2()).exp(),
    Function.EXP10: lambda x: (x * arb.const_log10()).exp(),
    Function.LOG: lambda x: x.log(),
    Function.LOG1P: lambda x: x.log1p(),
    Function.LOG2: lambda x: x.log() / arb.const_log2(),
    Function.LOG10: lambda x: x.log() / arb.const_log10(),
    Function.SIN: lambda x: x.sin(),
    Function.COS: lambda x: x.cos(),
    Function.TAN: lambda x: x.tan(),
    Function.ATAN: lambda x: x.atan(),
    Function.SINH: lambda x: x.sinh(),
    Function.COSH: lambda x: x.cosh(),
    Function.TANH: lambda x: x.tanh(),
    Function.SIGMOID: lambda x: 1 / (1 + (-x).exp()),
    Function.SOFTPLUS: lambda x: x.exp().log1p(),
    Function.SQRT: lambda x: x.sqrt(),
    Function.ERF: lambda x: x.erf(),
    Function.ERFC: lambda x: x.erfc(),
}


def enclose(function: Function, argument: mpq, precision: int) -> Enclosure | NotEnclosed:
    """Rationals around f(argument), computed with that many bits; a step function's value."""
    if function in STEPS:
        return enclose_over(function, argument, argument, precision)
    with ctx.workprec(precision):
        return ball_ends(ball_over(function, ball_of(argument)))


def enclose_over(
    function: Function, lower: mpq, upper: mpq, precision: int
) -> Enclosure | NotEnclosed:
    """Rationals around all values of f on [lower, upper], not necessarily tight."""
    if function in STEPS:
        return Enclosure(mpq(STEPS[function](lower)), mpq(STEPS[function](upper)))
    with ctx.workprec(precision):
        return ball_ends(ball_over(function, ball_of(lower).union(ball_of(upper))))


def ball_over(function: Function, argument: arb) -> arb:
    """A ball around all values of a function, not a step, at numbers of a ball."""
    return _BALLS[function](argument)


def ball_of(value: mpq) -> arb:
    """A ball around a rational, of the precision in force."""
    return arb(fmpq(int(value.numerator), int(value.denominator)))


def ball_ends(ball: arb) -> Enclosure | NotEnclosed:
    """The ends of a ball as rationals, where they are finite and not too large."""
    if not ball.is_finite():
        return NotEnclosed("no finite ball: outside the domain, at a pole, or too wide")
    lower, upper = (end.man_exp() for end in (ball.lower(), ball.upper()))
    if max(abs(lower[1]), abs(upper[1])) > MOST_EXPONENT:
        return NotEnclosed(f"beyond 2^±{MOST_EXPONENT}")
    return Enclosure(_dyadic(*lower), _dyadic(*upper))


def _dyadic(significand: fmpz, exponent: fmpz) -> mpq:
    whole, shift = int(significand), int(exponent)
    return mpq(whole << shift) if shift >= 0 else mpq(whole, 1 << -shift)


# softplus is nowhere rational
_AT_ZERO = {
    Function.EXP: mpq(1),
    Function.EXPM1: mpq(0),
    Function.LOG1P: mpq(0),
    Function.SIN: mpq(0),
    Function.COS: mpq(1),
    Function.TAN: mpq(0),
    Function.ATAN: mpq(0),
    Function.SINH: mpq(0),
    Function.COSH: mpq(1),
    Function.TANH: mpq(0),
    Function.SIGMOID: mpq(1, 2),
    Function.ERF: mpq(0),
    Function.ERFC: mpq(1),
}


def rational_value(function: Function, argument: mpq) -> mpq | NoRationalValue:
    """The value f(argument) where it is rational. Powers are written out: bound their argument."""
    match function:
        case Function.EXP2 | Function.EXP10:
            base = 2 if function is Function.EXP2 else 10
            whole = argument.denominator == 1
            return mpq(base) ** int(argument) if whole else NoRationalValue()
        case Function.LOG:
            return mpq(0) if argument == 1 else NoRationalValue()
        case Function.LOG2 | Function.LOG10:
            return _integer_logarithm(2 if function is Function.LOG2 else 10, argument)
        case Function.SQRT:
            return _rational_root(argument)
        case Function.FLOOR | Function.CEIL | Function.ROUND | Function.TRUNC:
            return mpq(STEPS[function](argument))
        case _:
            known = _AT_ZERO.get(function)
            return NoRationalValue() if known is None or argument != 0 else known


def _rational_root(argument: mpq) -> mpq | NoRationalValue:
    """The square root of a rational, if it is rational."""
    if argument < 0 or not (is_square(argument.numerator) and is_square(argument.denominator)):
        return NoRationalValue()
    return mpq(isqrt(argument.numerator), isqrt(argument.denominator))


def _integer_logarithm(base: int, argument: mpq) -> mpq | NoRationalValue:
    """The integer k with base^k = argument, if there is one."""
    if argument <= 0:
        return NoRationalValue()
    # GMP may count a digit too many, but never for a power of the base.
    size = max(argument.numerator, argument.denominator).num_digits(base) - 1
    exponent = size if argument >= 1 else -size
    return mpq(exponent) if mpq(base) ** exponent == argument else NoRationalValue()
