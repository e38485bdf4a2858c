"""Upsample and Resize: which entries are taken, and what is refused; drawn models are elsewhere."""

from pathlib import Path

import numpy as np
import pytest
from onnx import NodeProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator
from onnx_models import Constants, f32, i64, model, read

from refsem.errors import InputError
from refsem.exact import ExactTensor
from refsem.ir import Op
from refsem.ir.evaluation import evaluate_graph, prepare
from refsem.ir.graph_file import read_graph, write_graph


def resize(*inputs: str, **attributes: object) -> NodeProto:
    return helper.make_node("Resize", ["x", *inputs], ["y"], "r", **attributes)


def taken(node: NodeProto, constants: Constants, length: int, opset: int = 19) -> list[int]:
    """Which entries of a vector are taken, where its entries are their own places."""
    prepared = prepare(read(model([node], constants, {"x": (length,)}, opset=opset)))
    point = ExactTensor(np.arange(length, dtype=object).reshape(1, -1), 0, 1)
    return [int(value) for value in evaluate_graph(prepared, {"x": point})["y"].rationals()]


@pytest.mark.parametrize(
    ("position", "nearest", "expected"),
    [
        ("asymmetric", "floor", [0, 0, 0, 0, 1, 1, 1, 1]),
        ("asymmetric", "ceil", [0, 1, 1, 1, 1, 1, 1, 1]),
        ("asymmetric", "round_prefer_floor", [0, 0, 0, 1, 1, 1, 1, 1]),
        ("asymmetric", "round_prefer_ceil", [0, 0, 1, 1, 1, 1, 1, 1]),
        ("half_pixel", "floor", [0, 0, 0, 0, 0, 0, 1, 1]),
        ("half_pixel", "ceil", [0, 0, 1, 1, 1, 1, 1, 1]),
        ("half_pixel", "round_prefer_floor", [0, 0, 0, 0, 1, 1, 1, 1]),
        ("pytorch_half_pixel", "round_prefer_ceil", [0, 0, 0, 0, 1, 1, 1, 1]),
    ],
)
def test_the_nearest_entry_is_taken(position: str, nearest: str, expected: list[int]) -> None:
    """By hand: entry o of eight lies at o / 4, or at (2 · o - 3) / 8."""
    node = resize("", "s", coordinate_transformation_mode=position, nearest_mode=nearest)
    assert taken(node, {"s": f32(4)}, 2) == expected
    sizes = resize("", "", "n", coordinate_transformation_mode=position, nearest_mode=nearest)
    assert taken(sizes, {"n": i64(8)}, 2) == expected


def test_an_image_is_doubled_as_exporters_write_it() -> None:
    """Upsample of a scale input, and Resize with an empty region and empty scales beside sizes."""
    image = np.arange(4, dtype=np.float32).reshape(1, 1, 2, 2)
    doubled = [0, 0, 1, 1, 0, 0, 1, 1, 2, 2, 3, 3, 2, 2, 3, 3]
    old = helper.make_node("Upsample", ["x", "s"], ["y"], mode="nearest")
    simple = helper.make_node("Resize", ["x", "s"], ["y"], mode="nearest")
    new = resize(
        *("none", "none", "n"),
        coordinate_transformation_mode="asymmetric",
        cubic_coeff_a=-0.75,
        mode="nearest",
        nearest_mode="floor",
    )
    constants = {"s": f32(1, 1, 2, 2), "n": i64(1, 1, 4, 4), "none": f32()}
    for node, opset in ((old, 9), (simple, 10), (new, 11)):
        named = {name: constants[name] for name in {*node.input} - {"x"}}
        made = model([node], named, {"x": image.shape}, opset=opset)
        assert read(made).node("y").shape == (1, 1, 4, 4)
        point = ExactTensor(np.arange(4, dtype=object).reshape(1, -1), 0, 1)
        assert evaluate_graph(prepare(read(made)), {"x": point})["y"].rationals() == doubled
        if opset > 10:
            (seen,) = ReferenceEvaluator(made).run(None, {"x": image})
            assert seen.ravel().tolist() == doubled


def test_what_is_taken_is_written_and_read_again(tmp_path: Path) -> None:
    graph = read(model([resize("", "s")], {"s": f32(2)}, {"x": (2,)}))
    assert dict(graph.node("y").attributes)["indices"] == (0, 0, 1, 1)
    write_graph(tmp_path / "g.json", graph)
    assert read_graph(tmp_path / "g.json").nodes == graph.nodes


