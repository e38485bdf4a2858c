"""Random programs on tensors, as data: what they do is written once and run on any stage.

A program is a list of steps. Each takes the last tensor and another one that is there already, and
adds one. A step that needs another shape first brings its operand into it and the result back, so
that every drawn program is valid.
"""

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from hypothesis import strategies as st

from refsem import nn
from refsem.nn import functions
from refsem.nn.state import FLOAT32, State, Stored
from refsem.nn.tensor import Tensor
from refsem.nn.weights import Module, declarations
from refsem.rounding import Mode

SHAPE = (2, 4)
"""Every tensor of a program has this shape between steps."""
EPS = nn.rounded("1e-3", Mode.RNE)


@dataclass(frozen=True)
class Step:
    """What is applied, to which other tensor, with what drawn number."""

    kind: str
    place: int
    number: int


def weighted(module: Module, seed: int) -> Module:
    """The module with small drawn weights: dyadic, variances positive."""
    source = np.random.default_rng(seed)
    tensors = {}
    for name, shape in declarations(module):
        if shape is not None:
            values = source.integers(-6, 7, shape).astype(np.float32) / 4
            if name.endswith("running_var"):
                values = np.abs(values) + 1
            tensors[name] = Stored(FLOAT32, shape, np.asarray(values.view(np.uint32)))
    return nn.load(module, State("drawn", tensors))


def image(x: Tensor) -> Tensor:
    return functions.reshape(x, (1, 2, 2, 2))


def back(x: Tensor) -> Tensor:
    return functions.reshape(x, SHAPE)


def _layer(module: Callable[[Tensor], Tensor]) -> Callable[[Tensor, Tensor, int], Tensor]:
    return lambda x, _y, number: weighted(module, number)(x)


def _on_images(module: Callable[[Tensor], Tensor]) -> Callable[[Tensor, Tensor, int], Tensor]:
    return lambda x, _y, number: back(weighted(module, number)(image(x)))


def _pool(module: Callable[[Tensor], Tensor]) -> Callable[[Tensor, Tensor, int], Tensor]:
    return lambda x, _y, _n: back(module(image(x)))


def _moved(x: Tensor, _y: Tensor, number: int) -> Tensor:
    """Rows and columns turned, cut and put together again."""
    turned = functions.permute(x, (1, 0))
    place = number % 3 + 1
    parts = [functions.cut(turned, place, 4, 0), functions.cut(turned, 0, place, 0)]
    return functions.permute(functions.concat(parts, 0), (1, -2))


def _max_pool(x: Tensor, _y: Tensor, number: int) -> Tensor:
    pooled = nn.MaxPool2d((2, 2), stride=(1, 1), padding=(1, 1))(image(x))
    start = number % 2
    return back(functions.cut(functions.cut(pooled, start, start + 2, 2), 0, 2, -1))


def _product(x: Tensor, y: Tensor, _number: int) -> Tensor:
    return x @ functions.permute(y, (1, 0)) @ x


def _folded(fold: Callable[..., Tensor]) -> Callable[[Tensor, Tensor, int], Tensor]:
    return lambda x, y, n: fold(x, (-1 - n % 2,), keepdims=True) - y


