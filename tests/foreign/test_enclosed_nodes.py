"""Certificates and bounds files about networks of functions: sound, unsound, and in between."""

import json
from fractions import Fraction
from hashlib import sha256
from pathlib import Path
from typing import Any

import builders
import numpy as np
import pytest
from checking import checked, written, written_in_full
from gmpy2 import mpq
from node_samples import certificate
from onnx import helper

from refsem.certificates.enclosed_ends import inner_ends
from refsem.certificates.node_files import NodeKind
from refsem.certificates.node_graph import load_node_graph
from refsem.certificates.report import CheckReport, Semantics, Verdict
from refsem.exact import ExactTensor
from refsem.exact.functions import Enclosure, Function, enclose
from refsem.rules.propagation import Method, propagate
from refsem.rules.trace import Region

RISING = ["Tanh", "Sigmoid", "Exp", "Erf", "Softplus"]
FUNCTIONS = [*RISING, "Sin"]
LOW, HIGH = mpq(-3, 10), mpq(7, 10)


def network(path: Path, function: str) -> Path:
    """x (2) → hidden (3) → function → y (1)."""
    layers = builders.random_layers((2, 3, 1), seed=3, kind="binary32")
    names = {"w1": layers[0][0], "b1": layers[0][1], "w2": layers[1][0], "b2": layers[1][1]}
    nodes = [
        helper.make_node("Gemm", ["x", "w1", "b1"], ["hidden"]),
        helper.make_node(function, ["hidden"], ["curved"]),
        helper.make_node("Gemm", ["curved", "w2", "b2"], ["y"]),
    ]
    builders.save(path, nodes, names, {"x": [1, 2]}, {"y": [1, 1]})
    return path


def single(path: Path) -> Path:
    """y = tanh(x)."""
    node = helper.make_node("Tanh", ["x"], ["y"])
    builders.save(path, [node], {}, {"x": [1, 1]}, {"y": [1, 1]})
    return path


def ends(model: Path) -> tuple[Any, Any]:
    """The outward and the inward ends of every tensor over the box of the tests."""
    graph = load_node_graph(model)
    source = graph.prepared.graph.inputs[0]
    size = graph.prepared.nodes[source].size
    low, high = (ExactTensor.from_rationals([end] * size, (1, size)) for end in (LOW, HIGH))
    given = {source: (low, high)}
    state = propagate(graph.prepared, Region(given), Method.IBP, {}, lambda *_: None)
    boxes = {name: state.replay.box(index) for name, index in state.boxes.items()}
    return boxes, inner_ends(graph.prepared, given)


@pytest.mark.parametrize("function", FUNCTIONS)
@pytest.mark.parametrize("kind", list(NodeKind))
def test_what_we_write_passes(tmp_path: Path, function: str, kind: NodeKind) -> None:
    model = network(tmp_path / "m.onnx", function)
    file = written_in_full(tmp_path / "c.json", certificate(model, kind))
    assert checked(file, model=model).verdict is Verdict.ACCEPTED
    found = checked(file, model=model, semantics=Semantics.CONTAINMENT)
    assert found.verdict is Verdict.UNDECIDED
    assert "no transcript" in found.reasons[0]


@pytest.mark.parametrize("function", FUNCTIONS)
def test_inward_ends_lie_inward_and_close(tmp_path: Path, function: str) -> None:
    outer, inner = ends(network(tmp_path / "m.onnx", function))
    for name in ("hidden", "curved", "y"):
        for side, sign in (("lower", 1), ("upper", -1)):
            out = getattr(outer[name], side).rationals()
            into = inner[name][side == "upper"].rationals()
            for far, near in zip(out, into, strict=True):
                assert 0 <= (near - far) * sign < (1 if function == "Sin" else mpq(1, 10**12))


def test_ends_are_held_from_both_sides(tmp_path: Path) -> None:
    outer, inner = ends(single(tmp_path / "m.onnx"))
    truth = enclose(Function.TANH, HIGH, 400)
    assert isinstance(truth, Enclosure)
    assert (
        inner["y"][1].rational(0, 0) < truth.lower < truth.upper < outer["y"].upper.rational(0, 0)
    )


