"""Choices for rules about pieces, powers and steps: which rule, which slope. Untrusted.

Host floats throughout: the replay computes intercepts that are right for any slope, so a poor
choice costs tightness and nothing else. Of a few candidate slopes the one is taken whose line is
tightest in the middle of the box, judged at samples of the function.
"""

from collections.abc import Callable, Mapping

import numpy as np
import numpy.typing as npt
from gmpy2 import mpq

from refsem.exact import ExactTensor
from refsem.ir.affine import attribute_values
from refsem.ir.evaluation import Prepared
from refsem.ir.operators import Op
from refsem.rules.choices import Choice, on_grid
from refsem.rules.lifts.curves import SLOPED, slope_left_of_zero

Floats = npt.NDArray[np.float64]
Curve = Callable[[Floats], Floats]

_EXPONENTS: Mapping[Op, int] = {
    Op.SQUARE: 2,
    Op.CUBE: 3,
    Op.POWER4: 4,
    Op.POWER5: 5,
    Op.POWER6: 6,
    Op.POWER7: 7,
    Op.POWER8: 8,
}
_WHOLE: Mapping[Op, Curve] = {
    Op.FLOOR: np.floor,
    Op.CEIL: np.ceil,
    Op.ROUND: np.rint,
    Op.TRUNC: np.trunc,
}
_JUMPS: Mapping[Op, Curve] = {
    Op.SIGN: np.sign,
    Op.POSITIVE: lambda x: np.where(x > 0, 1.0, 0.0),
    Op.NONNEGATIVE: lambda x: np.where(x >= 0, 1.0, 0.0),
    Op.ZERO: lambda x: np.where(x == 0, 1.0, 0.0),
}
PIECEWISE = frozenset(
    {*SLOPED, Op.ABS, Op.CLIP, Op.HARD_SIGMOID, Op.HARD_SWISH, *_EXPONENTS, *_WHOLE, *_JUMPS}
)
"""The operators of one variable operand that have exact values; ReLU's lines are chosen elsewhere.

Their rules are algebraic, but for those of functions that round to integers.
"""

_SAMPLES = 33
_STEP = 2.0**-20


def piecewise_interval(op: Op) -> str:
    """The rule for an interval around a node of this operator."""
    if op in _WHOLE:
        return f"{op.value}_step_interval"
    return "prelu_interval" if op in SLOPED else f"{op.value}_interval"


def piecewise_lines(
    prepared: Prepared, name: str, lower: ExactTensor, upper: ExactTensor
) -> tuple[Choice, Choice]:
    """The rules for lines above and below a node over a box, and what they want chosen."""
    node = prepared.nodes[name]
    op, low, high = node.op, lower.nearest_float64(), upper.nearest_float64()
    if op in SLOPED:
        return _sloped(slope_left_of_zero(prepared, name), low, high)
    if op is Op.ABS:
        nearer = on_grid(np.where(high > -low, 1.0, -1.0))
        return ("abs_upper", {"s": _above(np.abs, low, high)}), ("abs_lower", {"s": nearer})
    if op in _EXPONENTS:
        return _power(op, _EXPONENTS[op], low, high)
    if op in _WHOLE or op in _JUMPS:
        return _step(op, low, high)
    numbers = {key: v.nearest_float64() for key, v in attribute_values(node).items()}
    above, below = f"{op.value}_upper", f"{op.value}_lower"
    if op is Op.HARD_SWISH:
        t = on_grid(np.clip((low + high) / 2, -3.0, 3.0))
        curve: Curve = lambda x: x * np.clip(x + 3, 0, 6) / 6  # noqa: E731  one expression
        under = {"s": _below(curve, low, high), "t": t}
        return (above, {"s": _above(curve, low, high)}), (below, under)
    if op is Op.HARD_SIGMOID:
        low, high = (numbers["alpha"] * end + numbers["beta"] for end in (low, high))
        numbers |= {"low": np.zeros((1, 1)), "high": np.ones((1, 1))}
    curve = lambda x: np.minimum(np.maximum(x, numbers["low"]), numbers["high"])  # noqa: E731  as above
    return (above, {"s": _above(curve, low, high)}), (below, {"s": _below(curve, low, high)})


