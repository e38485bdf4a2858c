"""What a real Lean takes over the theorems of runs, and what is said beforehand.

    python benchmarks/lean_runs.py [NAME ...]

Exports each run or split tree, has the packaged Lean (or the one on the path) read it, and prints
its layers, weights, leaves, theorems, the CPU seconds of the hand-written checker and of the run's
own files, the seconds said beforehand of these, and the verdict. One Lean at a time; the rules that
a run used are left out. ACAS Xu is found under $REFSEM_DATA. Without names: every run.
"""

import dataclasses
import itertools
import json
import os
import re
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from lean_export.checker import LIMITS, LeanReport, Verdict, check_project
from lean_export.layers import layers
from lean_export.project import run_files
from lean_export.runs import RunProject, run_project
from lean_export.trees import tree_project
from refsem.audit.branching import SplitProof, branch
from refsem.audit.network import audit_network, silent
from refsem.certificates.derivation import KEY, derivation_object
from refsem.certificates.tree_file import TreeRegion, tree_object
from refsem.ir import load_model
from refsem.ir.evaluation import prepare
from refsem.obligations.ledger import write_ledger
from refsem.properties import load_property
from refsem.properties.claims import region_claims
from refsem.rules.propagation import Method

DIGITS = Path(__file__).parents[1] / "examples" / "digits"
ACAS = "ACASXU_run2a_1_1_batch_2000.onnx"
RADIUS = 0.01
"""Of the small box, about the middle of property 1's, in normalised inputs."""

BRANCHING = 60
"""Seconds that branch and bound may take."""

Given = tuple[Path, Path]


def acas_data() -> Path:
    """The folder of the ACAS Xu networks; exits where there is none."""
    folder = Path(os.environ.get("REFSEM_DATA", "")) / "networks" / "acasxu"
    if not folder.is_dir():
        raise SystemExit("no ACAS Xu networks under $REFSEM_DATA")
    return folder


def acas(_: Path) -> Given:
    """A real network and a real property."""
    return acas_data() / ACAS, acas_data() / "prop_1.vnnlib"


def acas_small(folder: Path) -> Given:
    """The same network on a small box."""
    middle = (0.64, 0.0, 0.0, 0.475, -0.475)
    return acas_data() / ACAS, small_property(folder, middle, outputs=5)


def digits(_: Path) -> Given:
    """The bundled network and its property."""
    return DIGITS / "digits.onnx", DIGITS / "robust.vnnlib"


def digits_pixels(_: Path) -> Given:
    """The bundled network, with two pixels that may be anything."""
    return DIGITS / "digits.onnx", DIGITS / "two_pixels.vnnlib"


def acas_fourth(_: Path) -> Given:
    """A real network, and a real property that it has."""
    return acas_data() / "ACASXU_run2a_2_1_batch_2000.onnx", acas_data() / "prop_4.vnnlib"


