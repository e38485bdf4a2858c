"""Trains the bundled networks that solve differential equations, and writes them as ONNX.

States: the logistic equation, the heat equation, Burgers' equation and Poisson's; for each the
residual and the conditions that the network is fitted to, and its widths. The property files beside
the networks state the same to refsem, in words of their own.

Method: the sum of squares of residuals and conditions on a grid, by Levenberg and Marquardt; the
network's derivatives by forward propagation of values, slopes and curvatures, their derivatives by
the parameters by a complex step. Numpy alone, binary64, seeded; the matrix products are a BLAS's,
so another machine may end with slightly other weights.

Not covered: proving anything about the networks.

    python examples/train_residuals.py [--only NAME] [DIRECTORY]
"""

import math
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import click
import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from refsem.errors import InputError

HERE = Path(__file__).parent

SEED = 9
STEP = 1e-30
"""The complex step: derivatives by parameters have no rounding error to speak of."""

Numbers = NDArray[np.complex128]
Points = NDArray[np.float64]
Values = Mapping[str, Numbers]
"""The network's output and its derivatives at some points, by name; the coordinates too."""

Conditions = tuple[tuple[Points, Callable[[Values], Numbers]], ...]


@dataclass(frozen=True, slots=True)
class Problem:
    """An equation on a box, conditions at points, and the network that is to solve it."""

    name: str
    coordinates: tuple[str, ...]
    lower: tuple[float, ...]
    upper: tuple[float, ...]
    residual: Callable[[Values], Numbers]
    conditions: Conditions
    hidden: tuple[int, ...]
    grid: int
    steps: int
    second: tuple[str, ...]
    """The coordinates by which second derivatives are taken."""


def grid(lower: tuple[float, ...], upper: tuple[float, ...], count: int) -> Points:
    """Points of a regular grid over a box, one a row; a side without length has one."""
    sides = [
        np.linspace(low, high, count if low < high else 1)
        for low, high in zip(lower, upper, strict=True)
    ]
    return np.stack([side.ravel() for side in np.meshgrid(*sides, indexing="ij")], axis=1)


PI = math.pi
PROBLEMS = (
    Problem(
        "logistic",
        ("t",),
        (0.0,),
        (4.0,),
        lambda v: v["u_t"] - v["u"] * (1 - v["u"]),
        ((grid((0.0,), (0.0,), 1), lambda v: v["u"] - 0.25),),
        hidden=(6,),
        grid=60,
        steps=20,
        second=(),
    ),
    Problem(
        "heat",
        ("t", "x"),
        (0.0, 0.0),
        (1.0, 1.0),
        lambda v: v["u_t"] - 0.1 * v["u_xx"],
        (
            (grid((0.0, 0.0), (0.0, 1.0), 40), lambda v: v["u"] - np.sin(PI * v["x"])),
            (grid((0.0, 0.0), (1.0, 0.0), 20), lambda v: v["u"]),
            (grid((0.0, 1.0), (1.0, 1.0), 20), lambda v: v["u"]),
        ),
        hidden=(10,),
        grid=20,
        steps=40,
        second=("x",),
    ),
    Problem(
        "burgers",
        ("t", "x"),
        (0.0, 0.0),
        (1.0, 1.0),
        lambda v: v["u_t"] + v["u"] * v["u_x"] - 0.2 * v["u_xx"],
        (
            (grid((0.0, 0.0), (0.0, 1.0), 40), lambda v: v["u"] - np.sin(PI * v["x"])),
            (grid((0.0, 0.0), (1.0, 0.0), 20), lambda v: v["u"]),
            (grid((0.0, 1.0), (1.0, 1.0), 20), lambda v: v["u"]),
        ),
        hidden=(12,),
        grid=20,
        steps=80,
        second=("x",),
    ),
    Problem(
        "poisson",
        ("x", "y"),
        (0.0, 0.0),
        (1.0, 1.0),
        lambda v: v["u_xx"] + v["u_yy"] + np.sin(PI * v["x"]) * np.sin(PI * v["y"]),
        tuple(
            (grid(low, high, 20), lambda v: v["u"])
            for low, high in (
                ((0.0, 0.0), (0.0, 1.0)),
                ((1.0, 0.0), (1.0, 1.0)),
                ((0.0, 0.0), (1.0, 0.0)),
                ((0.0, 1.0), (1.0, 1.0)),
            )
        ),
        hidden=(10,),
        grid=20,
        steps=40,
        second=("x", "y"),
    ),
)


def shapes(problem: Problem) -> list[tuple[int, int]]:
    """The shapes of the weights, inputs by outputs."""
    return list(pairwise((len(problem.coordinates), *problem.hidden, 1)))


def layers(problem: Problem, parameters: Numbers) -> list[tuple[Numbers, Numbers]]:
    """Weights and biases out of one vector."""
    found, start = [], 0
    for inputs, outputs in shapes(problem):
        middle = start + inputs * outputs
        end = middle + outputs
        found.append((parameters[start:middle].reshape(inputs, outputs), parameters[middle:end]))
        start = end
    return found


def initial(problem: Problem) -> Points:
    """Random weights of a size that suits tanh on this box, and biases that spread the units."""
    source = np.random.Generator(np.random.PCG64(SEED))
    parts = []
    for inputs, outputs in shapes(problem):
        weights = source.uniform(-1.0, 1.0, (inputs, outputs)) * math.sqrt(6 / (inputs + outputs))
        parts += [weights.ravel() * 1.5, source.uniform(-1.0, 1.0, outputs)]
    return np.concatenate(parts)