def _sloped(slope: ExactTensor, low: Floats, high: Floats) -> tuple[Choice, Choice]:
    """The chord where the function bends away from it; on the other side 1 or the slope itself.

    Where one entry is steeper than 1 left of 0 the rules for any slope serve them all.
    """
    shape, left = (1, slope.size), slope.nearest_float64()
    one = ExactTensor.full(shape, mpq(1))
    straight = one.where(high > -low, slope.broadcast_to(shape))
    curve: Curve = lambda x: np.where(x >= 0, x, left * x)  # noqa: E731  one expression
    above = _above(curve, low, high)
    if left.max(initial=0.0) <= 1:
        return ("leaky_relu_upper", {"s": above}), ("leaky_relu_lower", {"s": straight})
    below = _below(curve, low, high)
    return (
        ("prelu_upper", {"s": straight.where(left > 1, above)}),
        ("prelu_lower", {"s": below.where(left > 1, straight)}),
    )


def _step(op: Op, low: Floats, high: Floats) -> tuple[Choice, Choice]:
    """The best of a few slopes: of the chord, and flat."""
    whole = op in _WHOLE
    curve, name = (_WHOLE if whole else _JUMPS)[op], f"{op.value}_step" if whole else op.value
    chosen = "k" if whole else "s"
    above, below = {chosen: _above(curve, low, high)}, {chosen: _below(curve, low, high)}
    return (f"{name}_upper", above), (f"{name}_lower", below)


def _power(op: Op, n: int, low: Floats, high: Floats) -> tuple[Choice, Choice]:
    above, below = f"{op.value}_upper", f"{op.value}_lower"
    middle = (low + high) / 2
    if n % 2 == 0:
        tangent = {"s": on_grid(n * middle ** (n - 1)), "t": on_grid(middle)}
        return (above, {"s": _above(lambda x: x**n, low, high)}), (below, tangent)
    t, s = _odd_above(n, low, high)
    mirrored, m = _odd_above(n, -high, -low)
    return (above, {"s": on_grid(s), "t": on_grid(t)}), (
        below,
        {"s": on_grid(m), "t": on_grid(-mirrored)},
    )


def _odd_above(n: int, low: Floats, high: Floats) -> tuple[Floats, Floats]:
    """Tangent point, at most 0, and slope of a line above an odd power: through the upper end."""
    left, right = np.minimum(low, 0.0), np.zeros_like(low)
    for _ in range(60):
        middle = (left + right) / 2
        short = middle**n + n * middle ** (n - 1) * (high - middle) < high**n
        left, right = np.where(short, left, middle), np.where(short, middle, right)
    chord = _chord(lambda x: x**n, low, high)
    centre = (low + high) / 2
    t = np.where(high <= 0, centre, np.where(low >= 0, 0.0, left))
    s = np.where(high <= 0, n * centre ** (n - 1), np.where(low >= 0, chord, n * t ** (n - 1)))
    return t, np.where((low < 0) & (high > 0) & (left <= low), chord, s)


def _chord(f: Curve, low: Floats, high: Floats) -> Floats:
    width = high - low
    return np.where(width > _STEP**2, (f(high) - f(low)) / np.where(width > 0, width, 1.0), 0.0)


def _candidates(f: Curve, low: Floats, high: Floats) -> Floats:
    places = (low, (low + high) / 2, high)
    slopes = [(f(x + _STEP) - f(x - _STEP)) / (2 * _STEP) for x in places]
    return np.stack([_chord(f, low, high), *slopes, np.zeros_like(low)])


def _above(f: Curve, low: Floats, high: Floats) -> ExactTensor:
    """The candidate slope whose line above the function is least in the middle of the box."""
    shares = np.linspace(0.0, 1.0, _SAMPLES)[:, None, None]
    x = low + (high - low) * shares
    slopes = _candidates(f, low, high)
    intercepts = np.stack([(f(x) - s * x).max(axis=0) for s in slopes])
    best = (slopes * (low + high) / 2 + intercepts).argmin(axis=0)
    return on_grid(np.take_along_axis(slopes, best[None], axis=0)[0])


def _below(f: Curve, low: Floats, high: Floats) -> ExactTensor:
    """The candidate slope whose line below the function is greatest in the middle of the box."""
    return -_above(lambda x: -f(x), low, high)
