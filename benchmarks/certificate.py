"""Checking a node-wise certificate of about 10 MB: CPU seconds and peak memory.

The bar: at most 10 s and 1 GB. The certificate is our own, of a random chain 200-256-256-10 with
affine forms in 200 inputs; what is timed is reading and recomputing it, model included.
"""

import json
import resource
import tempfile
import time
from itertools import pairwise
from pathlib import Path

import numpy as np
from gmpy2 import mpq

from refsem.certificates.foreign.material import Material
from refsem.certificates.foreign.registry import check_file
from refsem.certificates.node_files import NodeKind
from refsem.certificates.node_graph import load_node_graph
from refsem.certificates.node_writer import certificate_text
from refsem.certificates.report import Semantics
from refsem.exact import ExactTensor
from refsem.untrusted.strict_json import read_json

WIDTHS = (200, 256, 256, 10)


def graph(path: Path) -> Path:
    """A chain of linear layers and ReLUs with random binary32 parameters."""
    source = np.random.default_rng(2026)
    nodes: list[dict[str, object]] = [
        {"id": 0, "kind": "input", "parents": [], "shape": [WIDTHS[0]]}
    ]
    for inputs, outputs in pairwise(WIDTHS):
        last = len(nodes) - 1
        layer = {"id": last + 1, "kind": "linear", "parents": [last], "shape": [outputs]}
        weight = source.normal(size=(outputs, inputs)).astype(np.float32).astype(float)
        nodes.append(layer | {"weight": weight.tolist(), "bias": [0.0] * outputs})
        nodes.append({"id": last + 2, "kind": "relu", "parents": [last + 1], "shape": [outputs]})
    document = {"format": "torchlean.ir.v1", "input_id": 0, "output_id": len(nodes) - 1}
    path.write_text(json.dumps(document | {"nodes": nodes}), encoding="utf-8")
    return path


def main() -> None:
    """Print the size of the file, the seconds and the memory."""
    with tempfile.TemporaryDirectory() as folder:
        model, file = graph(Path(folder) / "g.json"), Path(folder) / "c.json"
        ends = [ExactTensor.full((1, WIDTHS[0]), value) for value in (mpq(0), mpq(1, 20))]
        text = certificate_text(load_node_graph(model), (ends[0], ends[1]), NodeKind.ALPHA)
        file.write_text(text, encoding="utf-8")
        started = time.process_time()
        found = check_file(Material(file, read_json(file), Semantics.EXACT, model, None, None))
        seconds = time.process_time() - started
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
        size = len(text) / 1e6
        print(f"{size:.1f} MB: {found.verdict.value} in {seconds:.1f} s CPU, peak {memory:.2f} GB")


if __name__ == "__main__":
    main()
