"""Fits the bundled controllers and the candidate of `examples/lyapunov`, and writes them as ONNX.

    python examples/fit_lyapunov.py [DIRECTORY]

A controller is Σ aᵢ·tanh(wᵢ·x) without biases, so that it is exactly 0 at the origin: directions
drawn by a seeded generator, the aᵢ by least squares to a linear law on a grid. The candidate for
the reversed Van der Pol oscillator is Σ aᵢ·tanh(wᵢ·x)², fitted to the quadratic form of its
linearisation. The bad controller is the pendulum's with one sign wrong. All weights are rounded to
multiples of 1/1024, so that the last digits of a solver do not matter.

Nothing is proved here: see the property files beside the networks.
"""

import sys
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

Array = NDArray[np.float64]
HERE = Path(__file__).parent
SEED = 9
UNIT = 1024.0


def rounded(values: Array) -> Array:
    """The nearest multiples of 1/1024."""
    found: Array = np.rint(values * UNIT) / UNIT
    return found


def directions(count: int, scale: float, seed: int) -> Array:
    """Directions of the plane, (2, count), of about this length."""
    generator = np.random.default_rng(seed)
    angles = np.pi * (np.arange(count) + generator.random(count) / 2) / count
    return rounded(scale * np.stack([np.cos(angles), np.sin(angles)]))


def grid(most: tuple[float, float]) -> Array:
    """Points of a box around the origin, a row each."""
    first, second = (np.linspace(-end, end, 41) for end in most)
    return np.stack(np.meshgrid(first, second), axis=-1).reshape(-1, 2)


def fitted(features: Array, wanted: Array) -> Array:
    """The weights, (count, 1), that come nearest."""
    found, *_ = np.linalg.lstsq(features, wanted, rcond=None)
    return rounded(found[:, np.newaxis])


def controller(
    law: tuple[float, float], most: tuple[float, float], neurons: int, seed: int
) -> tuple[Array, Array]:
    """The weights of a controller of so many neurons, near the law times the state."""
    inner = directions(neurons, 0.7, seed)
    points = grid(most)
    return inner, fitted(np.tanh(points @ inner), points @ np.array(law))


def candidate(form: Array, most: tuple[float, float], seed: int) -> tuple[Array, Array]:
    """The weights of a candidate of three squares, near xᵀ·form·x."""
    inner = directions(3, 0.25, seed)
    points = grid(most)
    wanted = np.einsum("pi,ij,pj->p", points, form, points)
    return inner, fitted(np.tanh(points @ inner) ** 2, wanted)


def save(path: Path, inner: Array, outer: Array, *, squared: bool) -> None:
    """Write inner · tanh (· square) · outer."""
    nodes = [
        helper.make_node("MatMul", ["state", "inner"], ["sums"]),
        helper.make_node("Tanh", ["sums"], ["values"]),
    ]
    last = "values"
    if squared:
        nodes.append(helper.make_node("Pow", ["values", "two"], ["squares"]))
        last = "squares"
    nodes.append(helper.make_node("MatMul", [last, "outer"], ["result"]))
    constants = {"inner": inner, "outer": outer} | ({"two": np.array(2.0)} if squared else {})
    graph = helper.make_graph(
        nodes,
        path.stem,
        [helper.make_tensor_value_info("state", TensorProto.FLOAT, [1, 2])],
        [helper.make_tensor_value_info("result", TensorProto.FLOAT, [1, 1])],
        [numpy_helper.from_array(v.astype(np.float32), n) for n, v in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)])
    model.ir_version = 8
    onnx.checker.check_model(model)
    path.write_bytes(model.SerializeToString())


def main(folder: Path) -> None:
    """Write the four networks."""
    inner, outer = controller((-1.0, -1.5), (1.0, 1.0), 2, SEED)
    save(folder / "double_integrator.onnx", inner, outer, squared=False)
    inner, outer = controller((-4.0, -2.0), (1.0, 2.0), 3, SEED + 1)
    save(folder / "pendulum.onnx", inner, outer, squared=False)
    save(folder / "pendulum_bad.onnx", inner, -outer, squared=False)
    form = np.array([[1.5, -0.5], [-0.5, 1.0]])
    inner, outer = candidate(form, (0.6, 0.6), SEED + 2)
    save(folder / "van_der_pol.onnx", inner, outer, squared=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else HERE / "lyapunov")