@pytest.mark.parametrize("function", RISING)
def test_an_end_one_ulp_inward_is_unsound(tmp_path: Path, function: str) -> None:
    model = network(tmp_path / "m.onnx", function)
    for node, name in enumerate(("x", "hidden", "curved", "y")):
        document = certificate(model, NodeKind.IBP)
        if name == "x":
            continue
        high = document["ibp"][node]["hi"]
        high[0] = float(np.nextafter(np.float32(high[0]), np.float32(-np.inf)))
        high[0] = float(np.nextafter(np.float32(high[0]), np.float32(-np.inf)))
        found = checked(written_in_full(tmp_path / "c.json", document), model=model)
        assert found.verdict is Verdict.REJECTED
        assert found.findings[0].place.startswith(f"ibp[{node}].hi[0]")


def format_decimal(value: mpq) -> str:
    places = int(value.denominator).bit_length() - 1
    digits = str(abs(int(value * 10**places))).rjust(places + 1, "0")
    return f"{'-' if value < 0 else ''}{digits[:-places]}.{digits[-places:]}"


def verdicts(model: Path, upper: mpq, folder: Path) -> CheckReport:
    """Of a certificate that tanh on [−0.3, 0.7] is at most this, in as many digits as it has."""
    box, end = '{"lo": [-0.3], "hi": [0.7]}', format_decimal(upper)
    (file := folder / "c.json").write_text(f'{{"ibp": [{box}, {{"lo": [-1.0], "hi": [{end}]}}]}}')
    return checked(file, model=model)


def test_between_the_enclosures_nothing_is_decided(tmp_path: Path) -> None:
    model = single(tmp_path / "m.onnx")
    outer, inner = ends(model)
    out, into = outer["y"].upper.rational(0, 0), inner["y"][1].rational(0, 0)
    assert verdicts(model, out, tmp_path).verdict is Verdict.ACCEPTED
    found = verdicts(model, (out + into) / 2, tmp_path)
    assert found.verdict is Verdict.UNDECIDED
    assert "1 ends are inward of the enclosures" in found.reasons[0]
    assert verdicts(model, into - mpq(1, 2**300), tmp_path).verdict is Verdict.REJECTED


# forms


def formed(lower: tuple[str, str], upper: tuple[str, str]) -> dict[str, Any]:
    """A CROWN certificate of tanh on [0, 1] with these lines (slope, constant)."""
    line = {"loA": [[1.0]], "loC": [0.0], "hiA": [[1.0]], "hiC": [0.0]}
    own = {
        "loA": [[float(lower[0])]],
        "loC": [float(lower[1])],
        "hiA": [[float(upper[0])]],
        "hiC": [float(upper[1])],
    }
    boxes = [{"lo": [0.0], "hi": [1.0]}, {"lo": [0.0], "hi": [1.0]}]
    return {"ctx": {"inputId": 0, "inputDim": 1}, "ibp": boxes, "crown": [line, own]}


def test_a_line_of_any_slope_is_recomputed(tmp_path: Path) -> None:
    # tanh on [0, 1] lies above its chord 0.7615… x and below its tangent x
    model = single(tmp_path / "m.onnx")
    good = formed(("0.75", "-0.001"), ("1", "0.001"))
    assert checked(written(tmp_path / "c.json", good), model=model).verdict is Verdict.ACCEPTED
    high = formed(("0.765625", "0"), ("1", "0.001"))
    found = checked(written(tmp_path / "c.json", high), model=model)
    assert found.verdict is Verdict.REJECTED
    assert "the form is false at a corner" in found.findings[0].message
    # false only inside: tanh(0.5) > 0.4621 > 0.75 · 0.5 + 0.08
    inside = formed(("0.75", "0"), ("0.75", "0.0859375"))
    found = checked(written(tmp_path / "c.json", inside), model=model)
    assert found.verdict is Verdict.UNDECIDED
    assert "1 forms do not follow" in found.reasons[0]


