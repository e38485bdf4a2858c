"""Layers with weights, as torch names, shapes and computes them.

Every one is a frozen dataclass: its numbers are fields, its weights are loaded (`refsem.nn.load`).
Images are laid out (batch, channels, height, width). `eps` has no default: it is a binary32 value,
written exactly, such as `rounded("1e-5", Mode.RNE)`.
"""

from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass, field

import numpy as np

from refsem.ir.operators import Attribute, Op, Shape
from refsem.nn.errors import OperandError, ParameterError
from refsem.nn.numbers import Number, exact_number, pattern, whole
from refsem.nn.tensor import Tensor, applied, constant, within
from refsem.nn.weights import Weighted, Weights, label, weight

Pair = tuple[int, int]
ONE = 0x3F800000


@dataclass(frozen=True, slots=True, eq=False)
class Parameter:
    """A tensor of its own: `parameter(x)` is it beside x."""

    shape: Shape
    _: KW_ONLY
    weights: Weights | None = field(default=None, repr=False)

    def declared(self) -> Mapping[str, Shape | None]:
        """The one tensor, under the parameter's own path."""
        return {"": self.shape}

    def __call__(self, beside: Tensor) -> Tensor:
        """The tensor, in the stage of another."""
        return weight(self, "", beside)


@dataclass(frozen=True, slots=True, eq=False)
class Linear:
    """x · Wᵀ + b along the last axis; rows of W are outputs."""

    in_features: int
    out_features: int
    _: KW_ONLY
    bias: bool = True
    weights: Weights | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        _check_lengths(self, "in_features", "out_features")

    def declared(self) -> Mapping[str, Shape | None]:
        """`weight`, and `bias` where there is one."""
        shapes: dict[str, Shape | None] = {"weight": (self.out_features, self.in_features)}
        return shapes | ({"bias": (self.out_features,)} if self.bias else {})

    def __call__(self, x: Tensor) -> Tensor:
        """The product, plus the bias."""
        if x.shape[-1:] != (self.in_features,):
            raise OperandError(label(self), (x.shape,), f"[…, {self.in_features}] is expected")
        turned = applied(Op.TRANSPOSE, (weight(self, "weight", x),), axes=(1, 0))
        product = applied(Op.MATMUL, (x, turned), _name(self, "product" if self.bias else ""))
        if not self.bias:
            return product
        return applied(Op.ADD, (product, weight(self, "bias", x)), _name(self, ""))


def _name(module: Weighted, part: str) -> str:
    """The name of a layer's tensor in a graph."""
    path = "" if module.weights is None else module.weights.path
    return f"{path}.{part}" if path and part else path or part


@dataclass(frozen=True, slots=True, eq=False)
class Conv2d:
    """The cross-correlation of images with kernels, zeros around the images."""

    in_channels: int
    out_channels: int
    kernel_size: Pair
    _: KW_ONLY
    stride: Pair = (1, 1)
    padding: Pair = (0, 0)
    dilation: Pair = (1, 1)
    groups: int = 1
    bias: bool = True
    weights: Weights | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        check_pairs(self, "kernel_size", "stride", "padding", "dilation")
        _check_lengths(self, "in_channels", "out_channels", "groups")
        if self.groups < 1 or self.in_channels % self.groups or self.out_channels % self.groups:
            channels = f"{self.in_channels} and {self.out_channels} channels"
            raise ParameterError(f"{self.groups} groups of {channels}")

    def declared(self) -> Mapping[str, Shape | None]:
        """`weight`, and `bias` where there is one."""
        inner = self.in_channels // self.groups
        shapes: dict[str, Shape | None] = {"weight": (self.out_channels, inner, *self.kernel_size)}
        return shapes | ({"bias": (self.out_channels,)} if self.bias else {})

    def __call__(self, x: Tensor) -> Tensor:
        """The images of `out_channels` channels."""
        _check_image(label(self), x, self.in_channels)
        names = ("weight", "bias") if self.bias else ("weight",)
        attributes: dict[str, Attribute] = {
            **window(self.stride, self.padding, self.dilation),
            "groups": self.groups,
        }
        operands = (x, *(weight(self, name, x) for name in names))
        with within(label(self)):
            return applied(Op.CONV, operands, _name(self, ""), **attributes)


