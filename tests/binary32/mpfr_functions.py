"""The elementary functions by MPFR, with 600 bits and one exact rounding, flags included."""

import gmpy2
from gmpy2 import mpfr, mpq

from refsem.binary32 import Binary32
from refsem.binary32.catalogue import Answer
from refsem.rounding import RISCV, Mode, round_with_flags
from refsem.rounding.formats import BINARY32

PRECISION = 600


def _sigmoid(x: mpfr) -> mpfr:
    return 1 / (1 + gmpy2.exp(-x))


ORACLES = {
    "exp": gmpy2.exp,
    "expm1": gmpy2.expm1,
    "exp2": gmpy2.exp2,
    "exp10": gmpy2.exp10,
    "log": gmpy2.log,
    "log1p": gmpy2.log1p,
    "log2": gmpy2.log2,
    "log10": gmpy2.log10,
    "sin": gmpy2.sin,
    "cos": gmpy2.cos,
    "tan": gmpy2.tan,
    "atan": gmpy2.atan,
    "sinh": gmpy2.sinh,
    "cosh": gmpy2.cosh,
    "tanh": gmpy2.tanh,
    "erf": gmpy2.erf,
    "erfc": gmpy2.erfc,
    "cbrt": gmpy2.cbrt,
    "rsqrt": gmpy2.rec_sqrt,
}
"""Single MPFR functions, whose ternary value says on which side of the true value they are."""


def expected(name: str, mode: Mode, bits: int) -> Answer:
    """Pattern and flags of the function of a finite non-zero operand; `sigmoid` for |x| < 100."""
    x = mpfr(Binary32(bits).value)
    with gmpy2.context(precision=PRECISION):
        if name == "sigmoid":
            return _rounded(mode, mpq(_sigmoid(x)))
        value = ORACLES[name](x)
        if gmpy2.is_nan(value):
            return BINARY32.canonical_nan, 16
        if gmpy2.is_infinite(value) and name == "log1p":
            return 0xFF800000, 8
        if name.startswith("log") and value == 0:
            return 0, 0
        return _rounded(mode, _in_reach(value))


def _rounded(mode: Mode, value: mpq) -> Answer:
    rounded = round_with_flags(BINARY32, mode, value, 0, RISCV)
    return rounded.bits, rounded.flags.bits


def _in_reach(value: mpfr) -> mpq:
    """The value, or a rational as far out of range (only positive functions underflow so far)."""
    if gmpy2.is_infinite(value) or abs(value) > mpfr(2) ** 300:
        return (1 if value > 0 else -1) * mpq(2) ** 300
    if abs(value) < mpfr(2) ** -300:
        return mpq(1, 2**300)
    return mpq(value) * (1 - mpq(value.rc if value > 0 else -value.rc, 2**620))
