"""What the operators of `torch.export` programs are in the catalogue, by their names in aten.

Every argument is honoured or refused by name (`Call.finish`). Operators of the training graph, of
several results and in place are not here. A threshold of softplus is not its real meaning: it is
refused, as is a divisor of a pool's own choosing.
"""

from collections.abc import Callable, Mapping

import numpy as np
from gmpy2 import mpq

from refsem.ir.graph import Node
from refsem.ir.operators import Attribute, Op
from refsem.ir.torch_call import Call

Translator = Callable[[Call], Node]
_ONE, _ZERO = 0x3F800000, 0


def _unary(op: Op, **attributes: Attribute) -> Translator:
    return lambda call: call.builder.apply(op, call.tensor("self"), **attributes)


def _binary(op: Op) -> Translator:
    """Two operands, the second a tensor or a scalar, and a factor of the second."""

    def translate(call: Call) -> Node:
        left, right = call.tensor("self"), call.operand("other")
        if call.given("alpha"):
            factor = call.builder.constant(call.number("alpha", mpq(1)))
            right = call.builder.apply(Op.MUL, right, factor)
        return call.builder.apply(op, left, right)

    return translate


def _reversed_difference(call: Call) -> Node:
    """The other operand less this one."""
    call.absent("alpha")
    return call.builder.apply(Op.SUB, call.operand("other"), call.tensor("self"))


def _pair(op: Op) -> Translator:
    return lambda call: call.builder.apply(op, call.tensor("self"), call.tensor("other"))


def _identity(*ignored: str) -> Translator:
    def translate(call: Call) -> Node:
        call.unused(*ignored)
        return call.builder.apply(Op.IDENTITY, call.tensor("self"))

    return translate


def _product(left: str, right: str) -> Translator:
    return lambda call: call.builder.apply(Op.MATMUL, call.tensor(left), call.tensor(right))


def _linear(call: Call) -> Node:
    weight = call.builder.apply(Op.TRANSPOSE, call.tensor("weight"), axes=(1, 0))
    found = call.builder.apply(Op.MATMUL, call.tensor("input"), weight)
    return _added(call, found, "bias")


def _added(call: Call, value: Node, name: str) -> Node:
    call.used.add(name)
    return call.builder.apply(Op.ADD, value, call.tensor(name)) if call.given(name) else value


def _addmm(call: Call) -> Node:
    call.absent("beta", "alpha")
    product = call.builder.apply(Op.MATMUL, call.tensor("mat1"), call.tensor("mat2"))
    return call.builder.apply(Op.ADD, product, call.tensor("self"))


def _spread(values: tuple[int, ...], rank: int) -> tuple[int, ...]:
    return values * rank if len(values) == 1 else values


def _window(call: Call, rank: int, strides: tuple[int, ...]) -> dict[str, Attribute]:
    pads = _spread(call.integers("padding", (0,)), rank)
    return {
        "layout": "NCHW",
        "strides": _spread(call.integers("stride", strides), rank),
        "dilations": _spread(call.integers("dilation", (1,)), rank),
        "pads": (*pads, *pads),
    }


def _convolution(rank: int) -> Translator:
    def translate(call: Call) -> Node:
        operands = [call.tensor("input"), call.tensor("weight")]
        call.used.add("bias")
        if call.given("bias"):
            operands.append(call.tensor("bias"))
        window = _window(call, rank, (1,)) | {"groups": call.integer("groups", 1)}
        return call.builder.apply(Op.CONV, *operands, **window)

    return translate


def _max_pool(rank: int) -> Translator:
    def translate(call: Call) -> Node:
        kernel = _spread(call.integers("kernel_size", ()), rank)
        window = _window(call, rank, kernel)
        window |= {"kernel": kernel, "ceil": int(call.flag("ceil_mode", otherwise=False))}
        return call.builder.apply(Op.MAX_POOL, call.tensor("self"), **window)

    return translate


def _average_pool(rank: int) -> Translator:
    def translate(call: Call) -> Node:
        call.absent("divisor_override")
        kernel = _spread(call.integers("kernel_size", ()), rank)
        window = _window(call, rank, kernel) | {
            "kernel": kernel,
            "ceil": int(call.flag("ceil_mode", otherwise=False)),
            "count_include_pad": int(call.flag("count_include_pad", otherwise=True)),
        }
        return call.builder.apply(Op.AVERAGE_POOL, call.tensor("self"), **window)

    return translate


