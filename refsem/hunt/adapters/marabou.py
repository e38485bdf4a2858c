"""Marabou, through maraboupy, as a producer of interval bounds: one query for each box.

The bounds are those `calculateBounds` gives for the output variable of one constraint. Where it
says that a box has no point at all, what it claims is infinite on the wrong side. About a box for
which it raises it claims nothing; where it raises for all of many boxes, that is an error.
"""

import os
import warnings
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

import numpy as np

from refsem.errors import InputError
from refsem.hunt.adapters import REFUSED_ALL
from refsem.ir.floats import Array

NAME = "marabou"
Constrain = Callable[[Any, Any, list[int], int, Mapping[str, float]], None]

_CONSTRAINTS: Mapping[str, Constrain] = {
    "relu": lambda core, query, x, f, _: core.addReluConstraint(query, x[0], f),
    "leaky_relu": lambda core, query, x, f, a: core.addLeakyReluConstraint(
        query, x[0], f, a["alpha"]
    ),
    "abs": lambda core, query, x, f, _: core.addAbsConstraint(query, x[0], f),
    "clip": lambda core, query, x, f, a: core.addClipConstraint(
        query, x[0], f, a["low"], a["high"]
    ),
    "sigmoid": lambda core, query, x, f, _: core.addSigmoidConstraint(query, x[0], f),
    "mul": lambda core, query, x, f, _: core.addBilinearConstraint(query, x[0], x[1], f),
    "max": lambda core, query, x, f, _: core.addMaxConstraint(query, set(x), f),
    "max_pool": lambda core, query, x, f, _: core.addMaxConstraint(query, set(x), f),
}


def marabou() -> Callable[..., dict[str, Array]]:
    """The producer; `InputError` where maraboupy does not import."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            core = import_module("maraboupy.MarabouCore")
    except Exception as error:
        message = f"cannot be imported: {type(error).__name__}: {error}"
        raise InputError("", NAME, message) from error

    def bounds(op: str, lower: Array, upper: Array, **attributes: float) -> dict[str, Array]:
        if op not in _CONSTRAINTS:
            names = ", ".join(_CONSTRAINTS)
            raise InputError("", f"{NAME} {op}", f"no adapter; there are {names}")
        found, refusals = [], []
        for low, high in zip(lower.T.tolist(), upper.T.tolist(), strict=True):
            try:
                found.append(_of_box(core, _CONSTRAINTS[op], low, high, attributes))
            except RuntimeError as error:
                refusals.append(error)
                found.append((-np.inf, np.inf))
        if len(refusals) == len(found) >= REFUSED_ALL:
            raise InputError("", f"{NAME} {op}", f"refuses every box: {refusals[-1]}")
        low, high = np.array(found, np.float64).reshape(-1, 2).T
        return {"lower": low, "upper": high}

    return bounds


def _of_box(
    core: Any,  # noqa: ANN401  a foreign module
    constrain: Constrain,
    lower: list[float],
    upper: list[float],
    attributes: Mapping[str, float],
) -> tuple[float, float]:
    query = core.InputQuery()
    output = len(lower)
    query.setNumberOfVariables(output + 1)
    for variable, (low, high) in enumerate(zip(lower, upper, strict=True)):
        query.setLowerBound(variable, low)
        query.setUpperBound(variable, high)
        query.markInputVariable(variable, variable)
    query.markOutputVariable(output, 0)
    constrain(core, query, list(range(output)), output, attributes)
    options = core.Options()
    options._verbosity = 0  # noqa: SLF001  Marabou's own name
    _, found, _ = core.calculateBounds(query, options, os.devnull)
    low, high = found.get(output, (np.inf, -np.inf))
    return float(low), float(high)
