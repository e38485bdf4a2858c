"""Trains the bundled digits network and writes its model, two properties and a training record.

States: `digits.onnx`, `robust.vnnlib`, `attack.vnnlib` and `training.json` are functions of this
script and of scikit-learn's digits images (1797 handwritten digits, 8 x 8 pixels from 0 to 16).
The graph takes raw pixels; its first node multiplies them by 1/16, which binary32 holds exactly.

Invariant: every arithmetic step of the training is one correctly rounded IEEE 754 operation on
binary32 arrays, in an order written here: products are summed by a loop, the loss is a squared
hinge (no exponential), and random numbers are raw PCG64 bits. No step is left to a BLAS or to a
mathematical library, so the bytes should not depend on the machine; `training.json` names the
versions that produced the committed ones.

Not covered: proving anything about the network, and bounds (`numpy_ibp.py`).

    python examples/train_digits.py [DIRECTORY]
"""

import hashlib
import json
import math
import platform
import sys
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import click
import numpy as np
import onnx
import sklearn  # type: ignore[import-untyped]  # ships no type information
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from sklearn.datasets import load_digits  # type: ignore[import-untyped]  # as above

from refsem.errors import InputError

Array = NDArray[np.float32]
Layers = list[tuple[Array, Array]]  # of weights (inputs x outputs) and bias

HERE = Path(__file__).parent

SEED = 20
WIDTHS = (64, 32, 32, 10)
CLASSES = 10
TEST_IMAGES = 360
EPOCHS = 30
BATCH = 32
RATE = 0.03
MOMENTUM = 0.9
DECAY = 0.0005
GREATEST_PIXEL = 16
PIXEL_SCALE = np.float32(1 / GREATEST_PIXEL)


@dataclass(frozen=True, slots=True)
class Digits:
    """All images as integers 0..16 (64 to a row), their labels, and which rows are held out."""

    images: NDArray[np.int64]
    labels: NDArray[np.int64]
    training: NDArray[np.int64]
    test: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Robustness:
    """A property file: the images within a radius, in pixel units, of one held-out image.

    The pixels that are free take any value whatever the radius.
    """

    file: str
    image: int
    radius: Fraction
    free: tuple[int, ...]


# Neither radius is a binary32 number, so a box of floats cannot have the ends of these boxes.
PROPERTIES = (
    Robustness("robust.vnnlib", image=28, radius=Fraction(7, 10), free=()),
    Robustness("attack.vnnlib", image=1443, radius=Fraction(7, 10), free=()),
    Robustness("two_pixels.vnnlib", image=1443, radius=Fraction(0), free=(5, 51)),
)


def uniform(source: np.random.PCG64, *shape: int) -> Array:
    """Numbers k/2^24 in [0, 1), from raw bits, whose stream numpy guarantees."""
    bits = source.random_raw(math.prod(shape)) >> np.uint64(40)
    return (bits.astype(np.float32) / np.float32(2**24)).reshape(shape)


def permutation(source: np.random.PCG64, length: int) -> NDArray[np.int64]:
    """The order of `length` raw random words."""
    return np.argsort(source.random_raw(length), kind="stable").astype(np.int64)


def split_digits(source: np.random.PCG64) -> Digits:
    """The digits, of which the last `TEST_IMAGES` of a random order are held out."""
    pixels, labels = load_digits(return_X_y=True)
    order = permutation(source, len(labels))
    held = len(order) - TEST_IMAGES
    return Digits(pixels.astype(np.int64), labels.astype(np.int64), order[:held], order[held:])


def product(left: Array, right: Array) -> Array:
    """The matrix product, its terms added one after another in index order."""
    total = np.zeros((left.shape[0], right.shape[1]), np.float32)
    for k in range(left.shape[1]):
        total += left[:, k, None] * right[k]
    return total


def column_sums(rows: Array) -> Array:
    """The sum of the rows, added one after another."""
    total = np.zeros(rows.shape[1], np.float32)
    for row in rows:
        total += row
    return total