def random_chain(folder: Path) -> Given:
    """A network 4-16-16-2 of random weights, on a box of width 0.6 about 0."""
    generator = np.random.default_rng(8)
    widths = (4, 16, 16, 2)
    nodes, constants, last = [], [], "x"
    for index, (inner, outer) in enumerate(itertools.pairwise(widths)):
        matrix: NDArray[np.float64] = generator.normal(0, inner**-0.5, (inner, outer))
        bias: NDArray[np.float64] = generator.uniform(-0.2, 0.2, outer)
        for name, array in ((f"w{index}", matrix), (f"b{index}", bias)):
            constants.append(numpy_helper.from_array(array.astype(np.float32), name))
        nodes.append(helper.make_node("Gemm", [last, f"w{index}", f"b{index}"], [f"a{index}"]))
        last = f"a{index}"
        if index < len(widths) - 2:
            nodes.append(helper.make_node("Relu", [last], [f"r{index}"]))
            last = f"r{index}"
    ends = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, size])
        for name, size in (("x", widths[0]), (last, widths[-1]))
    ]
    graph = helper.make_graph(nodes, "chain", ends[:1], ends[1:], constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    onnx.save(model, folder / "chain.onnx")
    return folder / "chain.onnx", small_property(folder, (0.0,) * 4, outputs=2, radius=0.3)


def small_property(
    folder: Path, middle: tuple[float, ...], *, outputs: int, radius: float = RADIUS
) -> Path:
    """A property on the box about a point; what it asks of the outputs does not matter here."""
    lines = [f"(declare-const X_{i} Real)" for i in range(len(middle))]
    lines += [f"(declare-const Y_{i} Real)" for i in range(outputs)]
    for index, value in enumerate(middle):
        lines.append(f"(assert (<= X_{index} {value + radius:.6f}))")
        lines.append(f"(assert (>= X_{index} {value - radius:.6f}))")
    path = folder / "small.vnnlib"
    path.write_text("\n".join([*lines, "(assert (>= Y_0 100000))"]) + "\n", "utf-8")
    return path


RUNS: dict[str, tuple[str, Callable[[Path], Given]]] = {
    "acas-ibp": ("ibp", acas),
    "digits-ibp": ("ibp", digits),
    "chain-crown": ("crown", random_chain),
    "acas-small-crown": ("crown", acas_small),
    "acas-crown": ("crown", acas),
    "digits-crown": ("crown", digits),
    "digits-tree": ("tree", digits_pixels),
    "acas-tree": ("tree", acas_fourth),
}


def audited(folder: Path, given: Given, method: str) -> Path:
    """The ledger of an audit."""
    model, place = given
    prepared = prepare(load_model(model))
    found = audit_network(prepared, load_property(place), Method(method), silent)
    traces = tuple(region.propagation.replay.trace() for region in found.regions)
    header = {"model": model.name, "property": place.name, "method": method}
    path = folder / f"{method}.jsonl"
    write_ledger(path, header | {KEY: derivation_object(prepared.graph, traces)}, found.records)
    return path


def branched(folder: Path, given: Given) -> RunProject:
    """What is exported of the split tree of a property that holds."""
    model, place = given
    prepared = prepare(load_model(model))
    regions = []
    for claims in region_claims(prepared, load_property(place)):
        proof = branch(prepared, claims, time.monotonic() + BRANCHING, lambda *_: None).proof
        if not isinstance(proof, SplitProof):
            raise SystemExit(f"{place.name}: no split tree was found")
        regions.append(TreeRegion(proof.root, proof.unit, proof.nodes))
    hashes = (sha256(path.read_bytes()).hexdigest() for path in given)
    path = folder / "tree.json"
    path.write_text(json.dumps(tree_object(regions, "a benchmark", *hashes)), "utf-8")
    return tree_project(path, model, place, lambda _: None)


def children() -> float:
    """The CPU seconds of the processes that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def read_by_lean(run: RunProject, folder: Path) -> tuple[LeanReport, float, float]:
    """What Lean says of a run, and the CPU seconds over the checker and over the run."""
    project = dataclasses.replace(run, rules=())
    for path, text in run_files(project)[0].items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, "utf-8")
    starts: list[tuple[bool, float]] = []

    def begins(message: str) -> None:
        if message.startswith("Lean reads"):
            starts.append(("Refsem.Run." in message, children()))

    limits = dataclasses.replace(LIMITS.expecting(run.seconds), at_once=1)
    report = check_project(folder, begins, limits=limits)
    ends = [seconds for _, seconds in starts[1:]] + [children()]
    spent = {True: 0.0, False: 0.0}
    for (own, start), end in zip(starts, ends, strict=True):
        spent[own] += end - start
    return report, spent[False], spent[True]


def measure(name: str) -> None:
    """Export one run, have it read, and print a line."""
    method, given = RUNS[name]
    with tempfile.TemporaryDirectory(prefix="lean-runs-") as temporary:
        folder = Path(temporary)
        files = given(folder)
        run = (
            branched(folder, files)
            if method == "tree"
            else run_project(audited(folder, files, method))
        )
        report, core, own = read_by_lean(run, folder / "project")
        network = layers(prepare(load_model(files[0])), str(files[0]))
    words = sum(layer.words for layer in network)
    closed = report.count(Verdict.CLOSED)
    leaves = sum(1 for theorem in run.theorems if re.search(r"\.leaf\d+$", theorem))
    print(
        f"{name:18} {len(network)} layers, {words} weights and constants, "
        f"{f'{leaves} leaves, ' if leaves else ''}"
        f"{len(run.theorems)} theorems: {own:.0f} CPU s ({run.seconds:.0f} said beforehand), the "
        f"checker {core:.0f} CPU s; {closed} closed, {report.errors} errors",
        flush=True,
    )
    for theorem in report.theorems:
        if theorem.verdict is Verdict.ERROR:
            print(f"  {theorem.name}: {theorem.message[:200]}")
    for problem in report.problems:
        print(f"  {problem.file}:{problem.line}: {problem.message[:200]}")


if __name__ == "__main__":
    for run_name in sys.argv[1:] or RUNS:
        measure(run_name)
