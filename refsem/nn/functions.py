"""Functions of tensors: the operators of the catalogue by the names torch gives them.

Each applies one operator; what it means is its row in `refsem.ir.operators`. Axes may be counted
from the end; they, lengths and places are plain ints. Nothing has a default that rounds.
"""

from collections.abc import Iterable, Sequence
from math import prod

from gmpy2 import mpq

from refsem.ir.operators import Op, Shape
from refsem.nn.errors import ContextError, OperandError
from refsem.nn.numbers import Number, exact_number, whole
from refsem.nn.tensor import Operand, Tensor, applied


def relu(x: Tensor) -> Tensor:
    """max(x, 0)."""
    return applied(Op.RELU, (x,))


def leaky_relu(x: Tensor, negative_slope: Number) -> Tensor:
    """The entry where it is at least 0, else the slope times it."""
    return applied(Op.LEAKY_RELU, (x,), alpha=exact_number(negative_slope))


def tanh(x: Tensor) -> Tensor:
    """The hyperbolic tangent."""
    return applied(Op.TANH, (x,))


def sigmoid(x: Tensor) -> Tensor:
    """1 / (1 + e^-x)."""
    return applied(Op.SIGMOID, (x,))


def gelu(x: Tensor) -> Tensor:
    """x/2 · (1 + erf(x / √2))."""
    return applied(Op.GELU, (x,))


def gelu_tanh(x: Tensor) -> Tensor:
    """The approximation of GELU by a hyperbolic tangent."""
    return applied(Op.GELU_TANH, (x,))


def silu(x: Tensor) -> Tensor:
    """The entry over 1 + e^-x."""
    return applied(Op.SILU, (x,), alpha=mpq(1))


def softplus(x: Tensor) -> Tensor:
    """ln(1 + e^x)."""
    return applied(Op.SOFTPLUS, (x,))


def exp(x: Tensor) -> Tensor:
    """e^x."""
    return applied(Op.EXP, (x,))


def log(x: Tensor) -> Tensor:
    """The natural logarithm of positive entries."""
    return applied(Op.LOG, (x,))


def sin(x: Tensor) -> Tensor:
    """The sine of radians."""
    return applied(Op.SIN, (x,))


def cos(x: Tensor) -> Tensor:
    """The cosine of radians."""
    return applied(Op.COS, (x,))


def sqrt(x: Tensor) -> Tensor:
    """The square root of entries that are not negative."""
    return applied(Op.SQRT, (x,))


def power(x: Tensor, exponent: int) -> Tensor:
    """A whole power, from the first to the eighth."""
    return x**exponent


def clip(x: Tensor, low: Number, high: Number) -> Tensor:
    """min(max(x, low), high)."""
    return applied(Op.CLIP, (x,), low=exact_number(low), high=exact_number(high))


def maximum(x: Operand, y: Operand) -> Tensor:
    """The greater of each two entries."""
    return applied(Op.MAX, (x, y))


def minimum(x: Operand, y: Operand) -> Tensor:
    """The lesser of each two entries."""
    return applied(Op.MIN, (x, y))


def less(x: Operand, y: Operand) -> Tensor:
    """1 where x < y, else 0."""
    return applied(Op.LESS, (x, y))


def less_equal(x: Operand, y: Operand) -> Tensor:
    """1 where x ≤ y, else 0."""
    return applied(Op.LESS_EQUAL, (x, y))


def equal(x: Operand, y: Operand) -> Tensor:
    """1 where x = y, else 0."""
    return applied(Op.EQUAL, (x, y))


def where(condition: Tensor, x: Operand, y: Operand) -> Tensor:
    """The entry of x where the condition is 1, of y where it is 0."""
    return applied(Op.WHERE, (condition, x, y))


# shapes


def axis_of(x: Tensor, axis: int) -> int:
    """The axis counted from the front; `OperandError` where there is none."""
    rank = len(x.shape)
    if not -rank <= whole(axis) < rank:
        raise OperandError("an axis", (x.shape,), f"there is no axis {axis}")
    return whole(axis) % rank


def axes_of(x: Tensor, axes: int | Sequence[int]) -> Shape:
    """The axes, or the one axis, counted from the front, in order."""
    return tuple(sorted(axis_of(x, axis) for axis in _several(axes)))


def _several(places: int | Sequence[int]) -> Sequence[int]:
    """Whole numbers in a row; one of them is a row of one."""
    return tuple(map(whole, places)) if isinstance(places, Iterable) else (whole(places),)


