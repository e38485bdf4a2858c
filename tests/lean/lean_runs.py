"""Runs for the tests of their export: a network, a box, an audit, its ledger."""

from collections.abc import Sequence
from pathlib import Path

import builders
from claim_files import write_property

from refsem.audit.network import audit_network, silent
from refsem.certificates.derivation import KEY, derivation_object
from refsem.ir import load_model
from refsem.ir.evaluation import prepare
from refsem.obligations.ledger import write_ledger
from refsem.properties import load_property
from refsem.rules.propagation import Method

UNSAFE = "(assert (>= Y_0 1000))"


def random_model(folder: Path, widths: Sequence[int], seed: int) -> Path:
    """A chain of affine layers and ReLUs with random binary32 weights."""
    layers = builders.random_layers(widths, seed=seed, kind="binary32")
    return builders.sequential(folder / "m.onnx", layers)


def ledger_of(
    model: Path, lower: Sequence[object], upper: Sequence[object], method: str, unsafe: str = UNSAFE
) -> Path:
    """The ledger of an audit of a model over a box."""
    graph = load_model(model)
    size = graph.node(graph.outputs[0]).size
    place = write_property(model.parent / "p.vnnlib", lower, upper, unsafe, outputs=size)
    return audited(model.parent, model, place, method)


def audited(folder: Path, model: Path, place: Path, method: str) -> Path:
    """The ledger, in a folder, of an audit of a model over a property."""
    prepared = prepare(load_model(model))
    found = audit_network(prepared, load_property(place), Method(method), silent)
    traces = tuple(region.propagation.replay.trace() for region in found.regions)
    names = {"model": model.name, "model_sha256": "0", "property": place.name, "method": method}
    path = folder / f"{method}.jsonl"
    header = names | {KEY: derivation_object(prepared.graph, traces)}
    write_ledger(path, header, found.records)
    return path
