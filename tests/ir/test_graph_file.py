"""Graphs written as `refsem.graph.v1` and read again are the same; what is spoilt is refused."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from onnx import helper
from onnx_models import f32, i64, model, read

from refsem.errors import InputError
from refsem.ir import Graph, load_model
from refsem.ir.graph_file import graph_object


def small() -> Graph:
    """A graph with every kind of attribute, and remarks."""
    nodes = [
        helper.make_node("Conv", ["x", "w"], ["c"], pads=[1, 0, 0, 1]),
        helper.make_node("LeakyRelu", ["c"], ["l"], alpha=0.1),
        helper.make_node("Gather", ["l", "i"], ["g"], axis=1),
        helper.make_node("Softmax", ["g"], ["y"], axis=1),
    ]
    weights = f32([[[1, -0.0], [1e-45, 2]]], [[[3, 4], [5, 6]]])
    made = model(nodes, {"w": weights, "i": i64(1, 0, 1)}, {"x": (1, 1, 3, 3)})
    info = helper.make_tensor_value_info("c", 1, [9])
    made.graph.value_info.append(info)
    return read(made)


def written(folder: Path, found: object) -> Path:
    path = folder / "graph.json"
    path.write_text(json.dumps(found), encoding="utf-8")
    return path


def same(one: Graph, other: Graph) -> bool:
    return (one.nodes, one.inputs, one.outputs, one.remarks) == (
        *(other.nodes, other.inputs, other.outputs, other.remarks),
    ) and all(np.array_equal(one.constants[k], other.constants[k]) for k in one.constants)


def test_what_is_written_is_what_is_read(tmp_path: Path) -> None:
    graph = small()
    assert graph.remarks
    assert same(load_model(written(tmp_path, graph_object(graph))), graph)


def test_shared_networks_come_back(tmp_path: Path, data: Path) -> None:
    for name in (
        "marabou/conv_mp1",
        "cersyve/point_mass_finetune_con",
        "marabou/layer-zoo/maxpool",
    ):
        graph = load_model(data / "networks" / f"{name}.onnx")
        assert same(load_model(written(tmp_path, graph_object(graph))), graph)


SPOILT: dict[str, tuple[Callable[[Any], object], str]] = {
    "a key": (lambda g: g.update(extra=1), "extra: unknown key"),
    "an operator": (lambda g: g["nodes"][2].update(op="loop"), "no operator is named 'loop'"),
    "an order": (lambda g: g["nodes"].reverse(), "is not defined before"),
    "a name": (lambda g: g["nodes"][1].update(name="x"), "tensor 'x' is defined twice"),
    "a shape": (lambda g: g["nodes"][2].update(shape=[1, 2, 3, 4]), "the shape is [1, 2, 3, 3]"),
    "a size": (lambda g: g["nodes"][0].update(shape=[2**30]), "larger than the limit"),
    "bits": (lambda g: g["nodes"][1].update(bits="00"), "64 hexadecimal digits expected"),
    "bits elsewhere": (lambda g: g["nodes"][2].update(bits=""), "bits stand with constants"),
    "a number": (
        lambda g: g["nodes"][3]["attributes"].update(alpha="0.1"),
        "an integer, integers, a rational number or a word expected",
    ),
    "an attribute": (
        lambda g: g["nodes"][3]["attributes"].update(beta=1),
        "leaky_relu has attributes ['alpha']",
    ),
    "a word": (
        lambda g: g["nodes"][2]["attributes"].update(layout={"word": "HWC"}),
        "'HWC' is none of NCHW, NHWC, CHW",
    ),
    "outputs": (lambda g: g.update(outputs=["q"]), "q: is an output but is not defined"),
    "not a number": (
        lambda g: g["nodes"][1].update(bits="7fc00000" * 8),
        "is not finite (bits 7fc00000)",
    ),
}


@pytest.mark.parametrize("name", SPOILT)
def test_a_spoilt_file_is_refused(tmp_path: Path, name: str) -> None:
    spoil, message = SPOILT[name]
    found = graph_object(small())
    spoil(found)
    with pytest.raises(InputError) as caught:
        load_model(written(tmp_path, found))
    assert message in str(caught.value)