def reshape(x: Tensor, shape: Sequence[int]) -> Tensor:
    """The same entries, row-major, in another shape; -1 stands for the length that is left."""
    wanted = _several(shape)
    rest, entries = prod(n for n in wanted if n != -1), prod(x.shape)
    if wanted.count(-1) == 1 and rest > 0 and entries % rest == 0:
        wanted = tuple(entries // rest if n == -1 else n for n in wanted)
    return applied(Op.RESHAPE, (x,), shape=tuple(wanted))


def flatten(x: Tensor, start: int = 0, end: int = -1) -> Tensor:
    """The axes from `start` to `end` as one; both are counted as torch does.

    A single number has one axis then. `OperandError` where the end comes before the start.
    """
    if not x.shape and whole(start) in {0, -1} and whole(end) in {0, -1}:
        return reshape(x, (1,))
    first, last = axis_of(x, start), axis_of(x, end)
    if last < first:
        raise OperandError("flatten", (x.shape,), f"axis {end} comes before axis {start}")
    merged = 1
    for length in x.shape[first : last + 1]:
        merged *= length
    return reshape(x, (*x.shape[:first], merged, *x.shape[last + 1 :]))


def permute(x: Tensor, axes: Sequence[int]) -> Tensor:
    """Axis i of the result is axis axes[i]."""
    return applied(Op.TRANSPOSE, (x,), axes=tuple(axis_of(x, axis) for axis in axes))


def concat(tensors: Sequence[Tensor], axis: int) -> Tensor:
    """The tensors one after another along an axis."""
    if not isinstance(tensors, Sequence) or not all(isinstance(x, Tensor) for x in tensors):
        raise ContextError("concat takes a list of tensors")
    if not tensors:
        raise OperandError("concat", (), "there is no tensor")
    return applied(Op.CONCAT, tuple(tensors), axis=axis_of(tensors[0], axis))


def row(x: Tensor, place: int, axis: int = 0) -> Tensor:
    """The part at one place along an axis, which disappears."""
    return gather(x, place, axis)


def gather(x: Tensor, places: int | Sequence[int], axis: int) -> Tensor:
    """The parts at some places along an axis, or at one, whose axis then disappears."""
    where_ = axis_of(x, axis)
    length = x.shape[where_]
    listed = _several(places)
    if any(not -length <= place < length for place in listed):
        raise OperandError("gather", (x.shape,), f"places {list(listed)} along axis {axis}")
    indices = tuple(place % length for place in listed)
    shape = (len(indices),) if isinstance(places, Iterable) else ()
    return applied(Op.GATHER, (x,), axis=where_, indices=indices, shape=shape)


def cut(x: Tensor, start: int, end: int, axis: int) -> Tensor:
    """The entries from `start` up to, and without, `end` along an axis."""
    along = axis_of(x, axis)
    if not 0 <= whole(start) <= whole(end) <= x.shape[along]:
        raise OperandError("cut", (x.shape,), f"entries {start} to {end} along axis {axis}")
    rank = len(x.shape)
    starts = tuple(start if place == along else 0 for place in range(rank))
    lengths = tuple(end - start if i == along else n for i, n in enumerate(x.shape))
    return applied(Op.SLICE, (x,), starts=starts, lengths=lengths, steps=(1,) * rank)


# along axes


def total(x: Tensor, axes: int | Sequence[int], *, keepdims: bool = False) -> Tensor:
    """The sum along axes."""
    return applied(Op.REDUCE_SUM, (x,), axes=axes_of(x, axes), keepdims=int(keepdims))


def mean(x: Tensor, axes: int | Sequence[int], *, keepdims: bool = False) -> Tensor:
    """The mean along axes."""
    return applied(Op.REDUCE_MEAN, (x,), axes=axes_of(x, axes), keepdims=int(keepdims))


def greatest(x: Tensor, axes: int | Sequence[int], *, keepdims: bool = False) -> Tensor:
    """The greatest entry along axes."""
    return applied(Op.REDUCE_MAX, (x,), axes=axes_of(x, axes), keepdims=int(keepdims))


def least(x: Tensor, axes: int | Sequence[int], *, keepdims: bool = False) -> Tensor:
    """The least entry along axes."""
    return applied(Op.REDUCE_MIN, (x,), axes=axes_of(x, axes), keepdims=int(keepdims))


def softmax(x: Tensor, axis: int) -> Tensor:
    """e^x over the sum of e^x along the axis."""
    return applied(Op.SOFTMAX, (x,), axes=(axis_of(x, axis),))


def log_softmax(x: Tensor, axis: int) -> Tensor:
    """The entry minus the logarithm of the sum of e^x along the axis."""
    return applied(Op.LOG_SOFTMAX, (x,), axes=(axis_of(x, axis),))
