"""Derivations in ledgers: what is written is read back the same, and nothing malformed is read."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import builders
import numpy as np
import pytest
from claim_files import write_property
from gmpy2 import mpq

from refsem.audit.network import audit_network, silent
from refsem.certificates.derivation import KEY, derivation_object, read_derivation
from refsem.errors import InputError
from refsem.exact import ExactTensor
from refsem.ir import Graph, Op, load_model
from refsem.ir.evaluation import prepare
from refsem.ir.graph import make_node
from refsem.obligations.ledger import write_ledger
from refsem.properties import load_property
from refsem.rules.propagation import Method, propagate
from refsem.rules.replay import ReplayError, replay
from refsem.rules.trace import Box, Region


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A CROWN run over two boxes of a network with reshapes, products and sums."""
    folder = tmp_path_factory.mktemp("derivation")
    layers = builders.random_layers((4, 3, 2), seed=5, kind="binary32")
    model = builders.sequential(folder / "m.onnx", layers, affine="MatMul", shape=(1, 2, 2))
    unsafe = "(assert (or (and (<= X_0 0) (>= Y_0 9)) (and (>= X_0 0.1) (>= Y_1 (* 2 Y_0)))))"
    box = ["-1", "-0.3", "0", "1"], ["1", "(/ 1 3)", "0", "2"]
    wanted = load_property(write_property(folder / "p.vnnlib", *box, unsafe, outputs=2))
    prepared = prepare(load_model(model))
    found = audit_network(prepared, wanted, Method.CROWN, silent)
    traces = tuple(region.propagation.replay.trace() for region in found.regions)
    path = folder / "ledger.jsonl"
    header = {"model": "m.onnx", KEY: derivation_object(prepared.graph, traces)}
    write_ledger(path, header, found.records[:3])
    return path


def test_what_is_read_is_what_was_written(ledger: Path) -> None:
    read = read_derivation(ledger)
    header = json.loads(ledger.read_text("utf-8").split("\n")[0])
    assert derivation_object(read.graph, read.traces) == header[KEY]
    assert read.header == {"format": "refsem.ledger.v1", "model": "m.onnx"}
    assert len(read.traces) == 2


def test_what_is_read_replays_to_boxes_around_the_networks_values(ledger: Path) -> None:
    read = read_derivation(ledger)
    prepared = prepare(read.graph)
    for trace in read.traces:
        judgements = replay(prepared, trace)
        assert sum(isinstance(one, Box) for one in judgements) > len(prepared.nodes)


def changed(ledger: Path, folder: Path, change: Callable[[dict[str, Any]], None]) -> Path:
    header, *lines = ledger.read_text("utf-8").split("\n")
    content = json.loads(header)
    change(content)
    path = folder / "changed.jsonl"
    path.write_text("\n".join([json.dumps(content), *lines]), "utf-8")
    return path


def first_constant(content: dict[str, Any]) -> tuple[dict[str, str], str]:
    constants = content[KEY]["graph"]["constants"]
    return constants, next(iter(constants))


def with_constant(value: Callable[[str], str]) -> Callable[[dict[str, Any]], None]:
    def change(content: dict[str, Any]) -> None:
        constants, name = first_constant(content)
        constants[name] = value(constants[name])

    return change


def with_node(key: str, value: object) -> Callable[[dict[str, Any]], None]:
    return lambda content: content[KEY]["graph"]["nodes"][-1].__setitem__(key, value)


def with_trace(key: str, value: object) -> Callable[[dict[str, Any]], None]:
    return lambda content: content[KEY]["traces"][0].__setitem__(key, value)


