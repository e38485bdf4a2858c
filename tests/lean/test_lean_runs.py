"""Runs as Lean: layers that mean the graph, boxes that hold and are tight, text that is stable."""

import re
from pathlib import Path

import builders
import numpy as np
import pytest
from gmpy2 import mpq
from lean_runs import ledger_of, random_model
from numpy.typing import NDArray
from onnx import helper

from lean_export import crown_theorem, interval_theorem
from lean_export.crown_boxes import SLOPE_ONE, crown_boxes
from lean_export.interval_boxes import SCALE, UNIT, IntegerBox, propagated
from lean_export.layers import Layer, layers
from lean_export.manifest import read_manifest
from lean_export.project import run_files, write_run
from lean_export.runs import integer_box, run_project
from lean_export.sources import forbidden_words, imports, theorems
from lean_export.theorems import Status
from refsem.certificates.derivation import read_derivation
from refsem.errors import InputError
from refsem.exact import ExactTensor
from refsem.ir import load_model
from refsem.ir.evaluation import Prepared, evaluate_graph, prepare
from refsem.rules.replay import replay
from refsem.rules.trace import Box


def evaluated(network: tuple[Layer, ...], point: list[mpq]) -> list[mpq]:
    """What the layers compute, as the Lean semantics has it."""
    for layer in network:
        sums = [
            mpq(constant + sum(w * x for w, x in zip(weights, point, strict=True)), UNIT)
            for constant, *weights in layer.values()
        ]
        point = [max(value, mpq(0)) for value in sums] if layer.relu else sums
    return point


def agree(prepared: Prepared, network: tuple[Layer, ...]) -> None:
    source, sink = prepared.graph.inputs[0], prepared.graph.outputs[0]
    numbers = np.random.default_rng(1).integers(-50, 50, (5, prepared.nodes[source].size))
    for row in numbers:
        point = [mpq(int(number), 7) for number in row]
        given = {source: ExactTensor.from_rationals(point).reshape(1, -1)}
        assert evaluated(network, point) == evaluate_graph(prepared, given)[sink].rationals()


@pytest.mark.parametrize("affine", ["Gemm", "MatMul"])
def test_layers_compute_what_the_graph_computes(tmp_path: Path, affine: str) -> None:
    weights = builders.random_layers((4, 3, 3, 2), seed=3, kind="binary32")
    path = builders.sequential(tmp_path / "m.onnx", weights, affine=affine, shape=(1, 2, 2))
    prepared = prepare(load_model(path))
    found = layers(prepared, "m")
    assert [layer.relu for layer in found] == [True, True, False]
    agree(prepared, found)
    # a product and the sum after it are one layer, and its patterns are the file's
    for layer, (matrix, bias) in zip(found, weights, strict=True):
        rows = np.concatenate([bias[:, None], matrix.T], axis=1).view(np.uint32)
        assert [list(row) for row in layer.rows] == rows.tolist()


def graph(tmp_path: Path, nodes: list[tuple[str, list[str], str]], last: str) -> Prepared:
    constants: dict[str, NDArray[np.generic]] = {
        "third": np.array([[1 / 3, 0.1]], np.float32),
        "square": np.array([[1 / 3, -3.0], [0.1, 7.0]], np.float32),
    }
    made = [helper.make_node(op, operands, [name]) for op, operands, name in nodes]
    path = builders.save(tmp_path / "g.onnx", made, constants, {"x": [1, 2]}, {last: [1, 2]})
    return prepare(load_model(path))


CHAINS = {
    "a shift that cannot be merged": (
        [("Sub", ["x", "third"], "a"), ("MatMul", ["a", "square"], "b"), ("Relu", ["b"], "y")],
        [False, True, False],
    ),
    "two products that cannot be merged": (
        [("MatMul", ["x", "square"], "a"), ("MatMul", ["a", "square"], "y")],
        [False, False],
    ),
    "a ReLU of the input": ([("Relu", ["x"], "y")], [True, False]),
    "nothing but a name": ([("Identity", ["x"], "y")], [False]),
    "ReLU of ReLU": ([("Relu", ["x"], "a"), ("Relu", ["a"], "y")], [True, True, False]),
}


