"""The bundled network is what its script makes, classifies as recorded, and its properties are
what their files say: exact boxes, one out of reach of intervals, one violated at a corner.

That CROWN proves `robust.vnnlib` is the audit's to show, not tested here.
"""

import json
import subprocess
import sys
from fractions import Fraction
from pathlib import Path
from types import ModuleType

import numpy as np
import onnx
import pytest
from onnx import helper, numpy_helper
from onnx.reference import ReferenceEvaluator

from refsem.properties import Property, load_property

Exact = list[Fraction]
ExactLayer = tuple[list[Exact], Exact]  # rows of weights (outputs x inputs) and bias

FILES = {
    "README.md",
    "attack.vnnlib",
    "bounds.json",
    "digits.onnx",
    "robust.vnnlib",
    "two_pixels.vnnlib",
}


def model(digits: Path) -> onnx.ModelProto:
    return onnx.load(digits / "digits.onnx")


def free_pixels(digits: Path, file: str) -> list[int]:
    """The pixels of a property that take any value, from the training record."""
    listed = json.loads((digits / "training.json").read_text())["properties"]
    (found,) = (entry["free"] for entry in listed if entry["file"] == file)
    return list(found)


def recorded(digits: Path, file: str) -> tuple[int, int, Fraction]:
    """Image, label and radius of a property, from the training record."""
    for entry in json.loads((digits / "training.json").read_text())["properties"]:
        if entry["file"] == file:
            return entry["image"], entry["label"], Fraction(entry["radius"])
    raise KeyError(file)


def exact_layers(digits: Path) -> list[ExactLayer]:
    arrays = {one.name: numpy_helper.to_array(one) for one in model(digits).graph.initializer}
    layers = []
    for name in ("hidden_1", "hidden_2", "logits"):
        rows = [[Fraction(w) for w in row] for row in arrays[f"{name}_weight"].tolist()]
        layers.append((rows, [Fraction(b) for b in arrays[f"{name}_bias"].tolist()]))
    return layers


def exact_outputs(layers: list[ExactLayer], pixels: Exact) -> Exact:
    values = [pixel / 16 for pixel in pixels]
    for place, (rows, bias) in enumerate(layers):
        values = [
            sum((w * x for w, x in zip(row, values, strict=True)), start)
            for row, start in zip(rows, bias, strict=True)
        ]
        if place < len(layers) - 1:
            values = [max(value, Fraction(0)) for value in values]
    return values


def margin(outputs: Exact, label: int) -> Fraction:
    """How far the label's output is above every other."""
    return outputs[label] - max(value for j, value in enumerate(outputs) if j != label)


def ends(property_: Property) -> tuple[Exact, Exact]:
    first = property_.cases[0]
    return [Fraction(str(end)) for end in first.lower], [Fraction(str(end)) for end in first.upper]


def test_the_script_makes_every_committed_file_again(
    train_digits: ModuleType, digits: Path
) -> None:
    built = train_digits.build()
    record = json.loads(built.pop("training.json"))
    committed = json.loads((digits / "training.json").read_text())
    assert set(record.pop("versions")) == set(committed.pop("versions"))
    assert record == committed
    assert set(built) == {"digits.onnx", "robust.vnnlib", "attack.vnnlib", "two_pixels.vnnlib"}
    for name, content in built.items():
        assert content == (digits / name).read_bytes(), name


def test_the_folder_holds_the_described_files_and_each_is_small(digits: Path) -> None:
    sizes = {path.name: path.stat().st_size for path in digits.iterdir()}
    assert set(sizes) == FILES | {"training.json", "auto_lirpa.json", "marabou.json"}
    assert max(sizes.values()) < 200_000
    for name in sizes:
        assert name == "README.md" or f"`{name}`" in (digits / "README.md").read_text(), name