def _adaptive(call: Call) -> Node:
    sizes, operand = call.integers("output_size", ()), call.tensor("self")
    if set(sizes) != {1}:
        raise call.place.error(f"{call.target}: an output size other than 1 is not supported")
    rank = len(operand.shape)
    axes = tuple(range(rank - len(sizes), rank))
    return call.builder.apply(Op.REDUCE_MEAN, operand, axes=axes, keepdims=1)


def _reduction(op: Op) -> Translator:
    def translate(call: Call) -> Node:
        call.absent("dtype")
        operand = call.tensor("self")
        axes = call.axes("dim", len(operand.shape))
        kept = int(call.flag("keepdim", otherwise=False))
        return call.builder.apply(op, operand, axes=axes, keepdims=kept)

    return translate


def _along(op: Op) -> Translator:
    def translate(call: Call) -> Node:
        call.absent("dtype")
        operand = call.tensor("self")
        return call.builder.apply(op, operand, axes=(call.axis("dim", len(operand.shape), 0),))

    return translate


def _layer_norm(call: Call) -> Node:
    call.unused("cudnn_enable")
    operand, shape = call.tensor("input"), call.integers("normalized_shape", ())
    rank = len(operand.shape)
    if shape != operand.shape[rank - len(shape) :]:
        raise call.place.error(f"{call.target}: normalized_shape is not the operand's last axes")
    scale = _parameter(call, "weight", shape, _ONE)
    shift = _parameter(call, "bias", shape, _ZERO)
    axes = tuple(range(rank - len(shape), rank))
    epsilon = call.number("eps", mpq(1, 10**5))
    return call.builder.apply(Op.LAYER_NORM, operand, scale, shift, axes=axes, epsilon=epsilon)


def _parameter(call: Call, name: str, shape: tuple[int, ...], otherwise: int) -> Node:
    call.used.add(name)
    if call.given(name):
        return call.tensor(name)
    return call.builder.tensor(np.full(shape, otherwise, np.uint32))


def _batch_norm(call: Call) -> Node:
    if call.flag("training", otherwise=False):
        raise call.place.error(f"{call.target}: training mode is not supported")
    call.unused("momentum", "cudnn_enabled")
    operand = call.tensor("input")
    channels = operand.shape[1:2]
    operands = (
        operand,
        _parameter(call, "weight", channels, _ONE),
        _parameter(call, "bias", channels, _ZERO),
        call.tensor("running_mean"),
        call.tensor("running_var"),
    )
    epsilon = call.number("eps", mpq(1, 10**5))
    return call.builder.apply(Op.BATCH_NORM, *operands, axis=1, epsilon=epsilon)