def test_a_phase_is_held_against_enclosures(tmp_path: Path) -> None:
    nodes = [helper.make_node("Tanh", ["x"], ["t"]), helper.make_node("Relu", ["t"], ["y"])]
    builders.save(tmp_path / "m.onnx", nodes, {}, {"x": [1, 1]}, {"y": [1, 1]})
    document = certificate(tmp_path / "m.onnx", NodeKind.ALPHA_BETA, "0.25", "0.75")
    assert document["beta"] == [None, None, [1]]
    file = written_in_full(tmp_path / "c.json", document)
    assert checked(file, model=tmp_path / "m.onnx").verdict is Verdict.ACCEPTED
    document["beta"][2] = [-1]
    file = written_in_full(tmp_path / "c.json", document)
    found = checked(file, model=tmp_path / "m.onnx")
    assert found.verdict is Verdict.REJECTED
    assert "inactive, but the operand may be" in found.findings[0].message


# bounds files


def bounds(model: Path, file: Path, upper: mpq, method: str = "ibp") -> CheckReport:
    document = {
        "format": "refsem.bounds.v1",
        "model_sha256": sha256(model.read_bytes()).hexdigest(),
        "producer": "a test",
        "method": method,
        "input": {"lower": ["-0.3"], "upper": ["0.7"]},
        "tensors": {"y": {"lower": ["-1"], "upper": [str(upper)]}},
    }
    file.write_text(json.dumps(document))
    return checked(file, model=model)


@pytest.mark.parametrize("method", ["ibp", "crown", "other"])
def test_a_bounds_file_of_a_function_is_judged(tmp_path: Path, method: str) -> None:
    model, file = single(tmp_path / "m.onnx"), tmp_path / "b.json"
    outer, inner = ends(model)
    out, into = outer["y"].upper.rational(0, 0), inner["y"][1].rational(0, 0)
    assert bounds(model, file, mpq(1), method).verdict is Verdict.ACCEPTED
    assert bounds(model, file, (out + into) / 2, method).verdict is Verdict.UNDECIDED
    found = bounds(model, file, into - mpq(1, 2**200), method)
    assert found.verdict is Verdict.REJECTED
    claimed, value = found.findings[0].claimed, found.findings[0].recomputed
    truth = enclose(Function.TANH, HIGH, 400)
    assert isinstance(truth, Enclosure)
    assert claimed is not None
    assert value is not None
    assert claimed < value <= truth.upper


def test_a_bounds_file_of_several_inputs_is_judged_without_a_property(tmp_path: Path) -> None:
    node = helper.make_node("Add", ["a", "b"], ["y"])
    model, file = tmp_path / "m.onnx", tmp_path / "b.json"
    builders.save(model, [node], {}, {"a": [1, 1], "b": [1, 1]}, {"y": [1, 1]})
    document = {
        "format": "refsem.bounds.v1",
        "model_sha256": sha256(model.read_bytes()).hexdigest(),
        "producer": "a test",
        "method": "ibp",
        "input": {"lower": ["0", "1"], "upper": ["2", "3"]},
        "tensors": {"y": {"lower": ["1"], "upper": ["5"]}},
    }
    assert checked(written(file, document), model=model).verdict is Verdict.ACCEPTED
    document["tensors"] = {"y": {"lower": ["1"], "upper": ["4"]}}
    assert checked(written(file, document), model=model).verdict is Verdict.REJECTED


def test_deep_escapes_are_found(tmp_path: Path) -> None:
    model = network(tmp_path / "m.onnx", "Tanh")
    outer, _ = ends(model)
    upper = [Fraction(str(v)) for v in outer["hidden"].upper.rationals()]
    assert len(upper) == 3
    document = {
        "format": "refsem.bounds.v1",
        "model_sha256": sha256(model.read_bytes()).hexdigest(),
        "producer": "a test",
        "input": {"lower": ["-0.3"] * 2, "upper": ["0.7"] * 2},
        "tensors": {"y": {"lower": ["0"], "upper": ["0"]}},
    }
    (file := tmp_path / "b.json").write_text(json.dumps(document))
    found = checked(file, model=model)
    assert found.verdict is Verdict.REJECTED