def test_the_graph_scales_flattens_and_alternates_gemm_and_relu(digits: Path) -> None:
    graph = model(digits).graph
    assert [(node.op_type, node.output[0]) for node in graph.node] == [
        ("Mul", "scaled"),
        ("Flatten", "features"),
        ("Gemm", "hidden_1"),
        ("Relu", "relu_1"),
        ("Gemm", "hidden_2"),
        ("Relu", "relu_2"),
        ("Gemm", "logits"),
    ]
    shapes = {one.name: (one.data_type, list(one.dims)) for one in graph.initializer}
    single = onnx.TensorProto.FLOAT
    assert shapes == {
        "pixel_scale": (single, []),
        "hidden_1_weight": (single, [32, 64]),
        "hidden_1_bias": (single, [32]),
        "hidden_2_weight": (single, [32, 32]),
        "hidden_2_bias": (single, [32]),
        "logits_weight": (single, [10, 32]),
        "logits_bias": (single, [10]),
    }
    assert numpy_helper.to_array(graph.initializer[0]).tolist() == 1 / 16
    assert list(model(digits).opset_import) == [helper.make_opsetid("", 13)]
    onnx.checker.check_model(model(digits), full_check=True)


def test_the_recorded_accuracy_is_what_the_reference_evaluator_measures(
    train_digits: ModuleType, digits: Path
) -> None:
    record = json.loads((digits / "training.json").read_text())
    images = train_digits.split_digits(np.random.PCG64(train_digits.SEED))
    held = images.images[images.test].reshape(-1, 8, 8).astype(np.float32)
    (outputs,) = ReferenceEvaluator(model(digits)).run(None, {"pixels": held})
    found = int(np.sum(np.argmax(outputs, axis=1) == images.labels[images.test]))
    assert (len(held), found) == (record["test_images"], record["test_correct"])
    assert found >= 0.95 * len(held)
    assert not set(images.training.tolist()) & set(images.test.tolist())


@pytest.mark.parametrize("file", ["robust.vnnlib", "attack.vnnlib", "two_pixels.vnnlib"])
def test_a_property_is_the_exact_clipped_box_around_a_held_out_image(
    train_digits: ModuleType, digits: Path, file: str
) -> None:
    image, label, radius = recorded(digits, file)
    images = train_digits.split_digits(np.random.PCG64(train_digits.SEED))
    pixels = images.images[image].tolist()
    assert image in images.test
    assert label == images.labels[image]
    found = load_property(digits / file)
    assert (found.inputs, found.outputs) == (64, 10)
    lower = [max(Fraction(pixel) - radius, Fraction(0)) for pixel in pixels]
    upper = [min(Fraction(pixel) + radius, Fraction(16)) for pixel in pixels]
    for pixel in free_pixels(digits, file):
        lower[pixel], upper[pixel] = Fraction(0), Fraction(16)
    for case in found.cases:
        assert (list(case.lower), list(case.upper)) == (lower, upper)
    unsafe = [case.unsafe for case in found.cases]
    assert [(one.outputs, one.bound, one.strict) for (one,) in unsafe] == [
        (tuple(sorted(((j, -1), (label, 1)))), 0, False) for j in range(10) if j != label
    ]
    centre = [Fraction(pixel) for pixel in pixels]
    assert margin(exact_outputs(exact_layers(digits), centre), label) > 1


@pytest.mark.parametrize("file", ["robust.vnnlib", "attack.vnnlib"])
def test_some_ends_of_a_box_are_no_binary32_number(digits: Path, file: str) -> None:
    lower, upper = ends(load_property(digits / file))
    assert any(Fraction(float(np.float32(float(end)))) != end for end in lower)
    assert any(Fraction(float(np.float32(float(end)))) != end for end in upper)


def worst_corner(layers: list[ExactLayer], box: tuple[Exact, Exact], label: int) -> Fraction:
    """The least margin at the corners to which the gradients at the centre point."""
    lower, upper = box
    values = [(l + u) / 32 for l, u in zip(lower, upper, strict=True)]
    slopes = [[Fraction(int(i == j)) for j in range(64)] for i in range(64)]
    for place, (rows, bias) in enumerate(layers):
        reached = [
            sum((w * x for w, x in zip(row, values, strict=True)), start)
            for row, start in zip(rows, bias, strict=True)
        ]
        alive = [place == len(layers) - 1 or value > 0 for value in reached]
        slopes = [
            [sum((w * s[k] for w, s in zip(row, slopes, strict=True)), Fraction(0)) * live
             for k in range(64)]
            for row, live in zip(rows, alive, strict=True)
        ]  # fmt: skip
        values = [value * live for value, live in zip(reached, alive, strict=True)]
    found = []
    for j in (j for j in range(10) if j != label):
        rising = [own > other for own, other in zip(slopes[label], slopes[j], strict=True)]
        corner = [l if up else u for l, u, up in zip(lower, upper, rising, strict=True)]
        found.append(margin(exact_outputs(layers, corner), label))
    return min(found)