def forward(layers: Layers, images: NDArray[np.int64]) -> list[Array]:
    """The scaled input and every layer's output, with ReLU after each but the last."""
    values = [images.astype(np.float32) * PIXEL_SCALE]
    for weights, bias in layers[:-1]:
        values.append(np.maximum(product(values[-1], weights) + bias, np.float32(0)))
    weights, bias = layers[-1]
    return [*values, product(values[-1], weights) + bias]


def gradients(layers: Layers, images: NDArray[np.int64], targets: Array) -> Layers:
    """The derivative of the mean squared hinge loss; targets are +1 at the label and -1 else."""
    values = forward(layers, images)
    slack = np.maximum(np.float32(1) - targets * values[-1], np.float32(0))
    error = targets * slack * np.float32(-2 / len(images))
    found: Layers = []
    for value, (weights, _) in zip(reversed(values[:-1]), reversed(layers), strict=True):
        found.append((product(value.T, error), column_sums(error)))
        error = product(error, weights.T) * (value > 0)
    return found[::-1]


def initial_layers(source: np.random.PCG64) -> Layers:
    """Uniform random weights of variance 2/inputs, as suits ReLU, and zero biases."""
    layers: Layers = []
    for inputs, outputs in pairwise(WIDTHS):
        spread = np.sqrt(np.float32(6) / np.float32(inputs))
        weights = (uniform(source, inputs, outputs) * np.float32(2) - np.float32(1)) * spread
        layers.append((weights, np.zeros(outputs, np.float32)))
    return layers


def combine(first: float, left: Layers, second: float, right: Layers) -> Layers:
    """`first` times `left` plus `second` times `right`, parameter by parameter."""
    f, s = np.float32(first), np.float32(second)
    return [
        (f * weights + s * others, f * bias + s * other)
        for (weights, bias), (others, other) in zip(left, right, strict=True)
    ]


def train(digits: Digits, source: np.random.PCG64) -> Layers:
    """The layers after stochastic gradient descent with momentum, decay and a falling rate."""
    layers = initial_layers(source)
    speeds = combine(0, layers, 0, layers)
    signs = np.where(digits.labels[:, None] == np.arange(CLASSES), 1, -1).astype(np.float32)
    for epoch in range(EPOCHS):
        rate = RATE * (1 - epoch / EPOCHS)
        order = digits.training[permutation(source, len(digits.training))]
        for start in range(0, len(order), BATCH):
            rows = order[start : start + BATCH]
            slopes = combine(1, gradients(layers, digits.images[rows], signs[rows]), DECAY, layers)
            speeds = combine(MOMENTUM, speeds, -rate, slopes)
            layers = combine(1, layers, 1, speeds)
    return layers


def correct(digits: Digits, layers: Layers) -> int:
    """How many held-out images get their greatest output at their label."""
    outputs = forward(layers, digits.images[digits.test])[-1]
    return int(np.sum(np.argmax(outputs, axis=1) == digits.labels[digits.test]))


def to_onnx(layers: Layers) -> bytes:
    """The ONNX file: pixels (1 x 8 x 8, 0..16) times 1/16, flattened, Gemm and ReLU in turn."""
    constants = [numpy_helper.from_array(np.array(PIXEL_SCALE), "pixel_scale")]
    nodes = [
        helper.make_node("Mul", ["pixels", "pixel_scale"], ["scaled"], "scale"),
        helper.make_node("Flatten", ["scaled"], ["features"], "flatten", axis=1),
    ]
    last = "features"
    for number, (weights, bias) in enumerate(layers, 1):
        final = number == len(layers)
        name = "logits" if final else f"hidden_{number}"
        constants.append(numpy_helper.from_array(weights.T.copy(), f"{name}_weight"))
        constants.append(numpy_helper.from_array(bias, f"{name}_bias"))
        operands = [last, f"{name}_weight", f"{name}_bias"]
        nodes.append(helper.make_node("Gemm", operands, [name], f"{name}_affine", transB=1))
        last = name
        if not final:
            last = f"relu_{number}"
            nodes.append(helper.make_node("Relu", [name], [last], f"{last}_node"))
    pixels = helper.make_tensor_value_info("pixels", TensorProto.FLOAT, [1, 8, 8])
    logits = helper.make_tensor_value_info("logits", TensorProto.FLOAT, [1, CLASSES])
    graph = helper.make_graph(nodes, "digits", [pixels], [logits], constants)
    model = helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", 13)], producer_name="examples/train_digits.py"
    )
    model.ir_version = 8
    onnx.checker.check_model(model, full_check=True)
    return bytes(model.SerializeToString(deterministic=True))


