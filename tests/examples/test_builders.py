"""The models other tests build are valid ONNX, mean what they say and repeat with the seed."""

from pathlib import Path
from typing import Literal

import builders
import numpy as np
import onnx
import pytest
from onnx import helper
from onnx.reference import ReferenceEvaluator


def outputs(path: Path, inputs: builders.Array) -> builders.Array:
    onnx.checker.check_model(onnx.load(path), full_check=True)
    (found,) = ReferenceEvaluator(onnx.load(path)).run(None, {"x": inputs})
    return np.asarray(found, np.float32)


@pytest.mark.parametrize("affine", ["Gemm", "MatMul"])
@pytest.mark.parametrize("shape", [None, (1, 3), (1, 3, 1, 1)])
def test_a_chain_computes_its_layers(
    tmp_path: Path, affine: Literal["Gemm", "MatMul"], shape: tuple[int, ...] | None
) -> None:
    layers = builders.random_layers((3, 4, 2), seed=3, kind="integer")
    path = builders.sequential(tmp_path / "m.onnx", layers, affine=affine, shape=shape)
    (first, start), (second, shift) = layers
    inputs = np.array([[1, -2, 3]], np.float32)
    expected = np.maximum(inputs @ first + start, 0) @ second + shift
    assert np.array_equal(outputs(path, inputs.reshape(shape or (1, 3))), expected)


def test_a_residual_adds_what_its_block_was_given(tmp_path: Path) -> None:
    first, inner, last = builders.random_layers((2, 3, 3, 1), seed=5, kind="integer")
    path = builders.residual(tmp_path / "m.onnx", first, inner, last)
    inputs = np.array([[2, -1]], np.float32)
    kept = np.maximum(inputs @ first[0] + first[1], 0)
    expected = np.maximum(kept + kept @ inner[0] + inner[1], 0) @ last[0] + last[1]
    assert np.array_equal(outputs(path, inputs), expected)


def test_layers_repeat_with_the_seed_and_differ_without() -> None:
    def bits(seed: int) -> list[bytes]:
        layers = builders.random_layers((4, 4, 2), seed=seed, kind="binary32")
        return [array.tobytes() for one in layers for array in one]

    assert bits(7) == bits(7)
    assert bits(7) != bits(8)


def test_random_layers_hold_what_their_kind_says() -> None:
    for weights, bias in builders.random_layers((20, 20), seed=0, kind="integer"):
        values = {*np.unique(weights).tolist(), *np.unique(bias).tolist()}
        assert values == set(range(-3, 4))
    for weights, bias in builders.random_layers((20, 20), seed=0, kind="binary32"):
        assert max(np.abs(weights).max(), np.abs(bias).max()) < 1
        assert weights.dtype == bias.dtype == np.float32
        assert (weights.shape, bias.shape) == ((20, 20), (20,))


def test_layer_rounds_lists_to_float32() -> None:
    weights, bias = builders.layer([[0.1, 1]], [2, 3])
    assert weights.tolist() == [[float(np.float32(0.1)), 1.0]]
    assert bias.tolist() == [2.0, 3.0]


def test_the_same_arguments_give_the_same_bytes(tmp_path: Path) -> None:
    layers = builders.random_layers((3, 2), seed=1, kind="binary32")
    one, two = (builders.sequential(tmp_path / f"{name}.onnx", layers) for name in "ab")
    assert one.read_bytes() == two.read_bytes()


def test_save_writes_a_model_that_is_wrong_on_purpose(tmp_path: Path) -> None:
    node = helper.make_node("NoSuchOperator", ["absent"], ["y"])
    path = builders.save(tmp_path / "m.onnx", [node], {}, {"x": ["n", 2]}, {"y": [1]}, opset=9)
    model = onnx.load(path)
    assert [one.version for one in model.opset_import] == [9]
    with pytest.raises(onnx.checker.ValidationError):
        onnx.checker.check_model(model)
