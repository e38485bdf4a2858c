"""A whole graph fuzzed: a runtime's outputs beside the executions the graph permits.

Inputs are drawn by class from the seed: zeros, small integers, full significands, values far apart,
subnormals. A mismatch (an output that no order of the sums gives, or none that is a number) is
shrunk by putting zeros and short numbers into the inputs.
"""

import importlib
import importlib.util
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from random import Random

import numpy as np

from refsem.errors import InputError
from refsem.fuzz.campaign import Budget
from refsem.fuzz.graphs import MayOverflowError, check_supported, executions
from refsem.fuzz.guarded import Report
from refsem.fuzz.simpler import Inputs, complexity, simple
from refsem.ir import Graph, load_model
from refsem.kernel.loops import Array
from refsem.rounding import BINARY32, exact_value

Runtime = Callable[[Mapping[str, Array]], Mapping[str, Array]]
"""The outputs of a graph by name, for its inputs, all in float32."""

ONE, INFINITY, MAGNITUDE = 0x3F800000, 0x7F800000, 0x7FFFFFFF


@dataclass(frozen=True, slots=True)
class GraphFinding:
    """Inputs, as patterns, and one output entry that no permitted execution has."""

    inputs: tuple[tuple[str, tuple[int, ...]], ...]
    output: str
    index: int
    got: int
    lower: str
    upper: str
    """Exact fractions."""


@dataclass(frozen=True, slots=True)
class GraphFound:
    """What a campaign on a graph gave."""

    checked: int
    mismatches: int
    smallest: GraphFinding | None


def onnxruntime_runtime(path: str) -> Runtime:
    """The model in onnxruntime, its optimiser off; `InputError` where that cannot be."""
    if importlib.util.find_spec("onnxruntime") is None:
        raise InputError("", "onnxruntime", "onnxruntime is not installed")
    runtime = importlib.import_module("onnxruntime")
    options = runtime.SessionOptions()
    options.graph_optimization_level = runtime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.log_severity_level = 4
    try:
        session = runtime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    except Exception as error:
        reason = str(error).splitlines()[0]
        raise InputError(path, "", f"onnxruntime refuses it: {reason}") from error
    names = [output.name for output in session.get_outputs()]

    def run(inputs: Mapping[str, Array]) -> Mapping[str, Array]:
        return dict(zip(names, session.run(names, dict(inputs)), strict=True))

    return run


def fuzz_model(path: str, seed: int, budget: Budget, progress: Report) -> GraphFound:
    """The model file in onnxruntime against the executions its graph permits."""
    graph = load_model(Path(path))
    check_supported(graph, path)
    return fuzz_graph(graph, onnxruntime_runtime(path), seed, budget, progress)


def fuzz_graph(
    graph: Graph, runtime: Runtime, seed: int, budget: Budget, progress: Report
) -> GraphFound:
    """A runtime against the executions the graph permits; overflowing inputs are not counted."""
    deadline = None if budget.seconds is None else time.monotonic() + budget.seconds
    checked = mismatches = number = 0
    found: list[GraphFinding] = []
    while budget.count is None or number < budget.count:
        if deadline is not None and time.monotonic() >= deadline:
            break
        inputs = draw(graph, seed, number)
        number += 1
        try:
            finding = judge(graph, runtime, inputs)
        except MayOverflowError:
            continue
        checked += 1
        if finding is not None:
            mismatches += 1
            found.append(finding)
        progress(f"{mismatches} mismatches", checked, budget.count or 0)
    if not found:
        return GraphFound(checked, mismatches, None)
    simplest = min(found, key=lambda finding: complexity(_arrays(graph, finding)))
    smallest = _shrunk(graph, runtime, simplest)
    return GraphFound(checked, mismatches, smallest)


def draw(graph: Graph, seed: int, number: int) -> dict[str, Array]:
    """The inputs of one case."""
    source = Random(f"graph {seed} {number}")  # noqa: S311  repeatable, not secret
    style = number % 4
    drawn = {}
    for name in graph.inputs:
        node = graph.node(name)
        bits = [_entry(source, style) for _ in range(node.size)]
        drawn[name] = np.array(bits, np.uint32).reshape(node.shape)
    return drawn


def _entry(source: Random, style: int) -> int:
    """One finite pattern: small whole numbers, full significands, wide exponents, tiny ones."""
    sign = source.getrandbits(1) << 31
    if source.randrange(8) == 0:
        return sign
    field = {0: 127, 1: source.randint(120, 130), 2: source.randint(90, 145), 3: 0}[style]
    trailing = source.getrandbits(2) << 21 if style == 0 else source.getrandbits(23)
    return sign | field << 23 | trailing


def judge(graph: Graph, runtime: Runtime, inputs: Mapping[str, Array]) -> GraphFinding | None:
    """The first output entry that no permitted execution has, if there is one.

    Raises `MayOverflowError` where nothing can be said.
    """
    permitted = executions(graph, inputs)
    with np.errstate(all="ignore"):
        answers = runtime({name: bits.view(np.float32) for name, bits in inputs.items()})
    for name, between in permitted.items():
        got = np.asarray(answers[name], np.float32).view(np.uint32).reshape(-1)
        lower, upper = between.lower.reshape(-1), between.upper.reshape(-1)
        for index, bits in enumerate(got.tolist()):
            finite = bits & MAGNITUDE < INFINITY
            if finite and lower[index] <= exact_value(BINARY32, bits) <= upper[index]:
                continue
            patterns = tuple(
                (key, tuple(value.reshape(-1).tolist())) for key, value in inputs.items()
            )
            ends = str(lower[index]), str(upper[index])
            return GraphFinding(patterns, name, index, bits, *ends)
    return None


def _arrays(graph: Graph, finding: GraphFinding) -> Inputs:
    return {
        name: np.array(patterns, np.uint32).reshape(graph.node(name).shape)
        for name, patterns in finding.inputs
    }


def _shrunk(graph: Graph, runtime: Runtime, finding: GraphFinding) -> GraphFinding:
    """The finding with zeros and short numbers in as many places as keep it one."""

    def judged(inputs: Inputs) -> GraphFinding | None:
        try:
            return judge(graph, runtime, inputs)
        except MayOverflowError:
            return None

    inputs = simple(_arrays(graph, finding), lambda inputs: judged(inputs) is not None)
    return judged(inputs) or finding
