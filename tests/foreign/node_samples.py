"""Small graphs in TorchLean's format, and certificates about them, for tests."""

import json
from pathlib import Path
from typing import Any

import numpy as np
from gmpy2 import mpq

from refsem.certificates.node_files import NodeKind
from refsem.certificates.node_graph import load_node_graph
from refsem.certificates.node_writer import certificate_text
from refsem.exact import ExactTensor

Document = dict[str, Any]


def graph_file(path: Path, widths: tuple[int, ...], seed: int) -> Path:
    """A chain of linear layers and ReLUs with random binary32 parameters."""
    source = np.random.default_rng(seed)
    nodes: list[Document] = [node(0, "input", [], widths[0])]
    for outputs in widths[1:]:
        inputs, last = nodes[-1]["shape"][0], len(nodes) - 1
        weight = source.normal(size=(outputs, inputs)).astype(np.float32).astype(float).tolist()
        bias = source.normal(size=outputs).astype(np.float32).astype(float).tolist()
        linear = node(last + 1, "linear", [last], outputs) | {"weight": weight, "bias": bias}
        nodes += [linear, node(last + 2, "relu", [last + 1], outputs)]
    del nodes[-1]
    return graph_document(path, nodes)


def node(identity: int, kind: str, parents: list[int], size: int) -> Document:
    return {"id": identity, "kind": kind, "parents": parents, "shape": [size]}


def graph_document(path: Path, nodes: list[Document]) -> Path:
    document = {"format": "torchlean.ir.v1", "input_id": 0, "output_id": len(nodes) - 1}
    path.write_text(json.dumps(document | {"nodes": nodes}))
    return path


def certificate(model: Path, kind: NodeKind, lower: str = "-0.3", upper: str = "0.7") -> Document:
    """Our own certificate over the box with these ends in every coordinate."""
    graph = load_node_graph(model)
    size = graph.size(0)
    ends = [ExactTensor.from_rationals([mpq(end)] * size, (1, size)) for end in (lower, upper)]
    document: Document = json.loads(certificate_text(graph, (ends[0], ends[1]), kind))
    return document