def test_axes_are_scaled_as_they_are_named() -> None:
    node = resize("", "s", axes=[-1, 0], nearest_mode="floor")
    graph = read(model([node], {"s": f32(3, 2)}, {"x": (1, 5, 2)}, opset=18))
    assert graph.node("y").shape == (2, 5, 6)


def test_a_scale_of_one_changes_nothing() -> None:
    node = resize("", "s")
    graph = read(model([node], {"s": f32(1, 1)}, {"x": (2, 3)}))
    assert [node.op for node in graph.nodes] == [Op.INPUT, Op.IDENTITY]


FAR = f32(2**24)
REFUSED = {
    "linear": (resize("", "s", mode="linear"), f32(2), "mode 'linear' is not supported"),
    "a fraction": (resize("", "s"), f32(1.5), "scale 3/2 of axis 0 is not a whole number"),
    "smaller": (resize("", "s"), f32(0.5), "scale 1/2 of axis 0 is not a whole number"),
    "nothing left": (resize("", "s"), f32(0), "scale 0 of axis 0 is not a whole number"),
    "negative": (resize("", "s"), f32(-2), "scale -2 of axis 0 is not a whole number"),
    "too long": (resize("", "s"), FAR, "shape [50331648] is larger than the limit"),
    "a size between": (resize("", "", "s"), i64(4), "scale 4/3 of axis 0 is not a whole number"),
    "too many sizes": (resize("", "", "s"), i64(3, 3), "sizes [3, 3] of axes of lengths [3]"),
    "too many scales": (resize("", "s"), f32(2, 2), "2 scales or sizes for axes [0]"),
    "both": (resize("", "t", "s"), i64(6), "either scales or sizes are expected"),
    "neither": (resize("", "", ""), f32(2), "either scales or sizes are expected"),
    "no list": (resize("", "s"), f32([2]), "input 2 has shape [1, 1], at most 32 numbers expected"),
    "whole numbers": (resize("", "s"), i64(2), "input 2 is not a constant float32 tensor"),
    "no constant": (resize("", "x"), f32(2), "input 2 is not a constant float32 tensor"),
    "axes twice": (resize("", "s", axes=[0, -1]), f32(2, 2), "2 scales or sizes for axes [0, -1]"),
    "no such axis": (resize("", "s", axes=[1]), f32(2), "axis 1 is out of range"),
    "corners": (
        resize("", "s", coordinate_transformation_mode="align_corners"),
        f32(2),
        "coordinate_transformation_mode 'align_corners' is not supported",
    ),
    "a cut": (
        resize("t", "s", coordinate_transformation_mode="tf_crop_and_resize"),
        f32(2),
        "coordinate_transformation_mode 'tf_crop_and_resize' is not supported",
    ),
    "a word": (resize("", "s", nearest_mode="up"), f32(2), "nearest_mode 'up' is not known"),
    "outside": (
        resize("", "s", exclude_outside=1),
        f32(2),
        "attribute 'exclude_outside' other than 0 is not supported",
    ),
    "smoothed": (
        resize("", "s", antialias=1),
        f32(2),
        "attribute 'antialias' other than 0 is not supported",
    ),
    "a ratio": (
        resize("", "", "s", keep_aspect_ratio_policy="not_larger"),
        i64(6),
        "keep_aspect_ratio_policy 'not_larger' is not supported",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_not_meant_is_refused(name: str) -> None:
    node, values, complaint = REFUSED[name]
    made = model([node], {"t": f32(2)}, {"x": (3,)}, opset=18)
    made.graph.initializer.append(numpy_helper.from_array(values, "s"))
    with pytest.raises(InputError) as caught:
        read(made)
    assert str(caught.value).startswith(f"m.onnx: node 'r' (Resize, opset 18): {complaint}")


def test_upsample_is_read_while_it_was_one() -> None:
    for opset, scales, text in (
        (10, ["s"], "this operator is supported up to opset 9"),
        (6, [], "this operator is supported from opset 7 on"),
        (8, [], "attribute 'scales' is not a list of at most 32 numbers"),
        (9, [], "1 inputs, 2 expected"),
    ):
        node = helper.make_node("Upsample", ["x", *scales], ["y"], "u")
        with pytest.raises(InputError) as caught:
            read(model([node], {"s": f32(2)}, {"x": (3,)}, opset=opset))
        assert str(caught.value) == f"m.onnx: node 'u' (Upsample, opset {opset}): {text}"
