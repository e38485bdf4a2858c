"""How an environment reads an operand: as it is, or a subnormal as zero.

Denormals-are-zero is a property of the arithmetic units that work in binary32 and binary64;
binary16 and bfloat16 exist here as storage, and their subnormals are always read as they are.
"""

from gmpy2 import mpq

from refsem.rounding.environment import Environment
from refsem.rounding.formats import BFLOAT16, BINARY16, Format
from refsem.rounding.values import Decoded, Finite, decode


def is_storage_only(format_: Format) -> bool:
    """Whether flushing of subnormals leaves the format alone."""
    return format_ in (BINARY16, BFLOAT16)


def read_operand(format_: Format, bits: int, environment: Environment) -> Decoded:
    """The meaning of an operand; with denormals-are-zero a subnormal means a zero of its sign."""
    decoded = decode(format_, bits)
    subnormal = bits & (format_.sign_bit - 1) < format_.least_normal
    if environment.denormals_are_zero and subnormal and not is_storage_only(format_):
        return Finite(negative=bits >= format_.sign_bit, value=mpq(0))
    return decoded
