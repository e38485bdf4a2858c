"""A shared library as a target: C functions `float f(float, …)`, `sum` and `dot`.

An operation is looked for under its name with `f` appended (as in C's mathematics library), its
name, its name after `f32_`, and, if it was asked for, `f`. `sum` is `float sum(const float*,
size_t)`, `dot` is `float dot(const float*, const float*, size_t)`, `relu` is a function of one
operand. Operands and results travel as patterns: a signalling NaN arrives as one.

Loading a library runs its code, which may change how the process computes, or end it: campaigns
load libraries in processes of their own.
"""

import ctypes
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from refsem.binary32.catalogue import Kind, Operation
from refsem.errors import InputError
from refsem.fuzz.operations import BY_NAME, REDUCTIONS
from refsem.fuzz.targets.target import HOST_TYPES, Answers, Function, Target, hardware_direction
from refsem.kernel.loops import Array
from refsem.rounding import Environment, Mode

SPELLINGS = {"absolute": ("fabsf",), "maximum_number": ("fmaxf",), "minimum_number": ("fminf",)}
"""C's own names of operations, where they differ."""


class _RawFloat(ctypes.c_float):
    """A float that ctypes hands over unconverted; converting would quiet a signalling NaN."""


def library_target(path: str, operations: Sequence[str]) -> Target:
    """The target of a library; `InputError` if it cannot be loaded or lacks a function asked."""
    try:
        library = ctypes.CDLL(str(Path(path).resolve()) if Path(path).exists() else path)
    except OSError as error:
        raise InputError(path, "", f"cannot be loaded: {error}") from error
    exports = _Exports(library, path)
    names = tuple(operations) or tuple(name for name, op in BY_NAME.items() if _is_scalar(op))
    functions: dict[str, Function] = {}
    symbols: dict[str, str] = {}
    for name in names:
        if name in REDUCTIONS:
            continue
        symbol = _symbol(exports, name, asked=bool(operations))
        if symbol and _is_scalar(BY_NAME[name]):
            symbols[name] = symbol
            functions[name] = _function(BY_NAME[name], getattr(library, symbol))
        elif operations:
            raise InputError(path, name, "the library exports no such function of floats")
    reductions = _reductions(exports)
    missing = [name for name in operations if name in REDUCTIONS and name not in reductions]
    if missing:
        raise InputError(path, missing[0], "the library exports no such function")
    if not functions and not reductions:
        raise InputError(path, "", "exports no function named after an operation")
    return Target(
        name=f"library:{path}",
        functions=functions,
        usual=tuple(functions),
        modes=(Mode.RNE,),
        preamble=f"import ctypes\nimport numpy as np\nlibrary = ctypes.CDLL({path!r})",
        reductions=reductions,
        c_library=path,
        processes_only=True,
        symbols=symbols,
    )


def _is_scalar(operation: Operation) -> bool:
    floats = all(kind is Kind.BINARY32 for kind in operation.operands)
    return floats and operation.result in (Kind.BINARY32, Kind.INT32, Kind.INT64)


class _Location(ctypes.Structure):
    """C's `Dl_info`: where an address comes from."""

    _fields_ = (
        ("file", ctypes.c_char_p),
        ("base", ctypes.c_void_p),
        ("symbol", ctypes.c_char_p),
        ("address", ctypes.c_void_p),
    )


@dataclass(frozen=True, slots=True)
class _Exports:
    """The symbols of the library itself; those of the libraries it was linked with are not."""

    library: ctypes.CDLL
    path: str

    def __contains__(self, symbol: str) -> bool:
        if not hasattr(self.library, symbol):
            return False
        location = _Location()
        address = ctypes.cast(getattr(self.library, symbol), ctypes.c_void_p)
        if not ctypes.CDLL(None).dladdr(address, ctypes.byref(location)) or not location.file:
            return False
        owner = Path(location.file.decode(errors="replace"))
        return owner.name == Path(self.path).name or owner.resolve() == Path(self.path).resolve()


def _symbol(exports: _Exports, name: str, *, asked: bool) -> str:
    spellings = [f"{name}f", *SPELLINGS.get(name, ()), name, f"f32_{name}"]
    if asked:
        spellings.append("f")
    return next((spelling for spelling in spellings if spelling in exports), "")


_RESULTS: dict[Kind, Any] = {
    Kind.BINARY32: _RawFloat,
    Kind.INT32: ctypes.c_int32,
    Kind.INT64: ctypes.c_int64,
}


def _function(operation: Operation, symbol: Any) -> Function:  # noqa: ANN401  ctypes is untyped
    symbol.restype = _RESULTS[operation.result]
    symbol.argtypes = [ctypes.c_float] * len(operation.operands)

    def run(mode: Mode, operands: Sequence[Array], environment: Environment) -> Answers:
        del environment
        columns = [operand.view(np.uint32).tolist() for operand in operands]
        with hardware_direction(mode):
            results = [
                symbol(*(_float(bits) for bits in row)) for row in zip(*columns, strict=True)
            ]
        if operation.result is Kind.BINARY32:
            return Answers([_bits(result) for result in results], None)
        array = np.array(results, HOST_TYPES[operation.result])
        return Answers(array.view(f"u{array.itemsize}").tolist(), None)

    letters = ", ".join("xyz"[: len(operation.operands)])
    return Function(
        run,
        f"library.{symbol.__name__}({letters})",
        in_range_only=operation.result is not Kind.BINARY32,
        modes=() if operation.result is Kind.BINARY32 else (Mode.RTZ,),
    )


def _float(bits: int) -> ctypes.c_float:
    return ctypes.c_float.from_buffer_copy(bits.to_bytes(4, "little"))


def _bits(value: ctypes.c_float) -> int:
    return int.from_bytes(bytes(value), "little")


_POINTER = ctypes.POINTER(ctypes.c_float)


def _reductions(exports: _Exports) -> dict[str, Callable[..., Array]]:
    """The reductions the library exports."""
    found: dict[str, Callable[..., Array]] = {}
    for name, operands in (("sum", 1), ("dot", 2)):
        if name in exports:
            symbol = getattr(exports.library, name)
            symbol.restype = _RawFloat
            symbol.argtypes = [_POINTER] * operands + [ctypes.c_size_t]
            found[name] = _reduction(symbol, operands)
    return found


def _reduction(symbol: Any, operands: int) -> Callable[..., Array]:  # noqa: ANN401
    def reduce(x: Array, y: Array) -> Array:
        arrays = [np.ascontiguousarray(array, np.float32) for array in (x, y)[:operands]]
        pointers = [array.ctypes.data_as(_POINTER) for array in arrays]
        bits = _bits(symbol(*pointers, x.size))
        return np.array(bits, np.uint32).view(np.float32)

    return reduce