def test_a_corner_of_the_attack_box_is_misclassified_exactly(digits: Path) -> None:
    _, label, _ = recorded(digits, "attack.vnnlib")
    box = ends(load_property(digits / "attack.vnnlib"))
    assert worst_corner(exact_layers(digits), box, label) < -1


def test_no_such_corner_of_the_robust_box_is_misclassified(digits: Path) -> None:
    _, label, _ = recorded(digits, "robust.vnnlib")
    box = ends(load_property(digits / "robust.vnnlib"))
    assert worst_corner(exact_layers(digits), box, label) > 1


def test_intervals_alone_are_far_from_proving_the_robust_property(
    numpy_ibp: ModuleType, digits: Path
) -> None:
    _, label, _ = recorded(digits, "robust.vnnlib")
    network = numpy_ibp.read_network(digits / "digits.onnx")
    wanted = load_property(digits / "robust.vnnlib")
    box = numpy_ibp.input_box(wanted, network.shape, outward=False)
    logits = numpy_ibp.propagate(network, box)[0]["logits"]
    assert logits.lower[0, label] < np.max(np.delete(logits.upper[0], label)) - 1


@pytest.mark.parametrize("arguments", [["absent"], ["a", "b"], ["--radius", "1"]])
def test_a_bad_argument_is_one_line_and_status_3(
    train_digits: ModuleType, arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert train_digits.main(arguments) == 3
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 1


def test_the_script_itself_exits_with_status_3(digits: Path) -> None:
    script = digits.parent / "train_digits.py"
    done = subprocess.run(
        [sys.executable, script, "absent"], check=False, capture_output=True, text=True
    )
    assert (done.returncode, done.stderr) == (3, "absent: not a directory\n")


@pytest.mark.parametrize("value", [Fraction(1, 3), Fraction(1, 100), Fraction(-1)])
def test_a_number_without_a_short_decimal_is_never_written(
    train_digits: ModuleType, value: Fraction
) -> None:
    with pytest.raises(ValueError, match="no non-negative multiple"):
        train_digits.decimal(value)


def test_decimals_are_exact(train_digits: ModuleType) -> None:
    tenths = [Fraction(k, 10) for k in range(161)]
    assert [Fraction(train_digits.decimal(value)) for value in tenths] == tenths


def test_the_training_product_is_the_matrix_product(train_digits: ModuleType) -> None:
    source = np.random.default_rng(0)
    left = source.integers(-9, 10, (4, 5)).astype(np.float32)
    right = source.integers(-9, 10, (5, 3)).astype(np.float32)
    assert np.array_equal(train_digits.product(left, right), left @ right)
    assert np.array_equal(train_digits.column_sums(left), left.sum(axis=0))


def test_the_gradient_is_the_slope_of_the_loss(train_digits: ModuleType) -> None:
    source = np.random.PCG64(1)
    layers = train_digits.initial_layers(source)
    images = (train_digits.uniform(source, 3, 64) * 16).astype(np.int64)
    signs = np.where(np.arange(10) == 4, 1, -1).astype(np.float32) * np.ones((3, 1), np.float32)

    def loss() -> float:
        outputs = train_digits.forward(layers, images)[-1].astype(np.float64)
        return float(np.sum(np.maximum(1 - signs * outputs, 0) ** 2) / 3)

    slopes = train_digits.gradients(layers, images, signs)
    for (weights, bias), (slope, shift) in zip(layers, slopes, strict=True):
        for values, expected in ((weights, slope), (bias, shift)):
            place = np.unravel_index(int(np.argmax(np.abs(expected))), expected.shape)
            before, step = values[place], np.float32(2**-10)
            values[place] = before + step
            above = loss()
            values[place] = before - step
            below = loss()
            values[place] = before
            measured = (above - below) / (2 * float(step))
            assert abs(measured - float(expected[place])) < 0.02 * abs(measured)
