"""Several inputs and outputs: joined in the order of the graph, audited, shown by their names."""

import json
from pathlib import Path

import builders
import numpy as np
import pytest
from claim_files import bounds_document, write_bounds, write_property
from command_line import Command
from gmpy2 import mpq
from onnx import helper

from refsem.exact import ExactTensor
from refsem.ir import load_model
from refsem.ir.evaluation import evaluate_graph, prepare
from refsem.ir.graph import Graph, check_wellformed
from refsem.ir.joining import INPUTS, OUTPUTS, joined, output_parts

UNIT = (["-1"] * 4, ["1"] * 4)


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """s = (a_0 + b_0, a_1 + b_1) and d = relu(a_0 - a_1), of a (1 x 2) and b (2)."""
    nodes = [
        helper.make_node("Add", ["a", "b"], ["s"], "sum"),
        helper.make_node("MatMul", ["a", "w"], ["h"], "difference"),
        helper.make_node("Relu", ["h"], ["d"], "bend"),
    ]
    constants = {"w": np.array([[1], [-1]], np.float32)}
    inputs, outputs = {"a": [1, 2], "b": [2]}, {"s": [1, 2], "d": [1, 1]}
    return builders.save(tmp_path / "m.onnx", nodes, constants, inputs, outputs)


def row(*values: int) -> ExactTensor:
    return ExactTensor.from_rationals([mpq(v) for v in values], (1, len(values)))


def test_every_tensor_of_the_joined_graph_has_the_value_it_had(model: Path) -> None:
    graph = load_model(model)
    one = joined(graph)
    check_wellformed(one)
    assert len(one.inputs) == len(one.outputs) == 1
    assert output_parts(one) == (("s", 2), ("d", 1))
    apart = evaluate_graph(prepare(graph), {"a": row(3, 1), "b": row(10, 20)})
    together = evaluate_graph(prepare(one), {one.inputs[0]: row(3, 1, 10, 20)})
    assert all(together[name].equal(value).all() for name, value in apart.items())
    assert together[one.outputs[0]].rationals() == [13, 21, 2]
    for name, node in graph.by_name().items():
        assert one.node(name).shape == node.shape


def test_a_graph_of_one_input_and_one_output_stays(tmp_path: Path) -> None:
    graph = load_model(builders.sequential(tmp_path / "c.onnx", [builders.layer([[1]], [0])]))
    assert joined(graph) is graph
    assert output_parts(graph) == (("y", 1),)


def test_names_that_are_taken_are_left_alone(tmp_path: Path) -> None:
    nodes = [helper.make_node("Add", [INPUTS, OUTPUTS], ["a in a row"], "sum")]
    ends = {INPUTS: [1], OUTPUTS: [1]}, {"a in a row": [1]}
    graph = load_model(builders.save(tmp_path / "m.onnx", nodes, {}, *ends))
    one: Graph = joined(graph)
    check_wellformed(one)
    assert {INPUTS, OUTPUTS, "a in a row"} <= set(one.by_name())
    assert output_parts(one) == (("a in a row", 1),)


def audited(refsem: Command, status: int, *arguments: object) -> dict[str, object]:
    run = refsem("audit", *arguments, "--json")
    assert (run.status, run.err) == (status, run.err)
    found: dict[str, object] = json.loads(run.out)
    return found


def test_variables_are_counted_through_all_inputs_and_outputs(
    refsem: Command, model: Path, tmp_path: Path
) -> None:
    box = ["0", "0", "2", "3"], ["0", "1", "2", "3"]
    for unsafe, status in (
        ("(assert (>= Y_1 4))", 1),  # a_1 + b_1 = 4 at a_1 = 1
        ("(assert (>= Y_1 4.01))", 0),
        ("(assert (>= Y_2 0.01))", 0),  # relu(0 - a_1) = 0
        ("(assert (<= Y_0 1.99))", 0),
    ):
        wanted = write_property(tmp_path / "p.vnnlib", *box, unsafe, outputs=3)
        found = audited(refsem, status, model, wanted)
    names = [(one["tensor"], one["index"]) for one in found["outputs"]]  # type: ignore[union-attr]
    assert names == [("s", 0), ("s", 1), ("d", 0)]
    assert [one["lower"] for one in found["outputs"]] == ["2", "3", "0"]  # type: ignore[union-attr]


def test_a_witness_has_the_inputs_one_after_another(
    refsem: Command, model: Path, tmp_path: Path
) -> None:
    unsafe = "(assert (>= Y_2 2))"
    wanted = write_property(tmp_path / "p.vnnlib", *UNIT, unsafe, outputs=3)
    found = audited(refsem, 1, model, wanted)
    witness = found["witness"]
    assert isinstance(witness, dict)
    assert witness["inputs"][:2] == ["1", "-1"]
    assert len(witness["inputs"]) == 4
    assert witness["outputs"][2] == "2"


