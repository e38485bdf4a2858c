"""Files that lie in ways found by hand: each was once accepted, or ended in a traceback."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from checking import checked, written, written_in_full
from gmpy2 import mpz
from node_samples import certificate, graph_document, graph_file, node
from onnx import TensorProto, helper

from refsem.certificates.node_files import NodeKind
from refsem.certificates.report import Semantics, Verdict
from refsem.cli import main
from refsem.errors import InputError
from refsem.ir import load_model
from refsem.ir.graph_file import write_graph

Document = dict[str, Any]


# a margin report on two pixels, whose logits are the pixels


def report(folder: Path, pixels: tuple[float, float], *, hashed: bool = True) -> Document:
    weights = {
        "format": "digits_linear_weights_v0_1",
        "in_dim": 2,
        "out_dim": 2,
        "normalize_div": 1,
        "layers.0.weight": [[1, 0], [0, 1]],
        "layers.0.bias": [0, 0],
    }
    data = {
        "format": "digits_dataset_v0_1",
        "input_dim": 2,
        "num_classes": 2,
        "normalize_div": 1,
        "examples": [{"id": 7, "x": list(pixels), "y": 0}],
    }
    meta = {"weights_path": "elsewhere/w.json", "dataset_path": "x.json"}
    for key, name, content in (("weights", "w.json", weights), ("dataset", "x.json", data)):
        digest = hashlib.sha256(written(folder / name, content).read_bytes()).hexdigest()
        meta |= {f"{key}_sha256": digest} if hashed else {}
    row = {"id": 7, "label": 0, "pred": 0, "logits_lo": [0.75, 0], "logits_hi": [1, 0.5]}
    return {
        "format": "robust_margin_cert_v0_1",
        "norm": "linf",
        "method": "ibp_linear",
        "eps": 0.125,
        "input_dim": 2,
        "num_classes": 2,
        "meta": meta,
        "examples": [row | {"certified": True}],
    }


def test_the_report_is_accepted_as_it_is(tmp_path: Path) -> None:
    found = checked(written(tmp_path / "c.json", report(tmp_path, (0.875, 0.25))))
    assert found.verdict is Verdict.ACCEPTED
    assert "clipped to [0, 1]" in found.reasons[0]


def test_an_example_outside_the_clip_is_in_no_clipped_ball(tmp_path: Path) -> None:
    # around 3 the first logit is at least 2.875, and the report says that it is at most 1
    found = checked(written(tmp_path / "c.json", report(tmp_path, (3.0, 0.25))))
    assert found.verdict is Verdict.REJECTED
    assert "not in [0, 1]" in found.findings[0].message


def test_an_example_that_stands_twice_is_not_counted_twice(tmp_path: Path) -> None:
    document = report(tmp_path, (0.875, 0.25))
    document["examples"] *= 2
    document["summary"] = {"examples": 2, "nominal_ok": 2, "certified_ok": 2}
    found = checked(written(tmp_path / "c.json", document))
    assert found.verdict is Verdict.REJECTED
    assert found.findings[0].place == "examples[1].id"


def test_files_beside_a_report_need_their_digest(tmp_path: Path) -> None:
    path = written(tmp_path / "c.json", report(tmp_path, (0.875, 0.25), hashed=False))
    found = checked(path)
    assert found.verdict is Verdict.UNDECIDED
    assert "does not state the SHA-256" in found.reasons[0]
    given = checked(path, model=tmp_path / "w.json", data=tmp_path / "x.json")
    assert given.verdict is Verdict.ACCEPTED


# short fractions that are long numbers together


def fractions(count: int) -> list[str]:
    """Fractions of some 19 000 digits with hardly a common factor among their denominators."""
    return [f"1/{mpz(3) ** 40_000 + 2 * place}" for place in range(count)]


def test_fractions_of_many_denominators_are_refused_unmultiplied(tmp_path: Path) -> None:
    layer = {"kind": "linear", "weights": [fractions(20)], "bias": ["0"]}
    document = {"format": "monotonicity_v1", "input_dim": 20, "layers": [layer]}
    with pytest.raises(InputError, match=r"layers\[0\]\.weights: .*common denominator"):
        checked(written(tmp_path / "c.json", document))
    layer["weights"], document["input_dim"] = [fractions(1) * 9], 9
    assert checked(written(tmp_path / "c.json", document)).verdict is Verdict.ACCEPTED
    model = graph_file(tmp_path / "m.json", (2, 20), 1)
    claimed = {"n1": {"lower": ["-inf"] * 20, "upper": fractions(20)}}
    with pytest.raises(InputError, match=r"tensors\.n1: .*common denominator"):
        checked(bounds_file(tmp_path, model, claimed), model=model)


# what claims nothing


def test_a_region_of_no_values_is_none_in_either_spelling(tmp_path: Path) -> None:
    for empty in ({"center": [], "eps": 1}, {"lo": [], "hi": []}):
        with pytest.raises(InputError, match="a region of no values"):
            checked(written(tmp_path / "r.json", empty))


@pytest.mark.parametrize("tensors", [{}, {"n1": {"lower": ["-inf"] * 2, "upper": ["inf"] * 2}}])
def test_a_bounds_file_without_a_bound_is_not_sound(tmp_path: Path, tensors: Document) -> None:
    model = graph_file(tmp_path / "m.json", (2, 2), 1)
    assert checked(bounds_file(tmp_path, model, tensors), model=model).verdict is Verdict.REJECTED
    some = {"n1": {"lower": ["-inf", "-99"], "upper": ["inf", "inf"]}}
    assert checked(bounds_file(tmp_path, model, some), model=model).verdict is Verdict.ACCEPTED


def bounds_file(folder: Path, model: Path, tensors: Document) -> Path:
    size = load_model(model).nodes[0].size
    document = {
        "format": "refsem.bounds.v1",
        "model_sha256": hashlib.sha256(model.read_bytes()).hexdigest(),
        "producer": "a test",
        "input": {"lower": ["-1"] * size, "upper": ["1"] * size},
        "tensors": tensors,
    }
    return written(folder / "b.json", document)


# boxes on which a function has no value


@pytest.fixture
def logarithm(tmp_path: Path) -> Path:
    """log(x) of the number x itself, which stands twice, so that boxes may disagree."""
    scaled = node(1, "linear", [0], 1) | {"weight": [[1]], "bias": [0]}
    return graph_document(
        tmp_path / "log.json", [node(0, "input", [], 1), scaled, node(2, "log", [1], 1)]
    )


def boxes(*ends: tuple[float, float]) -> Document:
    return {"ibp": [{"lo": [low], "hi": [high]} for low, high in ends]}


@pytest.mark.parametrize("semantics", list(Semantics))
@pytest.mark.parametrize("low", [0, -1])
def test_a_box_outside_of_a_domain_is_a_finding(
    tmp_path: Path, logarithm: Path, semantics: Semantics, low: float
) -> None:
    path = written(tmp_path / "c.json", boxes((low, 2), (low, 2), (-99, 99)))
    found = checked(path, model=logarithm, semantics=semantics)
    assert found.verdict is Verdict.REJECTED
    assert found.findings[0].place == "ibp[1].lo[0]"
    assert "log is not defined on this box" in found.findings[0].message


def test_a_box_that_hides_a_domain_is_not_accepted(tmp_path: Path, logarithm: Path) -> None:
    path = written(tmp_path / "c.json", boxes((-1, 2), (1, 2), (-99, 99)))
    for semantics in Semantics:
        found = checked(path, model=logarithm, semantics=semantics)
        assert found.verdict in {Verdict.UNDECIDED, Verdict.REJECTED}
    found = checked(path, model=logarithm)
    assert "tensor 'n2' (log)" in found.reasons[0]


def lirpa(_folder: Path, _model: Path) -> Document:
    source = {"id": 0, "dim": 1, "lo": [-1], "hi": [1]}
    result = {"node_id": 2, "dim": 1, "lo": [-99], "hi": [99]}
    return {"graph": "any", "input_box": source, "result": result}


def leaves(_folder: Path, _model: Path) -> Document:
    root = {"lo": [-1], "hi": [1]}
    leaf = root | {"lb": [-99], "threshold": [-100]}
    return {"format": "abcrown_leaf_artifact_v0_1", "input_dim": 1, "root": root, "leaves": [leaf]}


def suite(_folder: Path, _model: Path) -> Document:
    unsafe = [{"mat": [[-1]], "rhs": [-100]}]
    instance = {"id": "a", "input_lo": [-1], "input_hi": [1], "spec": unsafe}
    return {"format": "vnnlib_suite_v0_1", "instances": [instance]}


def bounds(folder: Path, model: Path) -> Document:
    path = bounds_file(folder, model, {"n2": {"lower": ["-99"], "upper": ["99"]}})
    found: Document = json.loads(path.read_text())
    return found


@pytest.mark.parametrize("make", [lirpa, leaves, suite, bounds])
def test_where_the_network_has_no_value_nothing_is_decided(
    tmp_path: Path, logarithm: Path, make: Callable[[Path, Path], Document]
) -> None:
    path = written(tmp_path / "f.json", make(tmp_path, logarithm))
    found = checked(path, model=logarithm)
    assert found.verdict is Verdict.UNDECIDED
    assert "tensor 'n2' (log)" in found.reasons[0]


def test_an_audit_names_the_property_that_leaves_a_domain(
    tmp_path: Path, logarithm: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wanted = tmp_path / "wide.vnnlib"
    wanted.write_text(
        "(declare-const X_0 Real)(declare-const Y_0 Real)"
        "(assert (>= X_0 -1))(assert (<= X_0 1))(assert (>= Y_0 9))"
    )
    assert main(["audit", str(logarithm), str(wanted)]) == 3
    assert f"{wanted}: tensor 'n2' (log)" in capsys.readouterr().err


# files that are handed over and not looked at


def test_a_file_that_is_not_looked_at_is_refused(tmp_path: Path) -> None:
    model = graph_file(tmp_path / "m.json", (2, 2), 1)
    region = written(tmp_path / "r.json", {"lo": [0], "hi": [1]})
    with pytest.raises(InputError, match="--model: box region is judged without it"):
        checked(region, model=model)
    nodes = written_in_full(tmp_path / "c.json", certificate(model, NodeKind.IBP))
    for option, given in (("property", {"property_": model}), ("data", {"data": model})):
        with pytest.raises(InputError, match=f"--{option}: node-wise certificate is judged"):
            checked(nodes, model=model, **given)


# the graph a certificate is about


def test_the_graph_may_be_a_file_of_ours(tmp_path: Path) -> None:
    model = graph_file(tmp_path / "m.json", (3, 4, 2), 5)
    graph = load_model(model)
    ours = tmp_path / "ours.json"
    write_graph(ours, graph)
    for kind in NodeKind:
        path = written_in_full(tmp_path / "c.json", certificate(ours, kind))
        assert checked(path, model=ours).verdict is Verdict.ACCEPTED
        wrong = certificate(ours, kind)
        wrong["ibp"][-1]["hi"][0] -= 1
        assert checked(written_in_full(path, wrong), model=ours).verdict is Verdict.REJECTED


def test_a_network_of_two_inputs_is_refused_by_nodes(tmp_path: Path) -> None:
    row = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 2]) for name in "xya"]
    graph = helper.make_graph([helper.make_node("Add", ["x", "y"], ["a"])], "g", row[:2], row[2:])
    model = tmp_path / "m.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)]), model)
    ends = {"lo": [0.0, 0.0], "hi": [1.0, 1.0]}
    for content in ({"ibp": [ends] * 3}, lirpa(tmp_path, model)):
        with pytest.raises(InputError, match="2 inputs"):
            checked(written(tmp_path / "c.json", content), model=model)


def test_a_second_output_is_held_to_its_claims(tmp_path: Path) -> None:
    shape = [1, 2]
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name in "xrn"]
    weight = helper.make_tensor("w", TensorProto.FLOAT, [2, 2], np.eye(2, dtype=np.float32).ravel())
    steps = [("MatMul", ["x", "w"], "a"), ("Relu", ["a"], "r"), ("Neg", ["a"], "n")]
    nodes = [helper.make_node(kind, inner, [name]) for kind, inner, name in steps]
    graph = helper.make_graph(nodes, "g", ends[:1], ends[1:], [weight])
    model = tmp_path / "m.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)]), model)
    boxes_ = [{"lo": [low, low], "hi": [1, 1]} for low in (-1, -1, 0, -1)]
    assert (
        checked(written(tmp_path / "c.json", {"ibp": boxes_}), model=model).verdict
        is Verdict.ACCEPTED
    )
    boxes_[3] = {"lo": [-1, -1], "hi": [1, 0.5]}
    found = checked(written(tmp_path / "c.json", {"ibp": boxes_}), model=model)
    assert [finding.place for finding in found.findings] == ["ibp[3].hi[1]"]
