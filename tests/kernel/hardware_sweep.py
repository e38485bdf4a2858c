"""The kernel against this machine's arithmetic on all 2^32 operands, in pieces that are recorded.

`python tests/kernel/hardware_sweep.py RECORD [CHECK]...` runs every piece that RECORD does not have
yet and appends a line of JSON for each: what was run can be read there, and an interrupted sweep
continues. A record of another kernel's sources is refused. NaNs are compared bit for bit, under
x86's rules, where the processor decides them; `to_binary16` and `to_bfloat16` are held against the
integer code of numpy and ml_dtypes, since no instruction is used there.
"""

import json
import platform
import sys
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import ml_dtypes
import numpy as np

from refsem import kernel
from refsem.fuzz.targets.target import hardware_direction
from refsem.kernel.compilation import fingerprint
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


@dataclass(frozen=True, slots=True)
class Line:
    """What one piece gave; `first` is the first operand on which the two differ, if any does."""

    check: str
    piece: int
    asked: int
    mismatches: int
    first: str


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


def run(check: Check, piece: int) -> Line:
    asked, wrong = differing(check, patterns_of(piece))
    return Line(check.name, piece, asked, wrong.size, f"{wrong[0]:08X}" if wrong.size else "")


def read_lines(record: Path) -> list[Line]:
    """The lines of a record, which is begun if it is not there; `ValueError` for another's."""
    head = {"sources": fingerprint(), "machine": platform.machine(), "numpy": np.__version__}
    if not record.exists():
        record.write_text(json.dumps(head) + "\n", encoding="ascii")
    first, *rest = record.read_text(encoding="ascii").splitlines()
    if json.loads(first) != head:
        raise ValueError(f"{record} is a record of {first}, not of {head}")
    return [Line(**json.loads(line)) for line in rest]


def sweep(record: Path, checks: Iterable[Check], pieces: range) -> None:
    """Run the pieces that the record lacks."""
    done = {(line.check, line.piece) for line in read_lines(record)}
    for check in checks:
        for piece in pieces:
            if (check.name, piece) not in done:
                line = json.dumps(asdict(run(check, piece)))
                with record.open("a", encoding="ascii") as file:
                    file.write(line + "\n")


def summary(record: Path) -> list[str]:
    """One line for each check that was begun: pieces, operands asked, mismatches."""
    lines = read_lines(record)
    return [
        f"{name}: {len(mine)} of {PIECES} pieces, {sum(line.asked for line in mine)} operands, "
        f"{sum(line.mismatches for line in mine)} mismatches"
        for name in dict.fromkeys(line.check for line in lines)
        for mine in [[line for line in lines if line.check == name]]
    ]


def main(record: Path, names: list[str]) -> None:
    chosen = [check for check in CHECKS if not names or check.name in names]
    sweep(record, chosen, range(PIECES))
    print("\n".join(summary(record)))  # noqa: T201


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
