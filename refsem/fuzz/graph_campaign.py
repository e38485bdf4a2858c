"""A whole graph fuzzed: a runtime's outputs beside the executions the graph permits.

Inputs are drawn by class from the seed: zeros, small integers, full significands, values far apart,
subnormals. A mismatch (an output that no order of the sums gives, or none that is a number) is
shrunk by putting zeros and short numbers into the inputs.
"""

import importlib
import importlib.util
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache, partial
from hashlib import sha256
from pathlib import Path
from random import Random

import numpy as np

from refsem.errors import InputError
from refsem.fuzz.division import (
    Batch,
    Budget,
    Course,
    Hands,
    Place,
    concluded,
    divided,
    follow,
)
from refsem.fuzz.graphs import MayOverflowError, check_supported, executions
from refsem.fuzz.guarded import Report
from refsem.fuzz.simpler import Inputs, complexity, simple
from refsem.ir import Graph, load_model
from refsem.kernel.loops import Array
from refsem.rounding import BINARY32, exact_value

Runtime = Callable[[Mapping[str, Array]], Mapping[str, Array]]
"""The outputs of a graph by name, for its inputs, all in float32."""

ONE, INFINITY, MAGNITUDE = 0x3F800000, 0x7F800000, 0x7FFFFFFF
BATCH = 16
WORTH_A_PROCESS = 1_000
"""Cases from which starting processes pays."""


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


@dataclass(frozen=True, slots=True)
class GraphPlan:
    """Everything that decides what a campaign on a graph asks."""

    path: str
    sha256: str
    """Of the model file."""
    seed: int


def plan_of(path: str, seed: int) -> GraphPlan:
    """The plan for a model file; `InputError` where it has no graph that can be fuzzed."""
    check_supported(load_model(Path(path)), path)
    return GraphPlan(path, sha256(Path(path).read_bytes()).hexdigest(), seed)


def fuzz_model(
    plan: GraphPlan,
    budget: Budget,
    start: Course[GraphFinding],
    processes: int,
    patience: float,
    progress: Report,
) -> Course[GraphFinding]:
    """The model file in onnxruntime against the executions its graph permits, continued.

    Raises `InputError` where onnxruntime cannot be had, refuses the model, or gives no answer.
    """
    place = Place(plan.path, False, processes, WORTH_A_PROCESS, patience)
    check = partial(loaded, plan)
    return divided(_run, (plan, budget, start), budget, place, check, progress)


def _run(
    hands: Hands, plan: GraphPlan, budget: Budget, start: Course[GraphFinding]
) -> Course[GraphFinding]:
    course = follow(hands, partial(run_batch, plan), (BATCH,), start, budget, simplest)
    if not course.findings:
        return course
    shrunk = concluded(hands, shrink_findings, plan, course.findings)
    return replace(course, findings=shrunk)


@cache
def loaded(plan: GraphPlan) -> tuple[Graph, Runtime]:
    """The graph and its runtime, loaded once in a process."""
    return load_model(Path(plan.path)), onnxruntime_runtime(plan.path)


def run_batch(plan: GraphPlan, number: int, limit: int) -> Batch[GraphFinding]:
    """The batch of that number, of `limit` cases."""
    return ask(*loaded(plan), plan.seed, number, limit)


def ask(graph: Graph, runtime: Runtime, seed: int, number: int, limit: int) -> Batch[GraphFinding]:
    """A runtime against the executions the graph permits; overflowing inputs are not counted."""
    checked, found = 0, []
    for case in range(number * BATCH, number * BATCH + limit):
        try:
            finding = judge(graph, runtime, draw(graph, seed, case))
        except MayOverflowError:
            continue
        checked += 1
        if finding is not None:
            found.append(finding)
    return Batch(checked, len(found), simplest(tuple(found)))


def simplest(findings: tuple[GraphFinding, ...]) -> tuple[GraphFinding, ...]:
    """The simplest finding, if there is one."""
    return () if not findings else (min(findings, key=_complexity),)


def _complexity(finding: GraphFinding) -> int:
    return complexity({name: np.array(row, np.uint32) for name, row in finding.inputs})


def shrink_findings(
    plan: GraphPlan, findings: tuple[GraphFinding, ...]
) -> tuple[GraphFinding, ...]:
    """The findings with zeros and short numbers in as many places as keep them findings."""
    graph, runtime = loaded(plan)
    return tuple(shrunk(graph, runtime, finding) for finding in findings)


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
    fitting = {name: len(patterns) for name, patterns in finding.inputs}
    if fitting != {name: graph.node(name).size for name in graph.inputs}:
        raise InputError("", finding.output, "a recorded finding does not fit the graph's inputs")
    return {
        name: np.array(patterns, np.uint32).reshape(graph.node(name).shape)
        for name, patterns in finding.inputs
    }


def shrunk(graph: Graph, runtime: Runtime, finding: GraphFinding) -> GraphFinding:
    """The finding with zeros and short numbers in as many places as keep it one."""

    def judged(inputs: Inputs) -> GraphFinding | None:
        try:
            return judge(graph, runtime, inputs)
        except MayOverflowError:
            return None

    inputs = simple(_arrays(graph, finding), lambda inputs: judged(inputs) is not None)
    return judged(inputs) or finding
