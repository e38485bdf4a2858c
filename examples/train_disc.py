"""Trains the bundled residual network, which tells the unit disc from what is around it.

States: `disc/weights.safetensors` is a function of this script alone. The points are those of a
grid of 1/8 between -2 and 2; whether one lies in the disc is decided in integers. The loss is a
squared hinge of the difference of the two outputs.

Invariant: as in `train_digits.py`, every step is one rounded operation on binary32 arrays in an
order written here, and random numbers are raw PCG64 bits, so that the bytes should not depend on
the machine.

    python examples/train_disc.py [DIRECTORY]
"""

import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from refsem.nn import write_safetensors

Array = NDArray[np.float32]
Weights = dict[str, Array]

HERE = Path(__file__).parent
SEED = 3
SHAPES = {
    "start": (12, 2),
    "residual.body.0": (12, 12),
    "residual.body.2": (12, 12),
    "end": (2, 12),
}
EPOCHS, RATE, MOMENTUM = 600, np.float32(0.02), np.float32(0.9)


def points() -> tuple[Array, Array]:
    """The points of the grid, and 1 in the disc, -1 outside."""
    eighths = np.arange(-16, 17)
    x, y = (axis.ravel() for axis in np.meshgrid(eighths, eighths))
    inside = np.where(x * x + y * y < 64, 1, -1)
    return np.stack([x, y], 1).astype(np.float32) / np.float32(8), inside.astype(np.float32)


def initial() -> Weights:
    """Weights between -1/√n and 1/√n, n the number of inputs; biases 0."""
    source, found = np.random.PCG64(SEED), {}
    for name, (outputs, inputs) in SHAPES.items():
        raw = source.random_raw(outputs * inputs) >> np.uint64(40)  # 24 bits
        unit = raw.astype(np.float32) / np.float32(2**23) - np.float32(1)
        scale = np.float32(1) / np.sqrt(np.float32(inputs))
        found[f"{name}.weight"] = (unit * scale).reshape(outputs, inputs)
        found[f"{name}.bias"] = np.zeros(outputs, np.float32)
    return found


def times(x: Array, weight: Array) -> Array:
    """Rows times rows of the weight, products summed in order."""
    total = np.zeros((len(x), len(weight)), np.float32)
    for column in range(x.shape[1]):
        total += x[:, column : column + 1] * weight[:, column]
    return total


def summed(x: Array) -> Array:
    """The sums of columns, halves first."""
    while len(x) > 1:
        half = len(x) // 2
        x = np.concatenate([x[:half] + x[half : 2 * half], x[2 * half :]])
    return x[0]


def layer(weights: Weights, name: str, x: Array) -> Array:
    """One affine layer."""
    return times(x, weights[f"{name}.weight"]) + weights[f"{name}.bias"]


def gradient(weights: Weights, x: Array, label: Array) -> Weights:
    """The gradient of the mean squared hinge."""
    zero = np.float32(0)
    inputs = {"start": x}
    inputs["residual.body.0"] = np.maximum(layer(weights, "start", x), zero)
    inputs["residual.body.2"] = np.maximum(
        layer(weights, "residual.body.0", inputs["residual.body.0"]), zero
    )
    sum_ = inputs["residual.body.0"] + layer(weights, "residual.body.2", inputs["residual.body.2"])
    inputs["end"] = np.maximum(sum_, zero)
    outputs = layer(weights, "end", inputs["end"])
    lacking = np.maximum(np.float32(1) - label * (outputs[:, 0] - outputs[:, 1]), zero)
    back = (np.float32(-2) / np.float32(len(x)) * lacking * label)[:, None]
    back = np.concatenate([back, -back], 1)
    found: Weights = {}
    shortcut = np.zeros((0, 0), np.float32)
    for name in reversed(SHAPES):
        found[f"{name}.bias"] = summed(back)
        columns = [summed(back[:, [row]] * inputs[name]) for row in range(back.shape[1])]
        found[f"{name}.weight"] = np.stack(columns)
        back = times(back, weights[f"{name}.weight"].T)
        if name == "end":
            back = shortcut = back * (sum_ > 0)
        elif name == "residual.body.2":
            back *= inputs[name] > 0
        elif name == "residual.body.0":
            back = (back + shortcut) * (inputs[name] > 0)
    return found


def train() -> Weights:
    """The trained weights: gradient descent with momentum over all points at once."""
    weights, (x, label) = initial(), points()
    speed = {name: np.zeros_like(value) for name, value in weights.items()}
    for _ in range(EPOCHS):
        for name, slope in gradient(weights, x, label).items():
            speed[name] = MOMENTUM * speed[name] - RATE * slope
            weights[name] = weights[name] + speed[name]
    return weights


def main(folder: Path) -> None:
    """Train, and write the weights."""
    found = {name: value.view(np.uint32) for name, value in train().items()}
    write_safetensors(folder / "weights.safetensors", found)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else HERE / "disc")
