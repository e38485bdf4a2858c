"""Other people's runs of an ONNX model: onnxruntime, else the reference evaluator of onnx."""

import importlib
import importlib.util
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx.reference import ReferenceEvaluator

Array = NDArray[Any]
Runtime = Callable[[Mapping[str, Array]], Mapping[str, Array]]

# Versions that neither runs rightly, as the version that says the same with other attributes.
_SAME_LATER: Mapping[str, tuple[range, int, frozenset[str]]] = {
    "Relu": (range(1, 6), 6, frozenset()),
    "AveragePool": (range(1, 7), 7, frozenset()),
    "Concat": (range(1, 4), 4, frozenset()),
    "Dropout": (range(1, 7), 7, frozenset({"is_test"})),
    "BatchNormalization": (range(1, 7), 9, frozenset({"is_test", "spatial"})),
}

HERE = importlib.util.find_spec("onnxruntime") is not None


class RefusedError(Exception):
    """A model that this runtime does not take."""


def by_onnxruntime(made: onnx.ModelProto) -> Runtime:
    """The model in onnxruntime on one thread, its optimiser off."""
    runtime = importlib.import_module("onnxruntime")
    options = runtime.SessionOptions()
    options.graph_optimization_level = runtime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.log_severity_level = 4
    options.intra_op_num_threads = 1
    try:
        content = made.SerializeToString()
        session = runtime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    except Exception as error:
        raise RefusedError(str(error).splitlines()[0]) from error
    names = [output.name for output in session.get_outputs()]

    def run(inputs: Mapping[str, Array]) -> Mapping[str, Array]:
        try:
            return dict(zip(names, session.run(names, dict(inputs)), strict=True))
        except Exception as error:
            raise RefusedError(str(error).splitlines()[0]) from error

    return run


def by_reference(made: onnx.ModelProto) -> Runtime:
    """The model in the reference evaluator."""
    try:
        evaluator = ReferenceEvaluator(made)
    except Exception as error:
        raise RefusedError(str(error)) from error

    def run(inputs: Mapping[str, Array]) -> Mapping[str, Array]:
        names = [output.name for output in made.graph.output]
        try:
            with np.errstate(all="ignore"):
                results = evaluator.run(None, dict(inputs))
        except Exception as error:
            raise RefusedError(str(error)) from error
        return dict(zip(names, map(np.asarray, results), strict=True))

    return run


def as_later(made: onnx.ModelProto) -> onnx.ModelProto:
    """The model at an operator set that runs, where its own is too old."""
    (last,) = made.opset_import
    later = onnx.ModelProto()
    later.CopyFrom(made)
    for node in later.graph.node:
        old, version, gone = _SAME_LATER.get(node.op_type, (range(0), 0, frozenset()))
        if last.version in old:
            later.opset_import[0].version = version
            kept = [attribute for attribute in node.attribute if attribute.name not in gone]
            del node.attribute[:]
            if node.op_type == "Concat" and not kept:
                kept = [onnx.helper.make_attribute("axis", 1)]
            node.attribute.extend(kept)
    return later


def run_outside(made: onnx.ModelProto, point: Mapping[str, Array]) -> Mapping[str, Array]:
    """The outputs by the first that takes the model: onnxruntime, if it is here, comes first."""
    later = as_later(made)
    for runtime in (by_onnxruntime, by_reference) if HERE else (by_reference,):
        try:
            return runtime(later)(point)
        except RefusedError:
            continue
    raise RefusedError("nobody runs this model")
