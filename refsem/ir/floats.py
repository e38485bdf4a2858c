"""Terms over arrays of host floats: fast, rounded, and never believed.

It says where to look: which points of a box are worth exact evaluation. Everything it gives is a
proposal. Where a function has no host implementation here its values are taken from enclosures.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from gmpy2 import mpq

from refsem.exact.functions import Function, NotEnclosed, enclose
from refsem.ir.terms import Operator, Term, fold

Array = npt.NDArray[np.float64]

_ARITHMETIC: Mapping[Operator, Callable[..., Any]] = {
    Operator.ADD: np.add,
    Operator.SUB: np.subtract,
    Operator.MUL: np.multiply,
    Operator.DIV: np.divide,
    Operator.NEG: np.negative,
    Operator.MIN: np.minimum,
    Operator.MAX: np.maximum,
    Operator.ABS: np.abs,
    Operator.SELECT: lambda a, b, x, y: np.where(a <= b, x, y),
}
_FUNCTIONS: Mapping[Function, Callable[[Array], Any]] = {
    Function.EXP: np.exp,
    Function.EXPM1: np.expm1,
    Function.EXP2: np.exp2,
    Function.LOG: np.log,
    Function.LOG1P: np.log1p,
    Function.LOG2: np.log2,
    Function.LOG10: np.log10,
    Function.SIN: np.sin,
    Function.COS: np.cos,
    Function.TAN: np.tan,
    Function.ATAN: np.arctan,
    Function.SINH: np.sinh,
    Function.COSH: np.cosh,
    Function.TANH: np.tanh,
    Function.SIGMOID: lambda x: 1 / (1 + np.exp(-x)),
    Function.SOFTPLUS: lambda x: np.logaddexp(0, x),
    Function.SQRT: np.sqrt,
    Function.ERF: np.vectorize(math.erf, otypes=[np.float64]),
    Function.ERFC: np.vectorize(math.erfc, otypes=[np.float64]),
    Function.FLOOR: np.floor,
    Function.CEIL: np.ceil,
    Function.ROUND: np.rint,
    Function.TRUNC: np.trunc,
}


@dataclass(frozen=True, slots=True)
class Floats:
    """Terms over float64 arrays bound to the variables."""

    values: Mapping[str, Array]

    def constant(self, value: mpq) -> Array:
        """The nearest float64, or an infinity."""
        return np.array(to_float(value))

    def variable(self, name: str) -> Array:
        """The array bound to the variable."""
        return self.values[name]

    def apply(self, operator: Operator, arguments: tuple[Array, ...]) -> Array:
        """Rounded arithmetic, entry by entry; what is invalid becomes NaN."""
        return np.asarray(_ARITHMETIC[operator](*arguments), np.float64)

    def function(self, function: Function, argument: Array) -> Array:
        """The host's function, or the lower ends of enclosures."""
        host = _FUNCTIONS.get(function)
        if host is not None:
            return np.asarray(host(argument), np.float64)
        flat = [_enclosed(function, float(value)) for value in argument.ravel()]
        return np.array(flat, np.float64).reshape(argument.shape)


def _enclosed(function: Function, value: float) -> float:
    if not math.isfinite(value):
        return math.nan
    found = enclose(function, mpq(value), 53)
    return math.nan if isinstance(found, NotEnclosed) else to_float(found.lower)


def to_float(value: mpq) -> float:
    """A float near the number: an infinity where it is too large."""
    try:
        return float(value)
    except OverflowError:
        return math.copysign(math.inf, value)


def evaluate_floats(root: Term, values: Mapping[str, Array]) -> Array:
    """The term at arrays of one shape, roughly; NaN or an infinity where floats do not reach."""
    with np.errstate(all="ignore"):
        return np.broadcast_to(fold(root, Floats(values)), next(iter(values.values())).shape)
