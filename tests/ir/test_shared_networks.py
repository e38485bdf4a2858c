"""The networks others use: all those we promise are read, and computed as the reference does."""

from pathlib import Path

import numpy as np
import onnx
import pytest
from gmpy2 import mpq
from numpy.typing import NDArray
from onnx import numpy_helper
from onnx.reference import ReferenceEvaluator

from refsem.errors import InputError
from refsem.exact import ExactTensor
from refsem.ir import Graph, Op, load_model
from refsem.ir.evaluation import evaluate_graph, prepare
from refsem.ir.graph_enclosures import enclose_graph

Points = NDArray[np.float64]

ACAS = [f"acasxu/ACASXU_run2a_{i}_{j}_batch_2000.onnx" for i in range(1, 6) for j in range(1, 10)]
SIZES = {
    **dict.fromkeys(ACAS, (5, 5)),
    "mnist_fc/mnist-net_256x2.onnx": (784, 10),
    "mnist_fc/mnist-net_256x4.onnx": (784, 10),
    "rl_benchmarks/cartpole.onnx": (4, 2),
    "rl_benchmarks/dubinsrejoin.onnx": (8, 8),
    "rl_benchmarks/lunarlander.onnx": (8, 4),
}
SATRELU = [
    f"neurocodebench_satrelu/{name}.onnx"
    for name in (
        *("sat_v2_c2", "sat_v3_c9", "sat_v4_c5", "sat_v12_c43", "sat_v13_c62"),
        *("unsat_v2_c4", "unsat_v3_c8", "unsat_v4_c6", "unsat_v12_c43", "unsat_v13_c62"),
    )
]


def test_no_network_is_forgotten(data: Path) -> None:
    present = (data / "networks/neurocodebench_satrelu").glob("*.onnx")
    assert sorted(path.stem for path in present) == sorted(Path(name).stem for name in SATRELU)
    assert len(list((data / "networks/acasxu").glob("*.onnx"))) == len(ACAS)


@pytest.mark.parametrize("name", SIZES)
def test_promised_networks_are_read(data: Path, name: str) -> None:
    graph = load_model(data / "networks" / name)
    sizes = [graph.node(tensor).size for tensor in (*graph.inputs, *graph.outputs)]
    assert sizes == list(SIZES[name])


def point_of(graph: Graph, seed: int) -> Points:
    """Small integers."""
    shape = graph.node(graph.inputs[0]).shape
    return np.random.default_rng(seed).integers(-3, 4, shape).astype(np.float64)


def exact_output(graph: Graph, point: Points) -> list[mpq]:
    entries = [mpq(float(entry)) for entry in point.ravel()]
    row = ExactTensor.from_rationals(entries, (1, point.size))
    return evaluate_graph(prepare(graph), {graph.inputs[0]: row})[graph.outputs[0]].rationals()


@pytest.mark.parametrize("name", SATRELU)
def test_integer_networks_are_computed_exactly(data: Path, name: str) -> None:
    graph = load_model(data / "networks" / name)
    reference = ReferenceEvaluator(str(data / "networks" / name))
    for seed in range(3):
        point = point_of(graph, seed)
        (output,) = reference.run(None, {graph.inputs[0]: point.astype(np.float32)})
        assert exact_output(graph, point) == [mpq(float(entry)) for entry in output.ravel()]


@pytest.mark.parametrize("name", [ACAS[0], ACAS[-1], *list(SIZES)[45:]])
def test_networks_are_computed_as_the_reference_does_in_binary64(data: Path, name: str) -> None:
    """Structure, not rounding: a wrong transpose or axis would be off by far more."""
    path = data / "networks" / name
    graph = load_model(path)
    point = point_of(graph, 7) / 8
    double = onnx.load(path)
    for tensor in double.graph.initializer:
        wide = numpy_helper.to_array(tensor).astype(np.float64)
        tensor.CopyFrom(numpy_helper.from_array(wide, tensor.name))
    (output,) = ReferenceEvaluator(double).run(None, {graph.inputs[0]: point.astype(np.float64)})
    exact = exact_output(graph, point)
    assert len(exact) == output.size
    scale = max(abs(entry) for entry in exact)
    for entry, other in zip(exact, output.ravel(), strict=True):
        assert abs(entry - mpq(float(other))) <= scale * mpq(1, 10**9)


def test_residual_networks_are_read(data: Path) -> None:
    graph = load_model(data / "networks/cersyve/pendulum_finetune_inv.onnx")
    assert sum(node.op is Op.ADD for node in graph.nodes) == 3


REFUSED = {
    "neurocodebench2/hopfield/hop_tanh_w4_r2": "(Loop, opset 15): this operator is not supported",
    "marabou/layer-zoo/dropout_training_mode_true": "(Dropout, opset 20): training mode is not "
    "supported",
}


