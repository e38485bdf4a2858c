"""A target as data: the functions it has, how they are called, and what it does not promise.

Operands are arrays of the host's own types (`float32`, `int64`, …; bfloat16 as patterns); answers
are patterns, with flags where the target has them. What a platform leaves open is stated with the
function and not held against it: NaN bits, the sign of a zero in an extremum, conversions to
integers out of range.
"""

import ctypes
import ctypes.util
import platform
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np

from refsem.binary32.catalogue import Kind
from refsem.errors import InputError
from refsem.kernel.loops import Array
from refsem.rounding import RISCV, Environment, Mode

HOST_TYPES: dict[Kind, type[np.generic]] = {
    Kind.BINARY32: np.float32,
    Kind.BINARY16: np.float16,
    Kind.BFLOAT16: np.uint16,
    Kind.BINARY64: np.float64,
    Kind.INT32: np.int32,
    Kind.INT64: np.int64,
    Kind.UINT32: np.uint32,
    Kind.UINT64: np.uint64,
    Kind.BOOLEAN: np.bool_,
}
_UNSIGNED = {8: np.uint8, 16: np.uint16, 32: np.uint32, 64: np.uint64}


@dataclass(frozen=True, slots=True)
class Answers:
    """What a target answered: a pattern for each case, flags if it has any.

    `foreign` has, by place, what is no value of the result's kind at all, as text.
    """

    patterns: list[int]
    flags: list[int] | None
    foreign: Mapping[int, str] = field(default_factory=dict)


Run = Callable[[Mode, Sequence[Array], Environment], Answers]


@dataclass(frozen=True, slots=True)
class Function:
    """One operation of a target."""

    run: Run
    python: str
    """An expression of x, y, z for a person to paste."""
    zero_sign_open: bool = False
    """Whether the sign of a zero result is not promised."""
    in_range_only: bool = False
    """Whether nothing is promised where the operation is invalid."""
    modes: tuple[Mode, ...] = ()
    """The modes it is asked in, where they are its own: a cast truncates whatever the mode."""


@dataclass(frozen=True, slots=True)
class Target:
    """Functions by the names of operations, and reductions by theirs."""

    name: str
    functions: Mapping[str, Function]
    usual: tuple[str, ...]
    """The operations asked when none is named."""
    modes: tuple[Mode, ...]
    """The modes asked when none is named."""
    preamble: str
    """Python that makes the functions' expressions work."""
    reductions: Mapping[str, Callable[..., Array]]
    environments: tuple[Environment, ...] = (RISCV,)
    exact_nans: bool = False
    """Whether the bits of NaNs are promised."""
    c_library: str = ""
    """The shared library a C program links with, if that is what is tested."""
    processes_only: bool = False
    """Whether loading may change or end the process."""
    symbols: Mapping[str, str] = field(default_factory=dict)
    """Names of C functions by operation, where they are the target's own."""


def host_arrays(kinds: Sequence[Kind], rows: Sequence[tuple[int, ...]]) -> list[Array]:
    """Columns of patterns as arrays of the host's types."""
    columns = zip(*rows, strict=True) if rows else [() for _ in kinds]
    arrays = []
    for kind, column in zip(kinds, columns, strict=True):
        width = max(8, kind.width)
        arrays.append(np.array(column, _UNSIGNED[width]).view(HOST_TYPES[kind]))
    return arrays


def answers_of(kind: Kind, result: Array, count: int) -> Answers:
    """An array of results as patterns; a wrong type of element is foreign unless it fits exactly.

    Raises `TypeError` for a wrong number of results.
    """
    result = np.asarray(result)
    if result.shape != (count,):
        raise TypeError(f"{count} operands gave an answer of shape {result.shape}")
    wanted = np.dtype(HOST_TYPES[kind])
    if result.dtype == wanted:
        unsigned = _UNSIGNED[8 * wanted.itemsize]
        return Answers(result.view(unsigned).astype(np.uint64).tolist(), None)
    with np.errstate(all="ignore"):
        cast = result.astype(wanted)
        back = cast.astype(result.dtype)
    same = (back == result) | ((back != back) & (result != result))  # noqa: PLR0124  NaN
    unsigned = _UNSIGNED[8 * wanted.itemsize]
    foreign = {
        int(place): f"{result.dtype} {result[place]!r}, which is not {kind.value}"
        for place in np.flatnonzero(~same)
    }
    return Answers(cast.view(unsigned).astype(np.uint64).tolist(), None, foreign)


_DIRECTIONS: dict[str, dict[Mode, int]] = {
    "x86_64": {Mode.RNE: 0, Mode.RTN: 0x400, Mode.RTP: 0x800, Mode.RTZ: 0xC00},
    "aarch64": {Mode.RNE: 0, Mode.RTP: 0x400000, Mode.RTN: 0x800000, Mode.RTZ: 0xC00000},
}
"""C's FE_TONEAREST and so on, by machine."""


def hardware_directions() -> tuple[Mode, ...]:
    """The modes this machine's arithmetic can be put into."""
    return tuple(_DIRECTIONS.get(platform.machine(), {Mode.RNE: 0}))


@contextmanager
def hardware_direction(mode: Mode) -> Iterator[None]:
    """The calling thread's arithmetic put into a mode; `InputError` where that cannot be done."""
    if mode is Mode.RNE:
        yield
        return
    codes = _DIRECTIONS.get(platform.machine(), {})
    name = ctypes.util.find_library("m")
    if mode not in codes or name is None:
        raise InputError("", mode.value, "this machine's arithmetic has no such mode")
    library = ctypes.CDLL(name)
    library.fesetround(codes[mode])
    try:
        yield
    finally:
        library.fesetround(0)


def elementwise(kind: Kind, function: Callable[..., Array]) -> Run:
    """The run of a function on arrays, in the mode of the hardware."""

    def run(mode: Mode, operands: Sequence[Array], environment: Environment) -> Answers:
        del environment
        with np.errstate(all="ignore"), hardware_direction(mode):
            result = function(*operands)
        return answers_of(kind, result, operands[0].size)

    return run


def by_mode(kind: Kind, functions: Mapping[Mode, Callable[..., Array]]) -> Run:
    """The run of functions that have the mode in their name."""

    def run(mode: Mode, operands: Sequence[Array], environment: Environment) -> Answers:
        del environment
        if mode not in functions:
            raise InputError("", mode.value, "the target has no such rounding to an integral value")
        with np.errstate(all="ignore"):
            result = functions[mode](*operands)
        return answers_of(kind, result, operands[0].size)

    return run