def decimal(value: Fraction) -> str:
    """The exact decimal, to tenths, of a non-negative multiple of 1/10."""
    tenths = value * 10
    if tenths.denominator != 1 or tenths < 0:
        raise ValueError(f"{value} is no non-negative multiple of 1/10")
    return f"{int(tenths) // 10}.{int(tenths) % 10}"


def to_vnnlib(digits: Digits, wanted: Robustness) -> str:
    """The property: a box of pixels, and the unsafe set where another digit scores no less."""
    label = int(digits.labels[wanted.image])
    lines = [
        f"; digits.onnx around image {wanted.image} of scikit-learn's digits, label {label}:",
        f"; {_moves(wanted)}, within 0 to 16.",
        f"; Unsafe: another digit scores at least as much as {label}.",
        *(f"(declare-const X_{i} Real)" for i in range(WIDTHS[0])),
        *(f"(declare-const Y_{j} Real)" for j in range(CLASSES)),
    ]
    for i, pixel in enumerate(digits.images[wanted.image].tolist()):
        radius = Fraction(GREATEST_PIXEL) if i in wanted.free else wanted.radius
        lower = max(pixel - radius, Fraction(0))
        upper = min(pixel + radius, Fraction(GREATEST_PIXEL))
        lines.append(f"(assert (>= X_{i} {decimal(lower)}))")
        lines.append(f"(assert (<= X_{i} {decimal(upper)}))")
    others = [j for j in range(CLASSES) if j != label]
    lines.append("(assert (or")
    lines.extend(f"  (and (>= Y_{j} Y_{label}))" for j in others)
    lines.append("))")
    return "\n".join(lines) + "\n"


def _moves(wanted: Robustness) -> str:
    if wanted.free:
        return f"only pixels {' and '.join(map(str, wanted.free))} move"
    return f"every pixel moves by at most {decimal(wanted.radius)}"


def record(digits: Digits, layers: Layers, model: bytes) -> str:
    """The training record: what was trained, how well it does, and with which versions."""
    properties = [
        {
            "file": wanted.file,
            "image": wanted.image,
            "label": int(digits.labels[wanted.image]),
            "radius": decimal(wanted.radius),
            "free": list(wanted.free),
        }
        for wanted in PROPERTIES
    ]
    versions = {
        "python": platform.python_version(),
        "numpy": np.__version__,
        "onnx": onnx.__version__,
        "scikit-learn": sklearn.__version__,
    }
    found = {
        "model_sha256": hashlib.sha256(model).hexdigest(),
        "widths": list(WIDTHS),
        "test_images": TEST_IMAGES,
        "test_correct": correct(digits, layers),
        "properties": properties,
        "versions": versions,
    }
    return json.dumps(found, indent=1) + "\n"


def build() -> dict[str, bytes]:
    """Every generated file, by name."""
    source = np.random.PCG64(SEED)
    digits = split_digits(source)
    layers = train(digits, source)
    model = to_onnx(layers)
    texts = {wanted.file: to_vnnlib(digits, wanted) for wanted in PROPERTIES}
    texts["training.json"] = record(digits, layers, model)
    return {"digits.onnx": model} | {name: text.encode() for name, text in texts.items()}


@click.command()
@click.argument("directory", type=click.Path(path_type=Path), default=HERE / "digits")
def command(directory: Path) -> None:
    """Train the digits network and write its files to DIRECTORY (here: examples/digits)."""
    if not directory.is_dir():
        raise InputError(str(directory), "", "not a directory")
    for name, content in build().items():
        (directory / name).write_bytes(content)


def main(arguments: list[str]) -> int:
    """Exit status: 0 done, 3 bad arguments, with one line on standard error."""
    try:
        command.main(arguments, prog_name="train_digits.py", standalone_mode=False)
    except click.ClickException as error:
        print(" ".join(error.format_message().split()), file=sys.stderr)
    except (InputError, OSError) as error:
        print(error, file=sys.stderr)
    else:
        return 0
    return 3


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