APPLICATION = {"rule": "relu_interval", "node": "x", "region": 0, "suppliers": {}, "chosen": {}}
MALFORMED = {
    "another format": lambda content: content.__setitem__("format", "refsem.ledger.v2"),
    "no format": lambda content: content.pop("format"),
    "no derivation": lambda content: content.pop(KEY),
    "a missing key": lambda content: content[KEY].pop("traces"),
    "an unknown key": lambda content: content[KEY].__setitem__("more", {}),
    "an unknown operator": with_node("op", "magic"),
    "an unknown operand": with_node("operands", ["nothing"]),
    "another shape": with_node("shape", [1, 5]),
    "a NaN": with_constant(lambda text: "7fc00000" + text[8:]),
    "an infinity": with_constant(lambda text: "ff800000" + text[8:]),
    "a digit less": with_constant(lambda text: text[:-1]),
    "a word less": with_constant(lambda text: text[:-8]),
    "no hexadecimal": with_constant(lambda text: "xx" + text[2:]),
    "a constant of no node": lambda content: content[KEY]["graph"]["constants"].update(
        z="00000000"
    ),
    "a constant less": lambda content: first_constant(content)[0].popitem(),
    "a box of no tensor": with_trace("regions", [{"z": {"lower": ["0"], "upper": ["1"]}}]),
    "a short box": with_trace("regions", [{"x": {"lower": ["0"], "upper": ["1"]}}]),
    "an infinite end": with_trace(
        "regions", [{"y": {"lower": ["-inf", "0"], "upper": ["0", "0"]}}]
    ),
    "rows that do not fit": with_trace("targets", {"t": {"y": ["1", "2", "3"]}}),
    "a fraction for an index": with_trace("applications", [{**APPLICATION, "region": 0.5}]),
    "a number for a rule": with_trace("applications", [{**APPLICATION, "rule": 1}]),
    "a number for a fraction": with_trace("applications", [{**APPLICATION, "chosen": {"s": [1]}}]),
}


@pytest.mark.parametrize("name", MALFORMED)
def test_a_malformed_derivation_is_refused(ledger: Path, tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError):
        read_derivation(changed(ledger, tmp_path, MALFORMED[name]))


def test_a_trace_that_does_not_follow_is_read_but_not_replayed(
    ledger: Path, tmp_path: Path
) -> None:
    def change(content: dict[str, Any]) -> None:
        (application,) = (
            one for one in content[KEY]["traces"][0]["applications"] if one["rule"] == "relu_lower"
        )
        application["chosen"]["s"][0] = "2"

    read = read_derivation(changed(ledger, tmp_path, change))
    with pytest.raises(ReplayError, match="slope_at_most_one"):
        replay(prepare(read.graph), read.traces[0])


def test_a_file_without_a_line_is_refused(tmp_path: Path) -> None:
    for content in (b"", b"\n{}", b"\xff\n", b"{\n}", b"[]"):
        path = tmp_path / "ledger.jsonl"
        path.write_bytes(content)
        with pytest.raises(InputError):
            read_derivation(path)


def test_constants_keep_their_bits(tmp_path: Path) -> None:
    layers = [builders.layer([[-0.0, 1e-45]], [0.0, -0.0])]
    graph = load_model(builders.sequential(tmp_path / "m.onnx", layers))
    path = tmp_path / "ledger.jsonl"
    write_ledger(path, {KEY: derivation_object(graph, ())}, ())
    read = read_derivation(path).graph
    assert read.constants.keys() == graph.constants.keys()
    for name, bits in graph.constants.items():
        assert np.array_equal(read.constants[name], bits)
        assert read.constants[name].dtype == np.uint32
    assert 0x80000000 in np.concatenate([bits.ravel() for bits in read.constants.values()])


def test_a_pool_is_written_and_read_with_its_layout(tmp_path: Path) -> None:
    x = make_node("x", Op.INPUT, (), {"shape": (1, 1, 2, 3)})
    window = {"layout": "NCHW", "strides": (1, 1), "dilations": (1, 1), "pads": (0, 0, 0, 0)}
    y = make_node("y", Op.MAX_POOL, (x,), {**window, "kernel": (2, 2), "ceil": 0})
    prepared = prepare(Graph((x, y), {}, ("x",), ("y",)))
    ends = tuple(ExactTensor.full((1, 6), mpq(value)) for value in (-1, 2))
    state = propagate(prepared, Region({"x": (ends[0], ends[1])}), Method.CROWN, {}, silent)
    path = tmp_path / "ledger.jsonl"
    written = derivation_object(prepared.graph, (state.replay.trace(),))
    write_ledger(path, {KEY: written}, [])
    read = read_derivation(path)
    assert read.graph.nodes == prepared.graph.nodes
    found = replay(prepare(read.graph), read.traces[0])
    assert len(found) == len(state.replay.judgements)
    box = found[state.boxes["y"]]
    assert isinstance(box, Box)
    assert box.upper.rationals() == [mpq(2), mpq(2)]
