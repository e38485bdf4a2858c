"""Modules without weights of their own: activations, pools, and ways to put modules together.

A module of your own is a frozen dataclass with a `__call__`, its fields other modules.
"""

from collections.abc import Callable
from dataclasses import KW_ONLY, dataclass
from typing import ClassVar

from refsem.ir.operators import Op
from refsem.nn import functions
from refsem.nn.errors import OperandError, ParameterError
from refsem.nn.layers import Pair, check_pairs, window
from refsem.nn.numbers import Number, exact_number
from refsem.nn.tensor import Tensor, applied, within

Step = Callable[[Tensor], Tensor]


@dataclass(frozen=True, slots=True)
class Identity:
    """x."""

    def __call__(self, x: Tensor) -> Tensor:
        """The tensor itself."""
        return x


@dataclass(frozen=True, slots=True)
class ReLU:
    """max(x, 0)."""

    def __call__(self, x: Tensor) -> Tensor:
        """The greater of each entry and 0."""
        return functions.relu(x)


@dataclass(frozen=True, slots=True)
class LeakyReLU:
    """x where 0 ≤ x, else the slope times x; the slope has no default."""

    negative_slope: Number

    def __post_init__(self) -> None:
        exact_number(self.negative_slope)

    def __call__(self, x: Tensor) -> Tensor:
        """The entries, negative ones times the slope."""
        return functions.leaky_relu(x, self.negative_slope)


@dataclass(frozen=True, slots=True)
class Tanh:
    """The hyperbolic tangent."""

    def __call__(self, x: Tensor) -> Tensor:
        """Of every entry."""
        return functions.tanh(x)


@dataclass(frozen=True, slots=True)
class Sigmoid:
    """1 / (1 + e^-x)."""

    def __call__(self, x: Tensor) -> Tensor:
        """Of every entry."""
        return functions.sigmoid(x)


@dataclass(frozen=True, slots=True)
class GELU:
    """x/2 · (1 + erf(x / √2)), or with `tanh` its approximation by a hyperbolic tangent."""

    _: KW_ONLY
    tanh: bool = False

    def __call__(self, x: Tensor) -> Tensor:
        """Of every entry."""
        return functions.gelu_tanh(x) if self.tanh else functions.gelu(x)


@dataclass(frozen=True, slots=True)
class SiLU:
    """x / (1 + e^-x)."""

    def __call__(self, x: Tensor) -> Tensor:
        """Of every entry."""
        return functions.silu(x)


@dataclass(frozen=True, slots=True)
class Softmax:
    """e^x over the sum of e^x along an axis."""

    axis: int

    def __call__(self, x: Tensor) -> Tensor:
        """Positive entries that sum to 1."""
        with within(repr(self)):
            return functions.softmax(x, self.axis)


@dataclass(frozen=True, slots=True)
class Flatten:
    """The axes from `start` to `end` as one."""

    start: int = 1
    end: int = -1

    def __call__(self, x: Tensor) -> Tensor:
        """The same entries."""
        with within(repr(self)):
            return functions.flatten(x, self.start, self.end)


@dataclass(frozen=True, slots=True)
class MaxPool2d:
    """The greatest entry of each window over an image; the stride is the kernel's if not given."""

    kernel_size: Pair
    _: KW_ONLY
    stride: Pair | None = None
    padding: Pair = (0, 0)
    dilation: Pair = (1, 1)
    ceil_mode: bool = False

    def __post_init__(self) -> None:
        check_pairs(self, "kernel_size", "padding", "dilation")
        if self.stride is not None:
            check_pairs(self, "stride")

    def __call__(self, x: Tensor) -> Tensor:
        """The pooled image."""
        _check_image(repr(self), x)
        around = window(self.stride or self.kernel_size, self.padding, self.dilation)
        around |= {"kernel": tuple(self.kernel_size), "ceil": int(self.ceil_mode)}
        with within(repr(self)):
            return applied(Op.MAX_POOL, (x,), "", **around)


@dataclass(frozen=True, slots=True)
class AvgPool2d:
    """The mean of each window over an image, padding counted as zeros unless told otherwise."""

    kernel_size: Pair
    _: KW_ONLY
    stride: Pair | None = None
    padding: Pair = (0, 0)
    ceil_mode: bool = False
    count_include_pad: bool = True

    def __post_init__(self) -> None:
        check_pairs(self, "kernel_size", "padding")
        if self.stride is not None:
            check_pairs(self, "stride")

    def __call__(self, x: Tensor) -> Tensor:
        """The pooled image."""
        _check_image(repr(self), x)
        around = window(self.stride or self.kernel_size, self.padding, (1, 1))
        around |= {"kernel": tuple(self.kernel_size), "ceil": int(self.ceil_mode)}
        around |= {"count_include_pad": int(self.count_include_pad)}
        with within(repr(self)):
            return applied(Op.AVERAGE_POOL, (x,), "", **around)


def _check_image(where: str, x: Tensor) -> None:
    if len(x.shape) != 4:
        raise OperandError(where, (x.shape,), "[batch, channels, height, width] is expected")


@dataclass(frozen=True, slots=True)
class Sequential:
    """Modules one after another; weights are named by their places."""

    layers: tuple[Step, ...]
    transparent: ClassVar[str] = "layers"

    def __post_init__(self) -> None:
        shown = isinstance(self.layers, (tuple, list))
        if not shown or any(isinstance(x, type) or not callable(x) for x in self.layers):
            raise ParameterError("Sequential takes one tuple of modules: Sequential((Tanh(), …))")

    def __call__(self, x: Tensor) -> Tensor:
        """What the last one makes of it."""
        for layer in self.layers:
            x = layer(x)
        return x


@dataclass(frozen=True, slots=True)
class Residual:
    """body(x) + shortcut(x), of one shape."""

    body: Step
    shortcut: Step

    def __call__(self, x: Tensor) -> Tensor:
        """The sum; `OperandError` where the shapes differ: nothing is broadcast."""
        one, other = self.body(x), self.shortcut(x)
        if one.shape != other.shape:
            raise OperandError("Residual", (one.shape, other.shape), "one shape is expected")
        return one + other
