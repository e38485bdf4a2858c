"""TorchLean's graphs: both vocabularies, exact values, and refusals with their node."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from gmpy2 import mpq

from refsem.errors import InputError
from refsem.exact import ExactTensor
from refsem.ir import Op, load_model
from refsem.ir.evaluation import evaluate_graph, prepare
from refsem.ir.execution import Execution, Extrema, execute, in_order
from refsem.ir.torchlean_reader import read_torchlean
from refsem.kernel.orders import Products, Start, left_to_right
from refsem.rounding import BINARY32, RISCV, Mode

Document = dict[str, Any]


def node(
    identity: int, kind: str, parents: list[int], shape: list[int], **more: object
) -> Document:
    return {"id": identity, "kind": kind, "parents": parents, "shape": shape} | more


def graph(*nodes: Document, **more: object) -> Document:
    return {"format": "torchlean.ir.v1", "input_id": 0, "nodes": list(nodes)} | (
        more or {"output_id": len(nodes) - 1}
    )


def sample(kind: str) -> Document:
    return graph(node(0, "input", [], [1, 4]), node(1, kind, [0], [1, 4]), node(2, "sum", [1], []))


def value(path: Path, document: Document, *point: int) -> list[mpq]:
    path.write_text(json.dumps(document))
    prepared = prepare(load_model(path))
    row = ExactTensor.from_rationals([mpq(x) for x in point], (1, len(point)))
    values = evaluate_graph(prepared, {prepared.graph.inputs[0]: row})
    return values[prepared.graph.outputs[0]].rationals()


@pytest.mark.parametrize("name", ["ir_v1_eraA_minimal.json", "ir_v1_eraD_minimal.json"])
def test_the_samples_evaluate_to_four(data: Path, tmp_path: Path, name: str) -> None:
    text = (data / "torchlean" / "ir_samples" / name).read_text()
    assert value(tmp_path / "g.json", json.loads(text), 1, -2, 3, -4) == [4]


WIDE = {"kH": 3, "kW": 3, "stride": 1, "padding": 2}


def on_image(kind: str, shape: list[int], **more: object) -> Document:
    """1, -2, 3, -4 as an image of two rows."""
    nodes = node(0, "input", [], [4]), node(1, "reshape", [0], [1, 2, 2])
    return graph(*nodes, node(2, kind, [1], shape, **more))


AFFINE = graph(
    node(0, "input", [], [4]),
    node(1, "linear", [0], [2], weight=[[1, 0, 0, 0], [0, 1, 1, 0]], bias=[0.5, 7]),
    node(2, "reshape", [1], [2, 1]),
    node(3, "const", [], [2, 1], values=[[0.5], [-1]]),
    node(4, "add", [2, 3], [2, 1]),
)
CASES: list[tuple[Document, list[int] | list[mpq]]] = [
    (on_image("max_pool2d", [1, 1, 2], kH=2, kW=1, stride=1), [3, -2]),
    (on_image("max_pool2d", [1, 1, 1], kH=1, kW=1, stride=2), [1]),
    (on_image("avg_pool2d", [1, 2, 1], kH=1, kW=2, stride=1), [mpq(-1, 2), mpq(-1, 2)]),
    (
        on_image("max_pool2d_pad", [1, 2, 2], kH=2, kW=2, stride=2, padding=1),
        [1, -2, 3, -4],
    ),
    (
        on_image("avg_pool2d_pad", [1, 2, 2], kH=3, kW=3, stride=1, padding=1),
        [mpq(-2, 9)] * 4,
    ),
    (
        graph(
            node(0, "input", [], [2, 2]),
            node(1, "abs", [0], [2, 2]),
            node(2, "concat", [0, 1, 0], [2, 6], axis=1),
        ),
        [1, -2, 1, 2, 1, -2, 3, -4, 3, 4, 3, -4],
    ),
    (
        graph(
            node(0, "input", [], [4]),
            node(1, "abs", [0], [4]),
            node(2, "mse_loss", [0, 1], []),
        ),
        [20],
    ),
    (
        graph(
            node(0, "input", [], [4]),
            node(1, "concat", [0, 0, 0], [12], axis=0),
            node(2, "reshape", [1], [2, 6]),
            node(3, "reduce_mean", [2], [2, 1], axes=[1], keepdim=True),
        ),
        [mpq(-1, 2)] * 2,
    ),
    (graph(node(0, "input", [], [4]), node(1, "abs", [0], [4])), [1, 2, 3, 4]),
    (
        AFFINE,
        [2, 7],
    ),
    (
        graph(
            node(0, "input", [], [4]),
            node(1, "reshape", [0], [2, 2]),
            node(2, "reduce_sum", [1], [2], axis=0),
        ),
        [4, -6],
    ),
    (
        graph(
            node(0, "input", [], [4]),
            node(1, "reshape", [0], [2, 2]),
            node(2, "reduce_mean", [1], [2, 1], axes=[1], keepdim=True),
            output_ids=[2],
        ),
        [mpq(-1, 2), mpq(-1, 2)],
    ),
    (
        graph(
            node(0, "input", [], [4]),
            node(1, "reshape", [0], [2, 2]),
            node(2, "permute", [1], [2, 2], perm=[1, 0]),
            node(3, "flatten", [2], [4]),
        ),
        [1, 3, -2, -4],
    ),
    (
        graph(
            node(0, "input", [], [4]),
            node(1, "reshape", [0], [1, 4]),
            node(2, "broadcast_to", [1], [2, 4]),
            node(3, "matmul", [2], [2, 1], weight=[[1, 1, 1, 2]]),
        ),
        [-6, -6],
    ),
]


@pytest.mark.parametrize(("document", "expected"), CASES)
def test_operators_mean_what_they_say(
    tmp_path: Path, document: Document, expected: list[int]
) -> None:
    assert value(tmp_path / "g.json", document, 1, -2, 3, -4) == expected


def test_a_decimal_parameter_is_rounded_once_to_nearest(tmp_path: Path) -> None:
    # the double rounding 1 + 2^-24 + 2^-60 -> binary64 -> binary32 would give 1
    text = str(mpq(1) + mpq(1, 2**24) + mpq(1, 2**60))
    exact = mpq(text)
    digits = str((exact * 10**60).numerator)
    path = tmp_path / "g.json"
    document = graph(node(0, "input", [], [1]), node(1, "const", [], [1], values=["@"]))
    document["nodes"].append(node(2, "add", [0, 1], [1]))
    document["output_id"] = 2
    path.write_text(json.dumps(document).replace('"@"', f"{digits[0]}.{digits[1:]}"))
    assert read_torchlean(path).graph.constants["n1"].tolist() == [0x3F800001]


REFUSED: list[tuple[Document, str]] = [
    (sample("relu") | {"format": "torchlean.ir.v2"}, "'torchlean.ir.v2'; expected"),
    (sample("sort"), "node 1: operator 'sort' is not supported"),
    (sample("relu") | {"input_id": 1}, "does not name the one input node"),
    (sample("relu") | {"output_ids": [2]}, "one of output_id and output_ids is needed"),
    (
        graph(node(0, "input", [], [1, 4]), node(1, "relu", [0], [1, 5])),
        "declared [1, 5], inferred [1, 4]",
    ),
    (
        graph(node(0, "input", [], [4]), node(1, "relu", [2], [4]), node(2, "relu", [1], [4])),
        "parent id 2 is not < 1",
    ),
    (graph(node(0, "input", [], [4]), node(2, "relu", [0], [4])), "must have id 1"),
    (graph(node(0, "input", [], [4]), node(1, "relu", [0], [4], alpha=2)), "unknown key"),
    (graph(node(0, "input", [], [4]), node(1, "add", [0], [4])), "1 parents; add takes 2"),
    (
        graph(node(0, "input", [], [4]), node(1, "linear", [0], [2])),
        "the key 'weight' is missing",
    ),
    (
        graph(
            node(0, "input", [], [1, 4]),
            node(1, "const", [], [4], values=[1, 2, 3, 4]),
            node(2, "add", [0, 1], [1, 4]),
        ),
        "operands of shapes [[1, 4], [4]]",
    ),
    (
        graph(node(0, "input", [], [2, 0]), node(1, "reduce_mean", [0], [2], axis=1)),
        "a mean of no entries",
    ),
    (
        graph(node(0, "input", [], [1, 2, 2]), node(1, "max_pool2d_pad", [0], [1, 3, 3], **WIDE)),
        "2 is more than half a window of [3, 3]",
    ),
    (
        graph(node(0, "input", [], [4]), node(1, "max_pool2d", [0], [4], kH=1, kW=1, stride=1)),
        "channels, rows, columns expected",
    ),
    (
        graph(node(0, "input", [], [1, 2, 2]), node(1, "max_pool2d", [0], [1, 2, 2], kH=2, kW=1)),
        "the key 'stride' is missing",
    ),
    (
        graph(node(0, "input", [], [4]), node(1, "softmax", [0], [4], axis=1)),
        "1 is not between 0 and 0",
    ),
    (graph(node(0, "input", [], [4]), node(1, "concat", [0], [4], axis=0)), "1 parents; concat"),
    (
        graph(
            node(0, "input", [], [1, 4]),
            node(1, "reshape", [0], [4]),
            node(2, "mse_loss", [0, 1], []),
        ),
        "operands of shapes [[1, 4], [4]]",
    ),
    *(
        (sample(kind), f"operator {kind!r} is not supported")
        for kind in ("conv2d", "conv", "layernorm", "batch_norm2d_nchw_eval", "max_pool")
    ),
    (
        graph(
            node(0, "input", [], [1]),
            node(1, "const", [], [1], values=[1e39]),
            node(2, "add", [0, 1], [1]),
        ),
        "entry 0 is beyond the range of binary32",
    ),
    (graph(node(0, "input", [], [10**5, 10**5])), "10000000000 entries; at most"),
    (graph(node(0, "input", [], [1]), node(1, "input", [], [1])), "the one input node"),
]


@pytest.mark.parametrize(("document", "message"), REFUSED)
def test_what_is_not_right_is_refused(tmp_path: Path, document: Document, message: str) -> None:
    path = tmp_path / "g.json"
    path.write_text(json.dumps(document))
    with pytest.raises(InputError) as caught:
        load_model(path)
    assert message in str(caught.value)


def test_a_softmax_is_along_its_axis(tmp_path: Path) -> None:
    path = tmp_path / "g.json"
    path.write_text(
        json.dumps(graph(node(0, "input", [], [2, 3]), node(1, "softmax", [0], [2, 3], axis=0)))
    )
    found = load_model(path).node("n1")
    assert (found.op, found.attribute("axes")) == (Op.SOFTMAX, (0,))


def test_every_node_has_its_tensor(tmp_path: Path) -> None:
    path = tmp_path / "g.json"
    path.write_text(json.dumps(AFFINE))
    read = read_torchlean(path)
    assert read.tensors == ("n0", "n1", "n2", "n3", "n4")
    assert np.array_equal(read.graph.constants["n1.weight"].shape, (4, 2))


def test_the_sigmoid_sample_executes_to_its_known_value(tmp_path: Path) -> None:
    path = tmp_path / "g.json"
    path.write_text(json.dumps(sample("sigmoid")))
    graph = load_model(path)
    orders = in_order(graph, lambda n: left_to_right(n, BINARY32, Start.ZERO, Products.ROUNDED))
    point = np.array([[1, -2, 3, -4]], np.float32).view(np.uint32)
    how = Execution(Mode.RNE, RISCV, Extrema.PROPAGATING, orders)
    bits = execute(graph, how, {"n0": point}).bits[graph.outputs[0]]
    assert f"{bits.view(np.float32).item():.6f}" == "1.820822"