def _reshaped(call: Call, shape: tuple[int, ...]) -> Node:
    operand = call.tensor("self")
    if -1 in shape:
        known = int(np.prod([length for length in shape if length != -1], dtype=np.int64))
        if shape.count(-1) > 1 or not known or operand.size % known:
            raise call.place.error(f"{call.target}: {list(operand.shape)} as {list(shape)}")
        shape = tuple(operand.size // known if length == -1 else length for length in shape)
    return call.builder.apply(Op.RESHAPE, operand, shape=shape)


def _view(name: str) -> Translator:
    return lambda call: _reshaped(call, call.integers(name, ()))


def _flatten(call: Call) -> Node:
    shape = call.tensor("self").shape
    first = call.axis("start_dim", len(shape), 0)
    last = call.axis("end_dim", len(shape), -1)
    merged = int(np.prod(shape[first : last + 1], dtype=np.int64))
    return _reshaped(call, (*shape[:first], merged, *shape[last + 1 :]))


def _unsqueeze(call: Call) -> Node:
    shape = call.tensor("self").shape
    axis = call.axis("dim", len(shape) + 1, 0)
    return _reshaped(call, (*shape[:axis], 1, *shape[axis:]))


def _squeeze_one(call: Call) -> Node:
    shape = call.tensor("self").shape
    axis = call.axis("dim", len(shape), 0)
    return _reshaped(call, tuple(n for i, n in enumerate(shape) if i != axis or n != 1))


def _squeeze(call: Call) -> Node:
    shape = call.tensor("self").shape
    axes = call.axes("dim", len(shape))
    return _reshaped(call, tuple(n for i, n in enumerate(shape) if i not in axes or n != 1))


def _permute(call: Call) -> Node:
    operand = call.tensor("self")
    axes = call.permutation("dims", len(operand.shape))
    return call.builder.apply(Op.TRANSPOSE, operand, axes=axes)


def _transpose(call: Call) -> Node:
    operand = call.tensor("self")
    axes = list(range(len(operand.shape)))
    one, other = (call.axis(name, len(axes), 0) for name in ("dim0", "dim1"))
    axes[one], axes[other] = other, one
    return call.builder.apply(Op.TRANSPOSE, operand, axes=tuple(axes))


def _concat(call: Call) -> Node:
    operands = call.tensor_list("tensors")
    axis = call.axis("dim", len(operands[0].shape) if operands else 1, 0)
    return call.builder.apply(Op.CONCAT, *operands, axis=axis)


def _slice(call: Call) -> Node:
    operand = call.tensor("self")
    axis = call.axis("dim", len(operand.shape), 0)
    length, step = operand.shape[axis], call.integer("step", 1)
    if step < 1:
        raise call.place.error(f"{call.target}: a step of {step}")
    start, end, _ = slice(call.integer("start", 0), call.integer("end", length)).indices(length)
    counts = list(operand.shape)
    counts[axis] = max(0, -(-(end - start) // step))
    rank = len(counts)
    return call.builder.apply(
        Op.SLICE,
        operand,
        starts=tuple(start if i == axis else 0 for i in range(rank)),
        lengths=tuple(counts),
        steps=tuple(step if i == axis else 1 for i in range(rank)),
    )


def _select(call: Call) -> Node:
    operand = call.tensor("self")
    axis = call.axis("dim", len(operand.shape), 0)
    length = operand.shape[axis]
    index = call.integer("index", 0)
    if not -length <= index < length:
        raise call.place.error(f"{call.target}: no entry {index} among {length}")
    where: dict[str, Attribute] = {"axis": axis, "indices": (index % length,), "shape": ()}
    return call.builder.apply(Op.GATHER, operand, **where)


def _expand(call: Call) -> Node:
    call.unused("implicit")
    operand, shape = call.tensor("self"), call.integers("size", ())
    ahead = len(shape) - len(operand.shape)
    if -1 in shape[: max(ahead, 0)]:
        raise call.place.error(f"{call.target}: {list(operand.shape)} as {list(shape)}")
    full = tuple(operand.shape[i - ahead] if n == -1 else n for i, n in enumerate(shape))
    return call.builder.apply(Op.EXPAND, operand, shape=full)


def _power(call: Call) -> Node:
    exponent = call.number("exponent", None)
    powers = (
        Op.IDENTITY,
        Op.SQUARE,
        Op.CUBE,
        Op.POWER4,
        Op.POWER5,
        Op.POWER6,
        Op.POWER7,
        Op.POWER8,
    )
    if exponent.denominator != 1 or not 1 <= exponent <= len(powers):
        raise call.place.error(f"{call.target}: a power of {exponent} is not supported")
    return call.builder.apply(powers[int(exponent) - 1], call.tensor("self"))


def _clamp(low: str, high: str, ends: tuple[mpq, mpq] | None) -> Translator:
    def translate(call: Call) -> Node:
        operand = call.tensor("self")
        call.used.update((low, high))
        if ends is not None or (call.given(low) and call.given(high)):
            least, most = (
                call.number(name, None if ends is None else end)
                for name, end in zip((low, high), ends or (mpq(0), mpq(0)), strict=True)
            )
            return call.builder.apply(Op.CLIP, operand, low=least, high=most)
        if not call.given(low) and not call.given(high):
            raise call.place.error(f"{call.target}: no bound is given")
        for name, op in ((low, Op.MAX), (high, Op.MIN)):
            if call.given(name):
                bound = call.builder.constant(call.number(name, None))
                operand = call.builder.apply(op, operand, bound)
        return operand

    return translate


def _hard_sigmoid(call: Call) -> Node:
    """A sixth of the operand and 3, between 0 and 6: 1/6 itself is no binary32 value."""
    three, six = (call.builder.constant(mpq(value)) for value in (3, 6))
    moved = call.builder.apply(Op.ADD, call.tensor("self"), three)
    clipped = call.builder.apply(Op.CLIP, moved, low=mpq(0), high=mpq(6))
    return call.builder.apply(Op.DIV, clipped, six)


def _leaky(call: Call) -> Node:
    slope = call.number("negative_slope", mpq(1, 100))
    return call.builder.apply(Op.LEAKY_RELU, call.tensor("self"), alpha=slope)


def _elu(call: Call) -> Node:
    call.absent("scale", "input_scale")
    return call.builder.apply(Op.ELU, call.tensor("self"), alpha=call.number("alpha", mpq(1)))


def _gelu(call: Call) -> Node:
    form = call.word("approximate", "none")
    ways = {"none": Op.GELU, "tanh": Op.GELU_TANH}
    if form not in ways:
        raise call.place.error(f"{call.target}: approximate {form!r} is not supported")
    return call.builder.apply(ways[form], call.tensor("self"))


def _prelu(call: Call) -> Node:
    operand, slope = call.tensor("self"), call.tensor("weight")
    if slope.size > 1:
        after = len(operand.shape) - 2
        slope = call.builder.apply(Op.RESHAPE, slope, shape=(slope.size, *(1,) * after))
    return call.builder.apply(Op.PRELU, operand, slope)


def _dropout(call: Call) -> Node:
    if call.flag("train", otherwise=True):
        raise call.place.error(f"{call.target}: training mode is not supported")
    call.unused("p")
    return call.builder.apply(Op.IDENTITY, call.tensor("input"))


TARGETS: Mapping[str, Translator] = {
    **{
        f"{name}.default": _unary(op)
        for name, op in (
            *(("relu", Op.RELU), ("neg", Op.NEG), ("abs", Op.ABS), ("exp", Op.EXP)),
            *(("log", Op.LOG), ("sin", Op.SIN), ("cos", Op.COS), ("tanh", Op.TANH)),
            *(("sigmoid", Op.SIGMOID), ("sqrt", Op.SQRT), ("reciprocal", Op.RECIPROCAL)),
            *(("erf", Op.ERF), ("hardswish", Op.HARD_SWISH), ("mish", Op.MISH)),
        )
    },
    "silu.default": _unary(Op.SILU, alpha=mpq(1)),
    "hardsigmoid.default": _hard_sigmoid,
    "add.Tensor": _binary(Op.ADD),
    "sub.Tensor": _binary(Op.SUB),
    "rsub.Scalar": _reversed_difference,
    "mul.Tensor": _binary(Op.MUL),
    "div.Tensor": _binary(Op.DIV),
    "maximum.default": _pair(Op.MAX),
    "minimum.default": _pair(Op.MIN),
    "matmul.default": _product("self", "other"),
    "mm.default": _product("self", "mat2"),
    "bmm.default": _product("self", "mat2"),
    "linear.default": _linear,
    "addmm.default": _addmm,
    "conv1d.default": _convolution(1),
    "conv2d.default": _convolution(2),
    "max_pool1d.default": _max_pool(1),
    "max_pool2d.default": _max_pool(2),
    "avg_pool1d.default": _average_pool(1),
    "avg_pool2d.default": _average_pool(2),
    "adaptive_avg_pool1d.default": _adaptive,
    "adaptive_avg_pool2d.default": _adaptive,
    "mean.dim": _reduction(Op.REDUCE_MEAN),
    "mean.default": _reduction(Op.REDUCE_MEAN),
    "sum.dim_IntList": _reduction(Op.REDUCE_SUM),
    "sum.default": _reduction(Op.REDUCE_SUM),
    "amax.default": _reduction(Op.REDUCE_MAX),
    "amin.default": _reduction(Op.REDUCE_MIN),
    "logsumexp.default": _reduction(Op.LOG_SUM_EXP),
    "softmax.int": _along(Op.SOFTMAX),
    "log_softmax.int": _along(Op.LOG_SOFTMAX),
    "layer_norm.default": _layer_norm,
    "batch_norm.default": _batch_norm,
    "view.default": _view("size"),
    "reshape.default": _view("shape"),
    "flatten.using_ints": _flatten,
    "unsqueeze.default": _unsqueeze,
    "squeeze.default": _squeeze,
    "squeeze.dim": _squeeze_one,
    "squeeze.dims": _squeeze,
    "permute.default": _permute,
    "transpose.int": _transpose,
    "cat.default": _concat,
    "slice.Tensor": _slice,
    "select.int": _select,
    "expand.default": _expand,
    "pow.Tensor_Scalar": _power,
    "clamp.default": _clamp("min", "max", None),
    "hardtanh.default": _clamp("min_val", "max_val", (mpq(-1), mpq(1))),
    "relu6.default": _unary(Op.CLIP, low=mpq(0), high=mpq(6)),
    "leaky_relu.default": _leaky,
    "elu.default": _elu,
    "gelu.default": _gelu,
    "prelu.default": _prelu,
    "dropout.default": _dropout,
    "contiguous.default": _identity("memory_format"),
    "clone.default": _identity("memory_format"),
}
"""By the name after `torch.ops.aten.`, with the overload."""