def evaluated(problem: Problem, parameters: Numbers, points: Points) -> dict[str, Numbers]:
    """The network and its derivatives at some points, by name."""
    names = problem.coordinates
    value: Numbers = points.astype(np.complex128)
    slopes = {
        name: np.broadcast_to(np.eye(len(names))[i], points.shape).astype(np.complex128)
        for i, name in enumerate(names)
    }
    bends = {name: np.zeros_like(value) for name in problem.second}
    *inner, (last, shift) = layers(problem, parameters)
    for weights, bias in inner:
        value = np.tanh(value @ weights + bias)
        first = 1 - value * value
        moved = {name: slope @ weights for name, slope in slopes.items()}
        bends = {
            name: first * (bend @ weights) - 2 * value * first * moved[name] ** 2
            for name, bend in bends.items()
        }
        slopes = {name: first * slope for name, slope in moved.items()}
    values = {name: points[:, i].astype(np.complex128) for i, name in enumerate(names)}
    values["u"] = (value @ last + shift)[:, 0]
    values |= {f"u_{name}": (slope @ last)[:, 0] for name, slope in slopes.items()}
    return values | {f"u_{name}{name}": (bend @ last)[:, 0] for name, bend in bends.items()}


def misfit(problem: Problem, parameters: Numbers) -> Numbers:
    """Residuals on the grid and what the conditions are missed by, each kind of equal weight."""
    inside = grid(problem.lower, problem.upper, problem.grid)
    parts = [problem.residual(evaluated(problem, parameters, inside)) / math.sqrt(len(inside))]
    for points, condition in problem.conditions:
        missed = condition(evaluated(problem, parameters, points))
        parts.append(3 * missed / math.sqrt(len(points)))
    return np.concatenate(parts)


def jacobian(problem: Problem, parameters: Points) -> Points:
    """The derivatives of every misfit by every parameter, a column each."""
    columns = []
    for index in range(parameters.size):
        moved = parameters.astype(np.complex128)
        moved[index] += 1j * STEP
        columns.append(misfit(problem, moved).imag / STEP)
    return np.stack(columns, axis=1)


def train(problem: Problem) -> Points:
    """The parameters after so many steps of Levenberg and Marquardt."""
    parameters, damping = initial(problem), 1e-2
    missed = misfit(problem, parameters.astype(np.complex128)).real
    for _ in range(problem.steps):
        slopes = jacobian(problem, parameters)
        square = slopes.T @ slopes
        for _ in range(12):
            lifted = square + damping * np.eye(parameters.size)
            tried = parameters - np.linalg.solve(lifted, slopes.T @ missed)
            found = misfit(problem, tried.astype(np.complex128)).real
            if found @ found < missed @ missed:
                parameters, missed, damping = tried, found, damping / 3
                break
            damping *= 4
    return parameters


def to_onnx(problem: Problem, parameters: Points) -> bytes:
    """The ONNX file: Gemm and Tanh in turn, weights rounded to binary32."""
    constants, nodes, last = [], [], "coordinates"
    found = layers(problem, parameters.astype(np.complex128))
    for number, (weights, bias) in enumerate(found, 1):
        name = "u" if number == len(found) else f"hidden_{number}"
        constants.append(numpy_helper.from_array(weights.real.astype(np.float32), f"{name}_weight"))
        constants.append(numpy_helper.from_array(bias.real.astype(np.float32), f"{name}_bias"))
        nodes.append(helper.make_node("Gemm", [last, f"{name}_weight", f"{name}_bias"], [name]))
        last = name
        if number < len(found):
            last = f"tanh_{number}"
            nodes.append(helper.make_node("Tanh", [name], [last]))
    source = helper.make_tensor_value_info(
        "coordinates", TensorProto.FLOAT, [1, len(problem.coordinates)]
    )
    sink = helper.make_tensor_value_info("u", TensorProto.FLOAT, [1, 1])
    graph = helper.make_graph(nodes, problem.name, [source], [sink], constants)
    model = helper.make_model(
        graph,
        opset_imports=[helper.make_opsetid("", 13)],
        producer_name="examples/train_residuals.py",
    )
    model.ir_version = 8
    onnx.checker.check_model(model, full_check=True)
    return bytes(model.SerializeToString(deterministic=True))


def report(problem: Problem, parameters: Points) -> str:
    """How well a network does on a grid finer than that it was trained on."""
    rounded = parameters.astype(np.float32).astype(np.complex128)
    fine = grid(problem.lower, problem.upper, 4 * problem.grid)
    worst = np.abs(problem.residual(evaluated(problem, rounded, fine)).real).max()
    missed = [
        np.abs(condition(evaluated(problem, rounded, points)).real).max()
        for points, condition in problem.conditions
    ]
    shown = ", ".join(f"{one:.4f}" for one in missed)
    return f"{problem.name}: residual at most {worst:.4f} on a grid, conditions missed by {shown}"


@click.command()
@click.option("--only", type=click.Choice([problem.name for problem in PROBLEMS]))
@click.argument("directory", type=click.Path(path_type=Path), default=HERE / "residuals")
def command(only: str | None, directory: Path) -> None:
    """Train the networks and write them to DIRECTORY (here: examples/residuals)."""
    if not directory.is_dir():
        raise InputError(str(directory), "", "not a directory")
    for problem in PROBLEMS:
        if only in (None, problem.name):
            parameters = train(problem)
            (directory / f"{problem.name}.onnx").write_bytes(to_onnx(problem, parameters))
            click.echo(report(problem, parameters))


def main(arguments: list[str]) -> int:
    """Exit status: 0 done, 3 bad arguments, with one line on standard error."""
    try:
        command.main(arguments, prog_name="train_residuals.py", standalone_mode=False)
    except click.ClickException as error:
        print(" ".join(error.format_message().split()), file=sys.stderr)
    except (InputError, OSError) as error:
        print(error, file=sys.stderr)
    else:
        return 0
    return 3


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
