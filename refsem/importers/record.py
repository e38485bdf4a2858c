"""A verifier's run as a bounds file: its input box, and what it claims of each tensor, bit for bit.

The box is the hull of the property's boxes, every decimal rounded to the nearest float of the
verifier's format, as happens where a program reads it into an array: it need not contain the
property's box, and the audit says so where it does not. Ends of tensors are floats as the
verifier holds them; an infinite one on its outward side is no claim. What no bounds file can say,
NaN or an interval without a point, is left out and named.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import numpy as np
from gmpy2 import mpq

from refsem.certificates.bounds_file import FORMAT
from refsem.errors import InputError
from refsem.ir import Graph, load_model
from refsem.ir.floats import Array
from refsem.properties import Property, load_property
from refsem.rounding import BINARY32, BINARY64, Mode, round_to

_WORDS = {
    "float32": (BINARY32, np.uint32, np.float32, "b32:{:08x}"),
    "float64": (BINARY64, np.uint64, np.float64, "b64:{:016x}"),
}
"""Of a format of floats: the format, numpy's words and floats, and how a bounds file writes one."""

Ends = Mapping[str, tuple[Array, Array]]
"""Lower and upper ends of tensors, flat and row-major."""


@dataclass(frozen=True, slots=True, eq=False)
class Task:
    """What a verifier is asked to bound: a network over a box, in one format of floats."""

    model: Path
    graph: Graph
    floats: str
    """`float32` or `float64`."""
    lower: Array
    """The box as it is handed over: float64 arrays of values of that format, shape (inputs,)."""
    upper: Array

    @property
    def tensors(self) -> tuple[str, ...]:
        """The tensors that bounds may be about: neither the input nor constants."""
        besides = {*self.graph.constants, *self.graph.inputs}
        return tuple(node.name for node in self.graph.nodes if node.name not in besides)


@dataclass(frozen=True, slots=True, eq=False)
class Run:
    """What a verifier claims: its name and versions, how its steps are judged, its bounds."""

    producer: str
    method: str
    """A method of the bounds file: `ibp`, `crown` or `other`."""
    tensors: Ends


def read_task(model: Path, wanted: Path, floats: str) -> Task:
    """The network and the box in a format of floats; `InputError` where they do not fit."""
    graph, property_ = load_model(model), load_property(wanted)
    if len(graph.inputs) != 1:
        message = f"{len(graph.inputs)} inputs; bounds of networks of one input are imported"
        raise InputError(str(model), "", message)
    size = graph.node(graph.inputs[0]).size
    if size != property_.inputs:
        message = f"{property_.inputs} inputs; the network has {size}"
        raise InputError(str(wanted), "", message)
    return Task(model, graph, floats, *_hull(property_, floats, str(wanted)))


def _hull(property_: Property, floats: str, file: str) -> tuple[Array, Array]:
    """The ends of the least box around all of the property's, rounded to nearest."""
    columns = range(property_.inputs)
    lower = [min(case.lower[i] for case in property_.cases) for i in columns]
    upper = [max(case.upper[i] for case in property_.cases) for i in columns]
    return _nearest(lower, floats, file), _nearest(upper, floats, file)


def _nearest(ends: list[mpq], floats: str, file: str) -> Array:
    format_, words, kind, _ = _WORDS[floats]
    bits = [round_to(format_, Mode.RNE, end, 0) for end in ends]
    found = np.array(bits, words).view(kind).astype(np.float64)
    for index in np.flatnonzero(~np.isfinite(found)).tolist():
        raise InputError(file, f"X_{index}", f"the box is beyond the range of {floats}")
    return np.asarray(found)


def bounds_text(task: Task, run: Run) -> tuple[str, tuple[str, ...]]:
    """The bounds file of a run, and for each tensor that is left out why."""
    sound = {name: _complaint(*run.tensors[name]) for name in task.tensors if name in run.tensors}
    left_out = tuple(f"{name}: {words}" for name, words in sound.items() if words is not None)
    document = {
        "format": FORMAT,
        "model_sha256": sha256(task.model.read_bytes()).hexdigest(),
        "producer": run.producer,
        "method": run.method,
        "input": _entry(task.floats, task.lower, task.upper),
        "tensors": {
            name: _entry(task.floats, *run.tensors[name])
            for name, words in sound.items()
            if words is None
        },
    }
    return json.dumps(document, indent=1) + "\n", left_out


def _complaint(lower: Array, upper: Array) -> str | None:
    """What no bounds file can say about a tensor; None where there is nothing of the kind."""
    for index, (low, high) in enumerate(zip(lower.tolist(), upper.tolist(), strict=True)):
        if not (low <= high and low < np.inf and high > -np.inf):
            return f"entry {index} is said to lie in [{low!r}, {high!r}]"
    return None


def _entry(floats: str, lower: Array, upper: Array) -> dict[str, list[str]]:
    _, words, kind, written = _WORDS[floats]
    return {
        side: [
            written.format(word) if np.isfinite(end) else ("inf" if end > 0 else "-inf")
            for end, word in zip(ends.tolist(), ends.astype(kind).view(words).tolist(), strict=True)
        ]
        for side, ends in (("lower", lower), ("upper", upper))
    }
