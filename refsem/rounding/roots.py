"""Roots of positive rationals, decided exactly: rounded to odd by integer roots.

For r = (n/d)^(1/k) and a quantum 2^x, ⌊r/2^x⌋ = ⌊⌊n·2^(−kx)/d⌋^(1/k)⌋ is an integer root, and r is
that multiple of 2^x exactly when the power gives n/d back. With x fine enough (see
`refsem.rounding.function`) the rounding of the odd value is the rounding of r, flags included; no
approximation and no refinement is involved.
"""

from gmpy2 import iroot, mpq, mpz

from refsem.rounding.environment import Environment
from refsem.rounding.formats import Format
from refsem.rounding.function import GUARD_BITS, round_dyadic
from refsem.rounding.modes import Mode


def round_root(
    format_: Format, mode: Mode, value: mpq, degree: int, environment: Environment
) -> tuple[int, int]:
    """The pattern and the flags number of the positive root of that degree of `value` > 0."""
    numerator, denominator = value.numerator, value.denominator
    binade = (numerator.bit_length() - denominator.bit_length() - 1) // degree
    quantum = max(binade - format_.precision + 1, format_.least_quantum) - GUARD_BITS
    scale = mpz(1) << abs(degree * quantum)
    if quantum < 0:
        numerator = numerator * scale
    else:
        denominator = denominator * scale
    root, _ = iroot(numerator // denominator, degree)
    exact = root**degree * denominator == numerator
    odd = int(root) if exact else int(root) | 1
    return round_dyadic(format_, mode, odd, quantum, environment)
