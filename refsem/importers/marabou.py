"""Marabou's bounds of a network: of every variable its ONNX parser gave to a tensor.

The bounds are those of `calculateBounds`, after preprocessing and one round of tightening, in
doubles. Its parser says which variables a tensor has. Tightening goes forward and backward, so its
steps are no interval propagation: the file's method is `other`, and its endpoints are judged.
"""

import os
import warnings
from importlib import import_module
from typing import Any

import numpy as np

from refsem.errors import InputError
from refsem.importers.record import Ends, Run, Task

NAME = "marabou"

STRATEGIES = ("deeppoly", "sbt", "none")
"""Symbolic tightening the library offers, by its own names; the first is its default."""


def strategy_of(text: str) -> str:
    """The symbolic tightening asked for; `InputError` if there is no such."""
    if text and text not in STRATEGIES:
        message = f"{text!r} is no tightening; there are {', '.join(STRATEGIES)}"
        raise InputError("", f"{NAME}:{text}", message)
    return text or STRATEGIES[0]


def run(task: Task, strategy: str) -> Run:
    """The bounds of one run; `InputError` where maraboupy is absent or refuses the network."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            marabou = import_module("maraboupy.Marabou")
            reader = import_module("maraboupy.MarabouNetworkONNX")
    except Exception as error:
        message = f"cannot be imported: {type(error).__name__}: {error}"
        raise InputError("", NAME, message) from error
    try:
        variables, found = _bounds(marabou, reader, task, strategy)
    except Exception as error:
        message = f"{NAME} refuses: {type(error).__name__}: {error}"
        raise InputError(str(task.model), "", message) from error
    if not found:
        raise InputError(str(task.model), "", f"{NAME} says that the box has no point")
    version = import_module("importlib.metadata").version("maraboupy")
    producer = f"Marabou {version}, symbolic tightening {strategy}, float64"
    return Run(producer, "other", _ends(task, variables, found))


def _bounds(
    marabou: Any,  # noqa: ANN401  foreign modules
    reader: Any,  # noqa: ANN401
    task: Task,
    strategy: str,
) -> tuple[dict[str, Any], dict[int, tuple[float, float]]]:
    """The variables of every tensor the parser knows, and the bounds of every variable."""
    graph = reader.onnx.load(str(task.model)).graph
    network = reader.MarabouNetwork()
    parser = reader.ONNXParser(network, graph, list(task.graph.inputs), list(task.graph.outputs))
    parser.parseGraph()
    source = parser.varMap[task.graph.inputs[0]].ravel().tolist()
    for variable, low, high in zip(source, task.lower, task.upper, strict=True):
        network.setLowerBound(variable, float(low))
        network.setUpperBound(variable, float(high))
    options = marabou.createOptions(verbosity=0, tighteningStrategy=strategy)
    _, found, _ = network.calculateBounds(filename=os.devnull, verbose=False, options=options)
    return parser.varMap, found


def _ends(task: Task, variables: dict[str, Any], found: dict[int, tuple[float, float]]) -> Ends:
    ends = {}
    for name in task.tensors:
        if name in variables:
            pairs = [found[variable] for variable in variables[name].ravel().tolist()]
            low, high = np.array(pairs, np.float64).reshape(-1, 2).T
            ends[name] = np.ascontiguousarray(low), np.ascontiguousarray(high)
    return ends
