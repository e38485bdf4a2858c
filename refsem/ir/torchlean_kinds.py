"""Every kind of TorchLean node that is read: products and sums, and windows, softmax, concat, MSE.

The pools of the first vocabulary take one image, channels first: windows of kH × kW every `stride`
cells, `padding` cells on every side of the image, which a maximum ignores and an average counts. A
padding beyond half a window means an empty result to TorchLean, and is refused.

Not here, each for a reason: convolutions and batch normalisation, whose parameters have no stated
place in the file; `layernorm`, whose epsilon and factors are parameters in one era and fixed in
another; the pools of the second vocabulary, whose keys are not documented.
"""

from collections.abc import Mapping

from refsem.ir.operators import Op
from refsem.ir.torchlean_operators import KINDS as PRODUCTS
from refsem.ir.torchlean_operators import Builder, Kind, Lower, Stated
from refsem.untrusted.decimals import read_integer

LENGTH_LIMIT = 2**16
"""How long a window, or a step between two, may be."""


def _softmax(builder: Builder, stated: Stated) -> str:
    """Along one axis."""
    axis = stated.axis("axis", len(stated.parents[0].shape))
    return builder.put(stated.name, Op.SOFTMAX, stated.parents, {"axes": (axis,)}).name


def _concat(builder: Builder, stated: Stated) -> str:
    """The parents one after another."""
    axis = stated.axis("axis", len(stated.parents[0].shape))
    return builder.put(stated.name, Op.CONCAT, stated.parents, {"axis": axis}).name


def _squared_error(builder: Builder, stated: Stated) -> str:
    """The mean of the squares of the differences, of tensors of one shape."""
    shapes = {node.shape for node in stated.parents}
    if len(shapes) > 1:
        raise stated.place.error(f"operands of shapes {sorted(map(list, shapes))}")
    return builder.put(stated.name, Op.MSE, stated.parents, {}).name


def _pool(op: Op) -> Lower:
    """A pool of an image with its channels first."""

    def lower(builder: Builder, stated: Stated) -> str:
        (source,) = stated.parents
        if len(source.shape) != 3:
            message = f"an image of shape {list(source.shape)}; channels, rows, columns expected"
            raise stated.place.error(message)
        members = stated.members
        kernel = tuple(read_integer(members[key], 1, LENGTH_LIMIT) for key in ("kH", "kW"))
        stride = read_integer(members["stride"], 1, LENGTH_LIMIT)
        pad = read_integer(members["padding"], 0, LENGTH_LIMIT) if "padding" in members else 0
        if 2 * pad > min(kernel):
            raise members["padding"].error(f"{pad} is more than half a window of {list(kernel)}")
        window = {
            "layout": "NCHW",
            "strides": (stride, stride),
            "dilations": (1, 1),
            "pads": (pad,) * 4,
            "kernel": kernel,
            "ceil": 0,
        }
        if op is Op.AVERAGE_POOL:
            window["count_include_pad"] = 1
        batch = {"shape": (1, *source.shape)}
        image = builder.put(f"{stated.name}.image", Op.RESHAPE, (source,), batch)
        pooled = builder.put(f"{stated.name}.pooled", op, (image,), window)
        return builder.put(stated.name, Op.RESHAPE, (pooled,), {"shape": pooled.shape[1:]}).name

    return lower


_WINDOW = ("kH", "kW", "stride")
PARENT_LIMIT = 64
"""How many parents a concatenation may have."""

KINDS: Mapping[str, Kind] = {
    **PRODUCTS,
    "softmax": Kind((1,), _softmax, ("axis",)),
    "concat": Kind(tuple(range(2, PARENT_LIMIT + 1)), _concat, ("axis",)),
    "mse_loss": Kind((2,), _squared_error),
    "max_pool2d": Kind((1,), _pool(Op.MAX_POOL), _WINDOW),
    "avg_pool2d": Kind((1,), _pool(Op.AVERAGE_POOL), _WINDOW),
    "max_pool2d_pad": Kind((1,), _pool(Op.MAX_POOL), (*_WINDOW, "padding")),
    "avg_pool2d_pad": Kind((1,), _pool(Op.AVERAGE_POOL), (*_WINDOW, "padding")),
}
