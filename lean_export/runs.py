"""Runs as Lean: from a ledger's derivation to modules about one network over its boxes.

A run's modules are data and a line of proof a step: for each region of the property the network's
rows, its boxes and its theorems. What is announced closed is for Lean to accept. A large network is
cut into several modules, so that none needs much memory.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from lean_export.interval_boxes import IntegerBox
from lean_export.interval_theorem import CORE, interval_modules
from lean_export.layers import layers
from lean_export.theorems import Status
from refsem.certificates.derivation import Derivation, read_derivation
from refsem.errors import InputError
from refsem.exact import ExactTensor
from refsem.ir.affine import NotAffineError
from refsem.ir.evaluation import Prepared, prepare
from refsem.rules import BY_NAME, Rule
from refsem.rules.replay import ReplayError, replay
from refsem.rules.trace import Trace

START_SECONDS = 12
WORD_SECONDS = 0.0012
"""What an idle core of a laptop takes to start the packaged Lean, and to check one pattern."""


@dataclass(frozen=True, slots=True)
class RunProject:
    """What a run adds to a project."""

    core: tuple[str, ...]
    rules: tuple[Rule, ...]
    files: Mapping[str, str]
    theorems: Mapping[str, Status]
    seconds: float
    """How long a real Lean is expected to take over the run's own files."""


def run_project(ledger: Path) -> RunProject:
    """The project of a ledger's run; `InputError` where it cannot be exported, and why."""
    derivation = read_derivation(ledger)
    method = derivation.header.get("method", "")
    if method != "ibp":
        raise InputError(str(ledger), f"method {method!r}", "only `ibp` runs are exported so far")
    prepared = _replayed(derivation, str(ledger))
    network = layers(prepared, str(ledger))
    source = prepared.graph.inputs[0]
    about = _about(derivation)
    files: dict[str, str] = {}
    theorems: dict[str, Status] = {}
    for number, trace in enumerate(derivation.traces, 1):
        start = integer_box(*trace.regions[0].boxes[source])
        modules = interval_modules(network, start, number, about)
        for module in modules:
            files[module.path] = module.text
            theorems |= dict.fromkeys(module.theorems, Status.CLOSED)
    words = sum(layer.words for layer in network) * len(derivation.traces)
    seconds = START_SECONDS * len(files) + WORD_SECONDS * words
    return RunProject(CORE, _used_rules(derivation.traces), files, theorems, seconds)


def _replayed(derivation: Derivation, file: str) -> Prepared:
    """The prepared network, every Trace over it established; `InputError` where one is not."""
    try:
        prepared = prepare(derivation.graph)
        for trace in derivation.traces:
            replay(prepared, trace)
    except (NotAffineError, ReplayError, ValueError) as error:
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
