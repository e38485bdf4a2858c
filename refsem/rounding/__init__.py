"""Formats, modes, the rounding relation and function, and what bounds need of them.

`specification` says what a rounding is, `function` computes it, and the tests hold them against
each other: exhaustively on tiny formats, on grids and at random on binary32.
"""

from refsem.rounding.environment import (
    FLAGS,
    NO_FLAGS,
    RISCV,
    X86,
    Environment,
    Flags,
    InvalidInteger,
    NanPolicy,
    Tininess,
)
from refsem.rounding.formats import BFLOAT16, BINARY16, BINARY32, BINARY64, Format
from refsem.rounding.function import Rounded, round_to, round_to_binary32, round_with_flags
from refsem.rounding.modes import Mode
from refsem.rounding.neighbours import greatest_finite, next_down, next_up, ulp, ulp_in
from refsem.rounding.outward import Unbounded, round_down, round_down_in, round_up, round_up_in
from refsem.rounding.specification import is_rounding, is_tiny, overflows
from refsem.rounding.values import (
    Decoded,
    Finite,
    Infinite,
    NotANumber,
    decode,
    exact_value,
    power_of_two,
)

__all__ = [
    "BFLOAT16",
    "BINARY16",
    "BINARY32",
    "BINARY64",
    "FLAGS",
    "NO_FLAGS",
    "RISCV",
    "X86",
    "Decoded",
    "Environment",
    "Finite",
    "Flags",
    "Format",
    "Infinite",
    "InvalidInteger",
    "Mode",
    "NanPolicy",
    "NotANumber",
    "Rounded",
    "Tininess",
    "Unbounded",
    "decode",
    "exact_value",
    "greatest_finite",
    "is_rounding",
    "is_tiny",
    "next_down",
    "next_up",
    "overflows",
    "power_of_two",
    "round_down",
    "round_down_in",
    "round_to",
    "round_to_binary32",
    "round_up",
    "round_up_in",
    "round_with_flags",
    "ulp",
    "ulp_in",
]