@pytest.mark.parametrize("name", CHAINS)
def test_chains_of_every_kind(tmp_path: Path, name: str) -> None:
    nodes, relus = CHAINS[name]
    prepared = graph(tmp_path, nodes, "y")
    found = layers(prepared, "g")
    assert [layer.relu for layer in found] == relus
    agree(prepared, found)
    start = IntegerBox(10, ((-3, 4), (5, 5)))
    slopes = [[(SLOPE_ONE // 2, SLOPE_ONE)] * len(layer.rows) for layer in found]
    texts = [
        crown_theorem.crown_modules(found, start, slopes, 1, "A test."),
        interval_theorem.interval_modules(found, start, 1, "A test."),
    ]
    for modules, output in texts:
        assert f"step{len(found)}" in modules[-1].text
        assert len(output.ends) == 2


def test_what_is_no_chain_is_refused_by_name(tmp_path: Path) -> None:
    nodes = [("Relu", ["x"], "a"), ("Add", ["x", "a"], "y")]
    with pytest.raises(InputError, match="tensor 'y': Lean theorems are exported for chains"):
        layers(graph(tmp_path, nodes, "y"), "g")


def test_a_weight_that_is_no_binary32_number_is_refused(tmp_path: Path) -> None:
    product = helper.make_node("Gemm", ["x", "square", "third"], ["y"], alpha=1 / 3)
    constants: dict[str, NDArray[np.generic]] = {
        "third": np.array([1 / 3, 0.1], np.float32),
        "square": np.array([[1 / 3, -3.0], [0.1, 7.0]], np.float32),
    }
    path = builders.save(tmp_path / "g.onnx", [product], constants, {"x": [1, 2]}, {"y": [1, 2]})
    with pytest.raises(InputError, match="no binary32 number"):
        layers(prepare(load_model(path)), "g")


# boxes


def audited_boxes(ledger: Path) -> tuple[tuple[Layer, ...], IntegerBox, Box]:
    """The layers, the input box, and the audit's exact output box."""
    derivation = read_derivation(ledger)
    prepared = prepare(derivation.graph)
    (trace,) = derivation.traces
    sink = prepared.graph.outputs[0]
    boxes = [one for one in replay(prepared, trace) if isinstance(one, Box) and one.target == sink]
    start = integer_box(*trace.regions[0].boxes[prepared.graph.inputs[0]])
    return layers(prepared, "m"), start, boxes[-1]


def test_interval_boxes_enclose_the_audits_closely(tmp_path: Path) -> None:
    model = random_model(tmp_path, (4, 6, 5, 2), seed=2)
    ledger = ledger_of(model, ["-0.3"] * 4, ["(/ 1 3)", "0", "0.5", "1"], "ibp")
    network, start, exact = audited_boxes(ledger)
    ends = propagated(network, start)[-1].ends
    for (low, high), lower, upper in zip(
        ends, exact.lower.rationals(), exact.upper.rationals(), strict=True
    ):
        assert 0 <= lower - mpq(low, SCALE) < mpq(1, 10**9)
        assert 0 <= mpq(high, SCALE) - upper < mpq(1, 10**9)


def test_crown_boxes_are_as_tight_as_the_audits(tmp_path: Path) -> None:
    model = random_model(tmp_path, (4, 16, 16, 2), seed=8)
    ledger = ledger_of(
        model, ["-0.1", "0.2", "0.5", "-0.4"], ["0.1", "0.4", "0.7", "-0.2"], "crown"
    )
    *_, exact = audited_boxes(ledger)
    (text,) = run_project(ledger).files.values()
    listed = re.search(r"def outputBox .*? := \[\n(.*?)\]", text, re.DOTALL)
    assert listed is not None
    numbers = [mpq(int(number), SCALE) for number in re.findall(r"-?\d+", listed[1])]
    found = zip(numbers[::2], numbers[1::2], strict=True)
    for (low, high), lower, upper in zip(
        found, exact.lower.rationals(), exact.upper.rationals(), strict=True
    ):
        assert abs(lower - low) < mpq(1, 10**9)
        assert abs(high - upper) < mpq(1, 10**9)


@pytest.mark.parametrize("slope", [0, SLOPE_ONE // 3, SLOPE_ONE, 2 * SLOPE_ONE])
def test_crown_boxes_hold_at_points_for_any_slopes(tmp_path: Path, slope: int) -> None:
    model = random_model(tmp_path, (3, 5, 4, 2), seed=7)
    prepared = prepare(load_model(model))
    network = layers(prepared, "m")
    start = IntegerBox(4, ((-3, 4), (0, 1), (-8, -8)))
    slopes = [[(slope, SLOPE_ONE - slope // 2)] * len(layer.rows) for layer in network]
    for depths in ((0, 1, 2), (0, 0, 2), (0, 0, 0)):
        holds(network, start, slopes, depths)


def holds(
    network: tuple[Layer, ...],
    start: IntegerBox,
    slopes: list[list[tuple[int, int]]],
    depths: tuple[int, ...],
) -> None:
    neurons = crown_boxes(network, start, lambda number, _: slopes[number], depths).layers[-1]
    for corner in np.ndindex(2, 2, 2):
        point = [mpq(ends[side], 4) for ends, side in zip(start.ends, corner, strict=True)]
        for value, neuron in zip(evaluated(network, point), neurons, strict=True):
            assert mpq(neuron.lower, SCALE) <= value <= mpq(neuron.upper, SCALE)


# text


@pytest.mark.parametrize("method", ["ibp", "crown"])
def test_a_run_is_written_with_what_it_rests_on(tmp_path: Path, method: str) -> None:
    model = random_model(tmp_path, (2, 3, 2), seed=1)
    ledger = ledger_of(model, ["-1", "0"], ["1", "(/ 1 3)"], method)
    run = run_project(ledger)
    summary = write_run(tmp_path / "out", run)
    assert 12 < run.seconds < 30
    content, statuses = run_files(run)
    assert (content, statuses) == run_files(run_project(ledger))
    manifest = read_manifest(tmp_path / "out")
    assert manifest.theorems == statuses
    assert summary.closed == summary.theorems == len(statuses)
    assert {"dot_product_interval", "relu_interval"} < {rule.name for rule in run.rules}
    assert any(name.startswith("Refsem.relu_interval") for name in statuses)
    for path, text in content.items():
        if path.endswith(".lean"):
            assert forbidden_words(text) == ()
            long = [line.strip() for line in text.split("\n") if len(line) > 100]
            assert all(line.startswith("0x1") for line in long)
    modules = {path.removesuffix(".lean").replace("/", ".") for path in content}
    wanted = {name for text in content.values() for name in imports(text)}
    assert {name for name in wanted if name.startswith("Refsem")} <= modules
    found = [one.name for text in content.values() for one in theorems(text)]
    assert "Refsem.Run.Region1.output_bounds" in found
    assert set(statuses) <= set(found)
    assert set(statuses.values()) == {Status.CLOSED}


def test_every_region_has_its_theorem(tmp_path: Path) -> None:
    model = random_model(tmp_path, (2, 3, 2), seed=1)
    unsafe = "(assert (or (and (<= X_0 0) (>= Y_0 1000)) (and (>= X_0 0) (>= Y_0 1000))))"
    files = run_project(ledger_of(model, ["-1", "0"], ["1", "1"], "ibp", unsafe)).files
    assert sorted(files) == ["Refsem/Run/Region1.lean", "Refsem/Run/Region2.lean"]


def test_a_large_network_has_only_its_outputs_pushed_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = random_model(tmp_path, (2, 3, 3, 2), seed=1)
    ledger = ledger_of(model, ["-1", "0"], ["1", "1"], "crown")
    network, *_ = audited_boxes(ledger)
    assert crown_theorem.depths(network) == (0, 1, 2)
    words = [3 * 3, 3 * 4, 2 * 4]
    pushes = words[0] + sum(words[:2]) + sum(words)
    assert crown_theorem.pushes(network, (0, 1, 2)) == pushes
    assert crown_theorem.pushes(network, (0, 0, 2)) == pushes - words[0]
    monkeypatch.setattr(crown_theorem, "MOST_PUSHES", pushes - 1)
    assert crown_theorem.depths(network) == (0, 0, 2)
    (text,) = run_project(ledger).files.values()
    assert re.findall(r"layerChecked problem known\d (\d)", text) == ["0", "0", "2"]


def test_a_large_network_is_cut_into_modules_that_import_each_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = random_model(tmp_path, (2, 3, 3, 2), seed=1)
    monkeypatch.setattr(interval_theorem, "MODULE_WORDS", 21)
    project = run_project(ledger_of(model, ["-1", "0"], ["1", "1"], "ibp"))
    one, two = project.files.items()
    assert [one[0], two[0]] == [f"Refsem/Run/Region1Part{n}.lean" for n in (1, 2)]
    assert "public import Refsem.Interval" in one[1]
    assert "public import Refsem.Run.Region1Part1" in two[1]
    assert [one[1].count("theorem step"), two[1].count("theorem step")] == [2, 1]


@pytest.mark.parametrize(("lowest", "checker"), [("0", "hiddenRows"), ("-0.1", "inputRows")])
def test_an_input_without_negative_ends_is_checked_in_natural_numbers(
    tmp_path: Path, lowest: str, checker: str
) -> None:
    model = random_model(tmp_path, (2, 3, 2), seed=1)
    run = run_project(ledger_of(model, [lowest, "0"], ["1", "1"], "ibp"))
    (text,) = run.files.values()
    assert f"{checker}_sound" in text
    assert ("naturalInput" in text) == (lowest == "0")
    assert ("Refsem.Run.Region1.naturalInput_ends" in run.theorems) == (lowest == "0")


def test_a_method_that_is_not_exported_is_refused(tmp_path: Path) -> None:
    ledger = ledger_of(random_model(tmp_path, (2, 2), seed=1), ["0", "0"], ["1", "1"], "ibp")
    text = ledger.read_text("utf-8")
    ledger.write_text(text.replace('"method": "ibp"', '"method": "magic"', 1), "utf-8")
    with pytest.raises(InputError, match="method 'magic'"):
        run_project(ledger)


def test_a_ledger_that_does_not_replay_is_refused(tmp_path: Path) -> None:
    ledger = ledger_of(random_model(tmp_path, (2, 2), seed=1), ["0", "0"], ["1", "1"], "ibp")
    text = ledger.read_text("utf-8")
    ledger.write_text(text.replace("dot_product_interval", "relu_interval", 1), "utf-8")
    with pytest.raises(InputError, match="does not replay"):
        run_project(ledger)