def _check_lengths(module: object, *names: str) -> None:
    """Nothing if these numbers of a module are whole and not negative; else `ParameterError`."""
    for name in names:
        value = getattr(module, name)
        if isinstance(value, bool) or not isinstance(value, int) or value < 0:
            message = f"{name} of {type(module).__name__} is {value!r}: a length is expected"
            raise ParameterError(message)


def check_pairs(module: object, *names: str) -> None:
    """Nothing if these numbers of a module are pairs of whole ones; else `ParameterError`."""
    for name in names:
        value = getattr(module, name)
        if not isinstance(value, tuple) or len(value) != 2:
            kind = type(module).__name__
            raise ParameterError(
                f"{name} of {kind} is {value!r}: a pair, (height, width), expected"
            )
        for one in value:
            whole(one)


def window(stride: Pair, padding: Pair, dilation: Pair) -> dict[str, Attribute]:
    """The attributes of windows over images in torch's layout."""
    return {
        "layout": "NCHW",
        "strides": tuple(stride),
        "dilations": tuple(dilation),
        "pads": (*padding, *padding),
    }


def _check_image(where: str, x: Tensor, channels: int) -> None:
    if len(x.shape) != 4 or x.shape[1] != channels:
        raise OperandError(where, (x.shape,), f"[batch, {channels}, height, width] is expected")


@dataclass(frozen=True, slots=True, eq=False)
class BatchNorm:
    """(x − mean) / √(variance + eps) · weight + bias by channel, at axis 1; as in evaluation.

    `running_mean` and `running_var` are weights; `num_batches_tracked` may be there.
    """

    features: int
    eps: Number
    _: KW_ONLY
    affine: bool = True
    weights: Weights | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        _check_lengths(self, "features")
        pattern(self.eps)  # a binary32 value, or refused

    def declared(self) -> Mapping[str, Shape | None]:
        """Mean and variance, with `affine` also factor and shift."""
        own = ("weight", "bias") if self.affine else ()
        shapes = dict.fromkeys((*own, "running_mean", "running_var"), (self.features,))
        return {**shapes, "num_batches_tracked": None}

    def __call__(self, x: Tensor) -> Tensor:
        """The normalised channels."""
        if x.shape[1:2] != (self.features,):
            raise OperandError(label(self), (x.shape,), f"[batch, {self.features}, …] is expected")
        shape = (self.features,)
        given = (
            *_factors(self, x, shape, affine=self.affine),
            weight(self, "running_mean", x),
            weight(self, "running_var", x),
        )
        eps = exact_number(self.eps)
        return applied(Op.BATCH_NORM, (x, *given), _name(self, ""), axis=1, epsilon=eps)


@dataclass(frozen=True, slots=True, eq=False)
class LayerNorm:
    """(x − mean) / √(variance + eps) · weight + bias, mean and variance along the last axes."""

    normalized_shape: Shape
    eps: Number
    _: KW_ONLY
    affine: bool = True
    weights: Weights | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        if not isinstance(self.normalized_shape, tuple) or not self.normalized_shape:
            shown = f"normalized_shape of LayerNorm is {self.normalized_shape!r}"
            raise ParameterError(f"{shown}: a tuple of lengths is expected")
        pattern(self.eps)  # a binary32 value, or refused

    def declared(self) -> Mapping[str, Shape | None]:
        """With `affine`, factor and shift."""
        return dict.fromkeys(("weight", "bias"), self.normalized_shape) if self.affine else {}

    def __call__(self, x: Tensor) -> Tensor:
        """The normalised entries."""
        shape, rank = self.normalized_shape, len(x.shape)
        if not shape or x.shape[max(rank - len(shape), 0) :] != shape:
            expected = ", ".join(("…", *map(str, shape)))
            raise OperandError(label(self), (x.shape,), f"[{expected}] is expected")
        factors = _factors(self, x, shape, affine=self.affine)
        where: dict[str, Attribute] = {
            "axes": tuple(range(rank - len(shape), rank)),
            "epsilon": exact_number(self.eps),
        }
        return applied(Op.LAYER_NORM, (x, *factors), _name(self, ""), **where)


def _factors(
    module: BatchNorm | LayerNorm, x: Tensor, shape: Shape, *, affine: bool
) -> tuple[Tensor, Tensor]:
    """Factor and shift: the weights, or 1 and 0."""
    if affine:
        return weight(module, "weight", x), weight(module, "bias", x)
    one, zero = (np.full(shape, bits, np.uint32) for bits in (ONE, 0))
    return constant(one, x.stage, ""), constant(zero, x.stage, "")
