"""Runs as Lean: from a ledger's derivation to modules about one network over its boxes.

A run's modules are data and a line of proof a step: for each region of the property the network's
rows, its boxes and its theorems. What is announced closed is for Lean to accept. A large network is
cut into several modules, so that none needs much memory.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from lean_export import crown_theorem, interval_theorem
from lean_export.crown_boxes import GREATEST_SLOPE, SLOPE_ONE, Slopes
from lean_export.crown_theorem import crown_modules, depths, pushes
from lean_export.interval_boxes import IntegerBox
from lean_export.interval_theorem import interval_modules
from lean_export.layers import Layer, layers
from lean_export.run_text import namespace
from lean_export.theorems import Status
from refsem.certificates.derivation import Derivation, read_derivation
from refsem.errors import InputError
from refsem.exact import ExactTensor
from refsem.ir.evaluation import Prepared, prepare
from refsem.rules import BY_NAME, Rule
from refsem.rules.replay import replay
from refsem.rules.trace import Trace

START_SECONDS = 12
WORD_SECONDS = 0.0012
PUSH_SECONDS = 0.0008
"""What an idle core of a laptop takes to start the packaged Lean, to check one pattern, and to push
the coefficients of the forms of a layer back through one weight."""


@dataclass(frozen=True, slots=True)
class RegionRun:
    """One region of a run: the layers, the input box, the slopes, and the output box proved."""

    namespace: str
    network: tuple[Layer, ...]
    start: IntegerBox
    slopes: tuple[Slopes, ...]
    output: IntegerBox


@dataclass(frozen=True, slots=True)
class TreeRun:
    """One region of a split tree: its namespace and its box."""

    namespace: str
    start: IntegerBox


@dataclass(frozen=True, slots=True)
class RunProject:
    """What a run adds to a project."""

    core: tuple[str, ...]
    rules: tuple[Rule, ...]
    files: Mapping[str, str]
    theorems: Mapping[str, Status]
    regions: tuple[RegionRun, ...]
    seconds: float
    """How long a real Lean is expected to take over the run's own files."""
    trees: tuple[TreeRun, ...] = ()


_CORES = {"ibp": interval_theorem.CORE, "crown": crown_theorem.CORE}
"""The hand-written files on which the theorems of a method rest."""


def run_project(ledger: Path) -> RunProject:
    """The project of a ledger's run; `InputError` where it cannot be exported, and why."""
    derivation, file = read_derivation(ledger), str(ledger)
    method = derivation.header.get("method", "")
    if method not in _CORES:
        raise InputError(file, f"method {method!r}", f"only {', '.join(_CORES)} are exported")
    prepared = _replayed(derivation, file)
    network = layers(prepared, file)
    files: dict[str, str] = {}
    theorems: dict[str, Status] = {}
    regions = []
    for number, trace in enumerate(derivation.traces, 1):
        start = integer_box(*trace.regions[0].boxes[prepared.graph.inputs[0]])
        slopes = tuple(_slopes(trace, layer) for layer in network)
        about = _about(derivation)
        modules, output = (
            interval_modules(network, start, number, about)
            if method == "ibp"
            else crown_modules(network, start, slopes, number, about)
        )
        files |= {module.path: module.text for module in modules}
        theorems |= {name: Status.CLOSED for module in modules for name in module.theorems}
        regions.append(RegionRun(namespace(number), network, start, slopes, output))
    used = _used_rules(derivation.traces)
    seconds = START_SECONDS * len(files) + len(regions) * _seconds(network, method)
    return RunProject(_CORES[method], used, files, theorems, tuple(regions), seconds)


def _seconds(network: Sequence[Layer], method: str) -> float:
    words = WORD_SECONDS * sum(layer.words for layer in network)
    return words if method == "ibp" else words + PUSH_SECONDS * pushes(network, depths(network))


def _slopes(trace: Trace, layer: Layer) -> Slopes:
    """The slopes chosen for a layer's lines; 1 where there are none, as without a ReLU."""
    chosen = {
        "relu_lower": [SLOPE_ONE] * len(layer.rows),
        "relu_upper": [SLOPE_ONE] * len(layer.rows),
    }
    if layer.relu:
        for application in trace.applications:
            if application.node == layer.node and application.rule in chosen:
                values = application.chosen["s"].rationals()
                chosen[application.rule] = [
                    min(max(int(value * SLOPE_ONE), 0), GREATEST_SLOPE) for value in values
                ]
    return list(zip(chosen["relu_lower"], chosen["relu_upper"], strict=True))


def _replayed(derivation: Derivation, file: str) -> Prepared:
    """The prepared network, every Trace over it established; `InputError` where one is not."""
    try:
        prepared = prepare(derivation.graph)
        for trace in derivation.traces:
            replay(prepared, trace)
    except ValueError as error:
        raise InputError(file, "derivation", f"does not replay: {error}") from error
    return prepared


def _used_rules(traces: Iterable[Trace]) -> tuple[Rule, ...]:
    names = {application.rule for trace in traces for application in trace.applications}
    return tuple(rule for name, rule in BY_NAME.items() if name in names)


def _about(derivation: Derivation) -> str:
    header = derivation.header
    parts = (header.get(name, "?") for name in ("model", "model_sha256", "property"))
    return "Network {} (SHA-256 {}), property {}.".format(*parts)


def integer_box(lower: ExactTensor, upper: ExactTensor) -> IntegerBox:
    """The box over the common denominator of its ends."""
    ends = [*lower.rationals(), *upper.rationals()]
    scale = ExactTensor.from_rationals(ends).denominator
    numerators = [int(value * scale) for value in ends]
    middle = len(numerators) // 2
    return IntegerBox(scale, tuple(zip(numerators[:middle], numerators[middle:], strict=True)))
