"""Wrong kernels: each is the kernel's own source with one change, made in the tests only.

The scalar modules are read, one of them is changed in one place, and all are executed together
into a namespace of their own; the kernel itself is never touched. A change whose place is not
found exactly once is an error, so a mutant cannot silently become the right kernel.
"""

import ast
import inspect
from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from refsem.kernel import arithmetic, division, integral, nans, packing
from refsem.kernel.compilation import SCALAR_MODULES


@dataclass(frozen=True, slots=True)
class Mutant:
    """One planted bug: where the source says `before`, it shall say `after`."""

    name: str
    module: ModuleType
    before: str
    after: str


def build(mutant: Mutant) -> dict[str, Callable[..., Any]]:
    """Every scalar function of the kernel with the bug in it, by name."""
    namespace: dict[str, Any] = {}
    for module in SCALAR_MODULES:
        source = inspect.getsource(module)
        if module is mutant.module:
            if source.count(mutant.before) != 1:
                raise ValueError(f"{mutant.name}: {mutant.before!r} is not there exactly once")
            source = source.replace(mutant.before, mutant.after)
        tree = ast.parse(source)
        tree.body = [statement for statement in tree.body if not _is_own_import(statement)]
        exec(compile(tree, f"<{mutant.name} {module.__name__}>", "exec"), namespace)  # noqa: S102
    return namespace


def _is_own_import(statement: ast.stmt) -> bool:
    """Whether a statement imports what the namespace already has."""
    return isinstance(statement, ast.ImportFrom) and str(statement.module) in {
        module.__name__ for module in SCALAR_MODULES
    }


FMA_START = """    x, y, z = read(setting, x), read(setting, y), read(setting, z)
"""
FMA_WINDOWS = """    # The product reaches to bit 59 or 60,"""
FMA_END = """        return zero_sum_sign(setting, sign_product, z >> 31) << 31, 0
    return deliver_binary32(setting, sign, total, exponent)
"""
ADD_START = """    # Significands reach from bit 37 to bit 60."""
MUL_START = """    x, y = read(setting, x), read(setting, y)
    sign = (x ^ y) >> 31
"""

PLANTED = (
    Mutant(
        "m01 tininess before rounding instead of after",
        packing,
        "if below == 1 and setting & TINY_BEFORE == 0:",
        "if False:",
    ),
    Mutant(
        "m02 overflow gives infinity in the directed modes too",
        packing,
        "if setting & NEAREST or leads_away(setting, sign):",
        "if True:",
    ),
    Mutant(
        "m03 an exact zero sum is +0 in RTN too",
        arithmetic,
        "return 1 if setting & DOWNWARD else 0",
        "return 0",
    ),
    Mutant(
        "m04 RNE takes ties away from zero",
        packing,
        "return half - 1 + odd if setting & TIES_TO_EVEN else half",
        "return half",
    ),
    Mutant(
        "m05 subnormal results are flushed to zero",
        packing,
        "return 0 if setting & FLUSH_TO_ZERO else kept, UNDERFLOW | INEXACT",
        "return 0, UNDERFLOW | INEXACT",
    ),
    Mutant(
        "m06 a quotient forgets its remainder",
        division,
        "return quotient | 1 if rest else quotient",
        "return quotient",
    ),
    Mutant(
        "m07 a square root forgets its remainder",
        division,
        "return root | 1 if rest else root",
        "return root",
    ),
    Mutant(
        "m08 fma rounds its product to binary32",
        arithmetic,
        FMA_START,
        FMA_START
        + """
    rounded, product_flags = mul(setting, x, y)
    if not is_nan(rounded):
        sum_bits, sum_flags = add(setting, rounded, z)
        return sum_bits, product_flags | sum_flags
""",
    ),
    Mutant(
        "m09 fma rounds to binary64 first, in RNE",
        arithmetic,
        FMA_END,
        FMA_END.replace(
            "    return deliver_binary32",
            """    if setting & 8:
        wide = deliver(setting, sign, total, exponent, 53, 11)[0]
        total, exponent = significand_of(wide, 53), exponent_of(wide, 53, 11)
    return deliver_binary32""",
        ),
    ),
    Mutant(
        "m10 add drops an operand more than 25 binades below the other",
        arithmetic,
        ADD_START,
        """    if (magnitude_x >> 23) - (magnitude_y >> 23) > 25:
        return x, 0
    if (magnitude_y >> 23) - (magnitude_x >> 23) > 25:
        return y, 0
"""
        + ADD_START,
    ),
    Mutant(
        "m11 fma drops an addend more than 60 binades below the product",
        arithmetic,
        FMA_WINDOWS,
        """    if exponent + bit_length(product) - exponent_z - bit_length(addend) > 60:
        return deliver_binary32(setting, sign_product, product, exponent)
"""
        + FMA_WINDOWS,
    ),
    Mutant(
        "m12 a subnormal result is rounded to 24 bits first",
        packing,
        "    shifted = jam(significand, below)\n",
        """    odd = significand >> discard & 1
    coarse = significand + growth(setting, sign, odd, discard) >> discard << discard
    shifted = jam(coarse, below)
""",
    ),
    Mutant(
        "m13 a signalling NaN among two operands does not signal",
        nans,
        "flags = INVALID if is_signalling(x) or is_signalling(y) else 0",
        "flags = 0",
    ),
    Mutant(
        "m14 ∞·0 + quiet NaN never signals",
        arithmetic,
        "if setting & FUSED_NAN_INVALID == 0:",
        "if True:",
    ),
    Mutant(
        "m15 RTP and RTN are exchanged for negative numbers",
        packing,
        "return setting >> (UPWARD_SHIFT + sign) & 1",
        "return setting >> UPWARD_SHIFT & 1",
    ),
    Mutant(
        "m16 rounding up never overflows",
        packing,
        """== 2 * greatest_exponent + 1:
        return overflowed(setting, sign, precision, exponent_bits)""",
        """== 2 * greatest_exponent + 1:
        return magnitude - 1, INEXACT""",
    ),
    Mutant(
        "m17 mul reads subnormal operands as zeros",
        arithmetic,
        MUL_START,
        MUL_START.replace("setting", "setting | 1 << 10"),
    ),
    Mutant(
        "m18 a subnormal result does not signal inexact",
        packing,
        "return 0 if setting & FLUSH_TO_ZERO else kept, UNDERFLOW | INEXACT",
        "return 0 if setting & FLUSH_TO_ZERO else kept, UNDERFLOW",
    ),
)
"""The eighteen bugs by which test suites were measured; m14 is a choice of the environment."""

FURTHER = (
    Mutant(
        "remainder rounds ties up",
        division,
        "(2 * rest == divisor and odd)",
        "2 * rest == divisor",
    ),
    Mutant(
        "remainder takes too long a last step",
        division,
        "step = min(distance, 37)",
        "step = 37",
    ),
    Mutant(
        "roundings to whole numbers never signal",
        integral,
        "INEXACT if inexact else 0",
        "0",
    ),
    Mutant(
        "a NaN becomes the least integer",
        integral,
        "and not is_nan(x)",
        "",
    ),
    Mutant(
        "the least integer is out of range",
        integral,
        "and not least) or",
        ") or",
    ),
    Mutant(
        "the low bits of a 64-bit integer are dropped",
        integral,
        "rest = 1 if low & 7 else 0",
        "rest = 0",
    ),
    Mutant(
        "every subnormal number has the exponent -126",
        integral,
        "exponent += bit_length(significand_of(magnitude, PRECISION)) - 1",
        "exponent += 23",
    ),
)
"""Bugs in other operations, so that the generators are measured there too."""