@pytest.mark.parametrize(("least", "status"), [("-2", 0), ("-1", 1)])
def test_a_bounds_file_speaks_of_the_tensors_by_their_names(
    refsem: Command, model: Path, tmp_path: Path, least: str, status: int
) -> None:
    wanted = write_property(tmp_path / "p.vnnlib", *UNIT, "(assert (>= Y_0 9))", outputs=3)
    tensors = {"s": (["-2", least], ["2", "2"]), "d": (["0"], ["2"])}
    bounds = write_bounds(tmp_path / "b.json", bounds_document(model, UNIT, tensors))
    found = audited(refsem, status, model, wanted, "--bounds", bounds)
    judged = found["bounds"]
    assert isinstance(judged, dict)
    assert judged["verdict"] == ("unsound" if status else "sound")
    assert judged["input_contains_box"] is True


def test_wrong_numbers_of_variables_are_refused(
    refsem: Command, model: Path, tmp_path: Path
) -> None:
    for inputs, outputs in ((3, 3), (4, 2)):
        box = ["0"] * inputs, ["1"] * inputs
        path = tmp_path / "p.vnnlib"
        wanted = write_property(path, *box, "(assert (>= Y_0 9))", outputs=outputs)
        run = refsem("audit", model, wanted)
        assert run.status == 3
        assert f"the property has {inputs if inputs == 3 else outputs}" in run.err


def test_a_node_wise_certificate_of_such_a_network_is_refused(
    refsem: Command, model: Path, tmp_path: Path
) -> None:
    wanted = write_property(tmp_path / "p.vnnlib", *UNIT, "(assert (>= Y_0 9))", outputs=3)
    run = refsem("audit", model, wanted, "--write-certificate", tmp_path / "c.json")
    assert run.status == 3
    assert "2 inputs; certificates by nodes are of models of one" in run.err
    assert not (tmp_path / "c.json").exists()


def test_shared_networks_of_several_inputs_or_outputs_are_audited(
    refsem: Command, data: Path, tmp_path: Path
) -> None:
    folder = data / "networks" / "marabou"
    for name in ("multiInput_add", "oneInput_twoBranches"):
        graph = load_model(folder / f"{name}.onnx")
        known = graph.by_name()
        inputs, outputs = (
            sum(known[one].size for one in names) for names in (graph.inputs, graph.outputs)
        )
        box = ["-1"] * inputs, ["1"] * inputs
        wanted = write_property(
            tmp_path / "p.vnnlib", *box, "(assert (>= Y_0 1e6))", outputs=outputs
        )
        found = audited(refsem, 0, folder / f"{name}.onnx", wanted)
        assert [one["tensor"] for one in found["outputs"]] == [  # type: ignore[union-attr]
            one for one in graph.outputs for _ in range(known[one].size)
        ]


@pytest.mark.parametrize("name", ["y", OUTPUTS, OUTPUTS + "'"])
@pytest.mark.parametrize("axis", [0, 1])
@pytest.mark.parametrize("last", ["Neg", "Identity", "Reshape"])
def test_what_a_file_calls_its_output_changes_nothing(
    refsem: Command, tmp_path: Path, name: str, axis: int, last: str
) -> None:
    """y is -x (twice, and x where not negated), however it is called: outputs 0, 1, … row-major."""
    shape = ["two"] if last == "Reshape" else []
    nodes = [
        helper.make_node("Neg", ["x"], ["a"], "first"),
        helper.make_node(last, ["x", *shape], ["b"], "second"),
        helper.make_node("Concat", ["a", "b"], [name], "both", axis=axis),
    ]
    constants = {"two": np.array([2, 1], np.int64)} if shape else {}
    both = [4, 1] if axis == 0 else [2, 2]
    model = builders.save(tmp_path / "m.onnx", nodes, constants, {"x": [2, 1]}, {name: both})
    sign = -1 if last == "Neg" else 1
    order = [-1, -10, sign, sign * 10] if axis == 0 else [-1, sign, -10, sign * 10]
    box = ["1", "10"], ["1", "10"]
    wanted = write_property(tmp_path / "p.vnnlib", *box, "(assert (<= Y_1 0))", outputs=4)
    found = audited(refsem, 1 if order[1] < 0 else 0, model, wanted)
    outputs = found["outputs"]
    assert [mpq(one["lower"]) for one in outputs] == order  # type: ignore[attr-defined]
    assert {one["tensor"] for one in outputs} == {name}  # type: ignore[attr-defined]