DYADIC = (Fraction(3, 4), -2, Fraction(1, 8), 1, "0.5", "b32:c0200000", 0)
POLYNOMIAL: dict[str, Callable[[Tensor, Tensor, int], Tensor]] = {
    "add": lambda x, y, _: x + y,
    "subtract": lambda x, y, _: x - y,
    "multiply": lambda x, y, _: x * y,
    "number": lambda x, _y, n: DYADIC[n % 7] * x - DYADIC[(n + 3) % 7],
    "bits": lambda x, _y, n: x + np.array([n, -1, 2, 0], np.float32).view(np.uint32),
    "negate": lambda x, _y, _n: -x,
    "square": lambda x, _y, _n: functions.power(x, 2),
    "linear": _layer(nn.Linear(4, 4)),
    "linear without bias": _layer(nn.Linear(4, 4, bias=False)),
    "residual": _layer(nn.Residual(nn.Linear(4, 4), nn.Identity())),
    "convolution": _on_images(nn.Conv2d(2, 2, (3, 3), padding=(1, 1), groups=2)),
    "wide convolution": _on_images(nn.Conv2d(2, 2, (2, 1), padding=(1, 0), dilation=(2, 1))),
    "average": _pool(nn.AvgPool2d((3, 1), stride=(1, 1), padding=(1, 0))),
    "move": _moved,
    "matmul": _product,
    "sum": _folded(functions.total),
    "mean": _folded(functions.mean),
}
PIECEWISE: dict[str, Callable[[Tensor, Tensor, int], Tensor]] = {
    "relu": lambda x, _y, _n: nn.ReLU()(x),
    "leaky": lambda x, _y, _n: nn.LeakyReLU(Fraction(1, 8))(x),
    "absolute": lambda x, _y, _n: abs(x),
    "maximum": lambda x, y, _n: functions.maximum(x, y),
    "minimum": lambda x, _y, _n: functions.minimum(1, x),
    "clip": lambda x, _y, _n: functions.clip(x, -1, "0.75"),
    "choice": lambda x, y, _n: functions.where(functions.less(x, y), x, 2 * y),
    "pool": _max_pool,
    "greatest": _folded(functions.greatest),
}
SMOOTH: dict[str, Callable[[Tensor, Tensor, int], Tensor]] = {
    "tanh": lambda x, _y, _n: nn.Tanh()(x),
    "sigmoid": lambda x, _y, _n: nn.Sigmoid()(x),
    "gelu": lambda x, _y, _n: nn.GELU()(x),
    "silu": lambda x, _y, _n: nn.SiLU()(x),
    "sine": lambda x, _y, _n: functions.sin(x),
    "exponential": lambda x, _y, _n: functions.exp(nn.Tanh()(x)),
    "logarithm": lambda x, _y, _n: functions.log(functions.exp(functions.cos(x)) + 1),
    "root": lambda x, _y, _n: functions.sqrt(functions.power(functions.sin(x), 2) + 1),
    "quotient": lambda x, y, _n: x / (functions.power(functions.sin(y), 2) + Fraction(1, 2)),
    "softmax": lambda x, _y, n: nn.Softmax(-1 - n % 2)(x),
    "log softmax": lambda x, _y, n: functions.log_softmax(x, -1 - n % 2),
    "layer norm": _layer(nn.LayerNorm((4,), EPS)),
    "plain layer norm": _layer(nn.LayerNorm((2, 4), EPS, affine=False)),
    "batch norm": _layer(nn.BatchNorm(4, EPS)),
    "batch norm of images": _on_images(nn.BatchNorm(2, EPS, affine=False)),
}
KINDS = {**POLYNOMIAL, **PIECEWISE, **SMOOTH}


def steps(kinds: tuple[str, ...], most: int) -> st.SearchStrategy[tuple[Step, ...]]:
    """Programs of one to so many steps of these kinds."""
    one = st.builds(
        Step,
        st.sampled_from(kinds),
        st.integers(0, most),
        st.integers(0, 50),
    )
    return st.lists(one, min_size=1, max_size=most).map(tuple)


POINTS = st.lists(st.integers(-8, 8), min_size=8, max_size=8).map(
    lambda row: (np.array(row, np.float32) / 8).reshape(SHAPE).view(np.uint32)
)


def program(drawn: tuple[Step, ...]) -> Callable[[Tensor, Tensor], Tensor]:
    """The program of two tensors that the steps describe; its result is the last tensor."""

    def run(first: Tensor, second: Tensor) -> Tensor:
        known = [first, second]
        for step in drawn:
            # the last tensor is always used, so that every step matters to the result
            other = known[step.place % len(known)]
            known.append(KINDS[step.kind](known[-1], other, step.number))
        return known[-1]

    return run
