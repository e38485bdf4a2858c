"""The scalar functions compiled by numba, where numba is installed: same source, array loops.

numba is told to compile the very functions of this package where compiled code calls them; the
one function it reads differently is `bit_length`, which becomes a count of leading zeros.

Compiled loops are kept on disk by numba, under names that contain a fingerprint of this package's
sources: a loop of an older kernel is never found. Nothing is compiled before it is needed.
"""

import hashlib
import importlib
import importlib.util
from collections.abc import Callable
from functools import cache
from inspect import getmembers, isfunction
from pathlib import Path
from types import ModuleType
from typing import Any

from refsem.kernel import (
    accumulation,
    arithmetic,
    comparisons,
    division,
    formats,
    integral,
    nans,
    packing,
    steps,
)

SCALAR_MODULES = (
    packing,
    nans,
    arithmetic,
    division,
    integral,
    formats,
    comparisons,
    accumulation,
    steps,
)
OPTIONS = {"error_model": "numpy", "nogil": True}
"""No division here has a divisor 0, and no Python object is touched."""
RARE = (
    packing.deliver_tiny,
    packing.overflowed,
    packing.unpacked_subnormal,
    nans.propagate_one,
    nans.propagate,
    nans.propagate_three,
    arithmetic.add_special,
    arithmetic.fma_special,
    arithmetic.zero_plus,
    division.div_special,
    steps.run_step,
)
"""Functions reached too seldom to be copied into every loop, as all others are: copying lets the
compiler work out what depends on the format alone."""

Loop = Callable[..., None]


def available() -> bool:
    """Whether numba is installed."""
    return importlib.util.find_spec("numba") is not None


def scalar_functions() -> list[Callable[..., Any]]:
    """Every function of the scalar modules, in the order of their dependence."""
    return [
        function
        for module in SCALAR_MODULES
        for _, function in getmembers(module, isfunction)
        if function.__module__ == module.__name__
    ]


@cache
def fingerprint() -> str:
    """A digest of the sources of this package."""
    digest = hashlib.sha256()
    for path in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


@cache
def _numba() -> ModuleType:
    """The numba module, told about the scalar functions."""
    numba = importlib.import_module("numba")
    extending = importlib.import_module("numba.extending")

    @extending.intrinsic  # type: ignore[untyped-decorator]
    def leading_zeros(_context: object, _number: object) -> Any:  # noqa: ANN401
        def generate(_context: object, builder: Any, _signature: object, arguments: Any) -> Any:  # noqa: ANN401
            defined_at_zero = importlib.import_module("llvmlite.ir").Constant(
                importlib.import_module("llvmlite.ir").IntType(1), 0
            )
            return builder.ctlz(arguments[0], defined_at_zero)

        return numba.int64(numba.int64), generate

    @extending.overload(packing.bit_length, jit_options=OPTIONS, strict=False)  # type: ignore[untyped-decorator]
    def _bit_length(number: object) -> Callable[[int], int]:
        del number
        return lambda number: 64 - leading_zeros(number)

    for function in scalar_functions():
        if function is not packing.bit_length:
            copied = function not in RARE
            extending.register_jitable(forceinline=copied, **OPTIONS)(function)
    return numba


@cache
def compiled(template: Callable[[Callable[..., Any]], Loop], operation: Callable[..., Any]) -> Loop:
    """The loop that `template` makes of the operation, compiled when first called."""
    numba = _numba()
    loop = template(operation)
    loop.__qualname__ = f"{operation.__name__}_{fingerprint()}"
    try:
        result: Loop = numba.njit(cache=True, **OPTIONS)(loop)
    except RuntimeError:
        # There is nowhere to keep the compiled code: it is made anew in every process.
        result = numba.njit(**OPTIONS)(loop)
    return result
