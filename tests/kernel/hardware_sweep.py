"""The kernel against this machine's arithmetic on all 2^32 operands, in pieces that are recorded.

    PYTHONPATH=tests python tests/kernel/hardware_sweep.py RECORD [CHECK]...

runs every piece that RECORD does not have yet. NaNs are compared bit for bit, under x86's rules,
where the processor decides them; `to_binary16` and `to_bfloat16` are held against the integer code
of numpy and ml_dtypes, since no instruction is used there.
"""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import ml_dtypes
import numpy as np
import recorded

from refsem import kernel
from refsem.fuzz.targets.target import hardware_direction
from refsem.kernel.loops import Array
from refsem.rounding import X86, Mode
from refsem.rounding.integers import INT32, INT64, UINT32, UINT64, IntegerFormat

PIECE = 1 << 24
PIECES = (1 << 32) // PIECE

Function = Callable[[Array], Array]


@dataclass(frozen=True, slots=True)
class Check:
    """One function of one operand, by the kernel and by the hardware put into the mode."""

    name: str
    mode: Mode
    kernel: Function
    hardware: Function
    domain: tuple[float, float] | None = None
    """Operands strictly between these are asked; `None`: all, NaNs included."""
    exact_nans: bool = True


ROUNDINGS: dict[Mode, Function] = {
    Mode.RNE: np.rint,
    Mode.RTP: np.ceil,
    Mode.RTN: np.floor,
    Mode.RTZ: np.trunc,
}
INTEGERS: dict[str, IntegerFormat] = {
    "int32": INT32,
    "int64": INT64,
    "uint32": UINT32,
    "uint64": UINT64,
}


def root(mode: Mode) -> Check:
    def own(x: Array) -> Array:
        return kernel.sqrt(mode, x, X86)[0]

    return Check(f"sqrt {mode.value}", mode, own, np.sqrt)


def integral(mode: Mode) -> Check:
    def own(x: Array) -> Array:
        return kernel.round_to_integral(mode, x, True, X86)[0]

    return Check(f"round_to_integral {mode.value}", Mode.RNE, own, ROUNDINGS[mode])


def to_integer(name: str, mode: Mode) -> Check:
    target = INTEGERS[name]
    # Out of range x86's signed conversions are all alike; what becomes of others is numpy's own.
    below = -1.0 if mode in (Mode.RTZ, Mode.RTP) else -(2.0**-149)
    domain = None if target.signed else (below, 2.0**target.width)

    def own(x: Array) -> Array:
        return kernel.to_integer(mode, x, target, True, X86)[0]

    def hardware(values: Array) -> Array:
        # The cast truncates: what was rounded before stays as it is.
        return (values if mode is Mode.RTZ else ROUNDINGS[mode](values)).astype(name)

    return Check(f"to_{name} {mode.value}", Mode.RNE, own, hardware, domain)


def to_format(name: str, element: type, *, exact_nans: bool) -> Check:
    operation = partial(getattr(kernel, f"to_{name}"), *([] if name == "binary64" else [Mode.RNE]))

    def own(x: Array) -> Array:
        return np.asarray(operation(x, X86)[0])

    def hardware(values: Array) -> Array:
        return values.astype(element)

    return Check(f"to_{name} RNE", Mode.RNE, own, hardware, exact_nans=exact_nans)


CHECKS: tuple[Check, ...] = (
    root(Mode.RNE),
    integral(Mode.RNE),
    to_format("binary64", np.float64, exact_nans=True),
    to_format("binary16", np.float16, exact_nans=False),
    to_format("bfloat16", ml_dtypes.bfloat16, exact_nans=False),
    *(to_integer(name, Mode.RTZ) for name in INTEGERS),
    *(root(mode) for mode in (Mode.RTP, Mode.RTN, Mode.RTZ)),
    *(integral(mode) for mode in (Mode.RTP, Mode.RTN, Mode.RTZ)),
    *(to_integer(name, mode) for mode in (Mode.RNE, Mode.RTP, Mode.RTN) for name in INTEGERS),
)
"""In the order in which they are run: what networks meet first."""


def patterns_of(piece: int) -> Array:
    """The operands of a piece."""
    return np.arange(piece * PIECE, (piece + 1) * PIECE, dtype=np.uint64).astype(np.uint32)


def differing(check: Check, patterns: Array) -> tuple[int, Array]:
    """How many of the operands are asked, and those on which kernel and hardware differ."""
    values = patterns.view(np.float32)
    if check.domain is not None:
        inside = (values > check.domain[0]) & (values < check.domain[1])
        patterns, values = patterns[inside], values[inside]
    found = check.kernel(patterns)
    with np.errstate(all="ignore"), hardware_direction(check.mode):
        expected = check.hardware(values)
    unequal = found != expected.view(found.dtype)
    if not check.exact_nans:
        unequal &= ~(np.isnan(found.view(expected.dtype)) & np.isnan(expected))
    return patterns.size, patterns[unequal]


def differences(check: Check, piece: int) -> tuple[int, list[str]]:
    """How many operands of a piece are asked, and those on which the two differ."""
    asked, wrong = differing(check, patterns_of(piece))
    return asked, [f"{bits:08X}" for bits in wrong.tolist()]


SWEEP = {check.name: partial(differences, check) for check in CHECKS}


if __name__ == "__main__":
    chosen = {name: SWEEP[name] for name in sys.argv[2:] or SWEEP}
    recorded.run(Path(sys.argv[1]), chosen, range(PIECES))
    print(recorded.summary(Path(sys.argv[1])))  # noqa: T201