def in_order(graph: onnx.GraphProto) -> None:
    """Nodes after those they use, as the reference needs them."""
    known = {"", *(item.name for item in (*graph.input, *graph.initializer))}
    pending, placed = list(graph.node), []
    while pending:
        ready = next(node for node in pending if known.issuperset(node.input))
        pending.remove(ready)
        placed.append(ready)
        known.update(ready.output)
    del graph.node[:]
    graph.node.extend(placed)


def in_binary64(path: Path) -> onnx.ModelProto:
    """The model with every float32 tensor made float64.

    The reference takes version 9 of batch normalisation for training: a momentum of 1 makes it
    use the stored mean and variance all the same.
    """
    made = onnx.load(path)
    in_order(made.graph)
    values = [a.t for node in made.graph.node for a in node.attribute if a.name == "value"]
    for tensor in (*made.graph.initializer, *values):
        if tensor.data_type == onnx.TensorProto.FLOAT:
            wide = numpy_helper.to_array(tensor).astype(np.float64)
            tensor.CopyFrom(numpy_helper.from_array(wide, tensor.name))
    for node in made.graph.node:
        for attribute in node.attribute:
            if attribute.name == "momentum":
                attribute.f = 1.0
            if (node.op_type, attribute.name, attribute.i) == ("Cast", "to", 1):
                attribute.i = onnx.TensorProto.DOUBLE
    return made


EVALUATED = (
    *("acasxu/ACASXU_run2a_1_1_batch_2000", "cersyve/pendulum_finetune_inv"),
    *("neurocodebench2/lipschitz_bounded/sll_arch_3x8x8x1", "rl_benchmarks/cartpole"),
    "neurocodebench2/poly_approx/polynomial_16_16",
)


def test_every_network_is_enclosed_as_the_reference_computes_it_in_binary64(data: Path) -> None:
    """Every file of one folder, and one of each kind: within 1e-9 of the greatest output."""
    folder = data / "networks"
    names = [*(folder / "marabou").rglob("*.onnx"), *(folder / f"{n}.onnx" for n in EVALUATED)]
    evaluated = 0
    for path in sorted(names):
        if path.stem != "dropout_training_mode_true":
            check_enclosure(path)
            evaluated += 1
    assert evaluated == 52


def check_enclosure(path: Path) -> None:
    graph = load_model(path)
    source = np.random.default_rng(4)
    feeds = {name: source.integers(-8, 9, graph.node(name).shape) / 8 for name in graph.inputs}
    rows = {
        name: ExactTensor.from_rationals([mpq(float(v)) for v in value.ravel()], (1, value.size))
        for name, value in feeds.items()
    }
    found = enclose_graph(prepare(graph), {name: (row, row) for name, row in rows.items()}, 200)
    results = ReferenceEvaluator(in_binary64(path)).run(None, feeds)
    for name, result in zip(graph.outputs, results, strict=True):
        assert graph.node(name).shape == result.shape, path
        lower, upper = (end.rationals() for end in found[name])
        scale = max(1, *(abs(value) for value in lower))
        for value, low, high in zip(result.ravel(), lower, upper, strict=True):
            assert high - low <= mpq(1, 2**150)
            assert abs(low - mpq(float(value))) <= scale * mpq(1, 10**9), path


@pytest.mark.parametrize("name", REFUSED)
def test_networks_beyond_us_are_refused_with_the_reason(data: Path, name: str) -> None:
    with pytest.raises(InputError) as caught:
        load_model(data / "networks" / f"{name}.onnx")
    assert str(caught.value).endswith(REFUSED[name])


@pytest.mark.parametrize(
    "name", ["add", "flatten", "gemm", "identity", "matmul", "relu", "reshape", "sub", "transpose"]
)
def test_one_operator_networks_whose_nodes_stand_out_of_order(data: Path, name: str) -> None:
    assert load_model(data / "networks/marabou/layer-zoo" / f"{name}.onnx").outputs == ("y",)


def test_every_network_is_read_but_loops_and_training(data: Path) -> None:
    """What is refused is refused by name, in one line."""
    refused: dict[str, int] = {}
    for path in sorted((data / "networks").rglob("*.onnx")):
        try:
            load_model(path)
        except InputError as error:
            text = str(error)
            assert "\n" not in text
            reason = "Loop" if "(Loop, opset 15): this operator is not supported" in text else text
            refused[reason.removeprefix(str(path))] = refused.get(reason, 0) + 1
    training = ": node defining 'y' (Dropout, opset 20): training mode is not supported"
    assert refused == {"Loop": 40, training: 1}


def test_a_false_declaration_in_a_file_is_shown(data: Path) -> None:
    graph = load_model(data / "networks/marabou/layer-zoo/squeeze_with_axes.onnx")
    assert graph.node("y").shape == (1, 2, 3)
    assert graph.remarks == ("tensor 'y': declared with 2 dimensions, but its shape is [1, 2, 3]",)
