"""Producers of bounds that are right, and the same with one error each, planted in narrow places.

All take and answer float64 arrays. Right ones compute in binary64, where the operators used here
are exact on binary32 ends or padded by more than the error.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Answer = dict[str, Array]
Producer = Callable[..., Answer]

PAD = 2.0**-46


def interval(low: Array, high: Array) -> Answer:
    return {"lower": np.array(low, np.float64), "upper": np.array(high, np.float64)}


def padded(low: Array, high: Array) -> Answer:
    return interval(low - PAD * np.abs(low) - 1e-300, high + PAD * np.abs(high) + 1e-300)


def upper_chord(f: Callable[[Array], Array], lower: Array, upper: Array) -> Answer:
    """The chord of a convex function, padded."""
    l, u = lower[0], upper[0]
    with np.errstate(all="ignore"):
        slope = np.where(u > l, (f(u) - f(l)) / (u - l), 0.0)
        slope = np.where(np.isfinite(slope), slope, 0.0)
        value = np.maximum(f(l) - slope * l, f(u) - slope * u)
        size = np.abs(f(l)) + np.abs(f(u)) + np.abs(slope) * (np.abs(l) + np.abs(u))
        intercept = value + PAD * size + 1e-300
    return {"upper_slope": slope[None], "upper_intercept": intercept}


def extremes(low: Array, high: Array) -> tuple[tuple[np.ufunc, Array], tuple[np.ufunc, Array]]:
    return (np.minimum, low), (np.maximum, high)


# right ones


def relu(_op: str, lower: Array, upper: Array) -> Answer:
    low, high = np.maximum(lower[0], 0), np.maximum(upper[0], 0)
    chord = upper_chord(lambda x: np.maximum(x, 0), lower, upper)
    steep = (upper[0] > -lower[0]).astype(np.float64)
    zero = np.zeros_like(low)
    return interval(low, high) | chord | {"lower_slope": steep[None], "lower_intercept": zero}


def absolute(_op: str, lower: Array, upper: Array) -> Answer:
    high = np.maximum(np.abs(lower[0]), np.abs(upper[0]))
    low = np.where(
        (lower[0] <= 0) & (upper[0] >= 0), 0, np.minimum(np.abs(lower[0]), np.abs(upper[0]))
    )
    return interval(low, high) | upper_chord(np.abs, lower, upper)


def square(_op: str, lower: Array, upper: Array) -> Answer:
    found = absolute("abs", lower, upper)
    chord = upper_chord(np.square, lower, upper)
    middle = lower[0] / 2 + upper[0] / 2
    tangent = {
        "lower_slope": 2 * middle[None],
        "lower_intercept": -(middle**2) * (1 + PAD) - 1e-300,
    }
    return interval(found["lower"] ** 2, found["upper"] ** 2) | chord | tangent


def product(_op: str, lower: Array, upper: Array) -> Answer:
    corners = np.stack([a * b for a in (lower[0], upper[0]) for b in (lower[1], upper[1])])
    slopes = np.stack([lower[1], lower[0]])
    plane = {"lower_slope": slopes, "lower_intercept": -lower[0] * lower[1]}
    return interval(corners.min(axis=0), corners.max(axis=0)) | plane


def greatest(_op: str, lower: Array, upper: Array) -> Answer:
    return interval(lower.max(axis=0), upper.max(axis=0))


def clip(_op: str, lower: Array, upper: Array, low: float, high: float) -> Answer:
    return interval(np.clip(lower[0], low, high), np.clip(upper[0], low, high))


def leaky(_op: str, lower: Array, upper: Array, alpha: float) -> Answer:
    def f(x: Array) -> Array:
        return np.where(x >= 0, x, alpha * x)

    ends = np.stack([f(lower[0]), f(upper[0])])
    low, high = ends.min(axis=0), ends.max(axis=0)
    straddles = (lower[0] < 0) & (upper[0] > 0)
    low, high = (
        np.where(straddles, np.minimum(low, 0), low),
        np.where(straddles, np.maximum(high, 0), high),
    )
    found = interval(low, high)
    return found | upper_chord(f, lower, upper) if alpha <= 1 else found


def hard_swish(_op: str, lower: Array, upper: Array) -> Answer:
    def f(x: Array) -> Array:
        return x * np.clip(x + 3, 0, 6) / 6

    ends = np.stack([f(lower[0]), f(upper[0])])
    inside = (lower[0] < -1.5) & (upper[0] > -1.5)
    left = (lower[0] < -3) & (upper[0] > -3)
    low = np.where(inside, -0.375, ends.min(axis=0))
    high = np.where(left, np.maximum(ends.max(axis=0), 0), ends.max(axis=0))
    return padded(low - 1e-14, high + 1e-14)


def tanh(_op: str, lower: Array, upper: Array) -> Answer:
    l, u = lower[0], upper[0]
    low, high = np.tanh(l), np.tanh(u)
    # Left of 0 the chord is above; across 0 and right of it, the horizontal line.
    with np.errstate(all="ignore"):
        chord = np.where((u <= 0) & (u > l), (high - low) / (u - l), 0.0)
    chord = np.where(np.isfinite(chord), chord, 0.0)
    value = np.maximum(low - chord * l, high - chord * u)
    pad = PAD * (np.abs(low) + np.abs(high) + np.abs(chord * l)) + 1e-300
    return padded(low, high) | {"upper_slope": chord[None], "upper_intercept": value + pad}


def sine(_op: str, lower: Array, upper: Array) -> Answer:
    l, u = lower[0], upper[0]
    ends = np.stack([np.sin(l), np.sin(u)])
    turn = 2 * np.pi
    # far from 0 the float reduction says nothing: claim the range only
    near = (np.abs(l) < 1e5) & (np.abs(u) < 1e5)
    peak = np.ceil((l - np.pi / 2) / turn - 1e-9) <= (u - np.pi / 2) / turn + 1e-9
    trough = np.ceil((l + np.pi / 2) / turn - 1e-9) <= (u + np.pi / 2) / turn + 1e-9
    low = np.where(trough | ~near, -1, ends.min(axis=0) - 1e-13)
    high = np.where(peak | ~near, 1, ends.max(axis=0) + 1e-13)
    return padded(low, high)


def logarithm(_op: str, lower: Array, upper: Array) -> Answer:
    return padded(np.log(lower[0]) - 1e-13, np.log(upper[0]) + 1e-13)


def quotient(_op: str, lower: Array, upper: Array) -> Answer:
    with np.errstate(all="ignore"):
        corners = np.stack([a / b for a in (lower[0], upper[0]) for b in (lower[1], upper[1])])
    return padded(corners.min(axis=0), corners.max(axis=0))


def softmax(_op: str, lower: Array, upper: Array) -> Answer:
    with np.errstate(all="ignore"):
        most = 1 / (1 + np.exp(lower[1:] - upper[0]).sum(axis=0))
        least = 1 / (1 + np.exp(upper[1:] - lower[0]).sum(axis=0))
    # the differences are rounded, and far apart they are rounded much
    sure = (np.abs(lower).max(axis=0) < 700) & (np.abs(upper).max(axis=0) < 700)
    return interval(np.where(sure, least * (1 - 1e-11), 0), np.where(sure, most * (1 + 1e-11), 1))


RIGHT: dict[str, Producer] = {
    "relu": relu,
    "abs": absolute,
    "square": square,
    "mul": product,
    "max": greatest,
    "max_pool": greatest,
    "clip": clip,
    "leaky_relu": leaky,
    "hard_swish": hard_swish,
    "tanh": tanh,
    "sin": sine,
    "log": logarithm,
    "div": quotient,
    "softmax": softmax,
}


# wrong ones


def swapped_slope(op: str, lower: Array, upper: Array) -> Answer:
    """The upper slope −l / (u − l) where |l| > u."""
    found = relu(op, lower, upper)
    l, u = lower[0], upper[0]
    wrong = (l < 0) & (u > 0) & (-l > u)
    with np.errstate(all="ignore"):
        slope = np.where(wrong, -l / (u - l), found["upper_slope"][0])
        intercept = np.where(wrong, -u / (u - l) * l, found["upper_intercept"])
    return found | {"upper_slope": slope[None], "upper_intercept": intercept}


def clipped_sliver(op: str, lower: Array, upper: Array) -> Answer:
    """Upper end 0 where l < −1 and 0 < u < 1e-3."""
    found = relu(op, lower, upper)
    wrong = (lower[0] < -1) & (upper[0] > 0) & (upper[0] < 1e-3)
    return found | {"upper": np.where(wrong, 0.0, found["upper"])}


def thin_slope(op: str, lower: Array, upper: Array) -> Answer:
    """The tangent below with slope 4 m instead of 2 m where the width is below 1e-6."""
    found = square(op, lower, upper)
    slope = np.where(upper - lower < 1e-6, 2 * found["lower_slope"], found["lower_slope"])
    return found | {"lower_slope": slope}


def inflection_chord(op: str, lower: Array, upper: Array) -> Answer:
    """The chord as an upper line across the inflection of tanh, within 0.1 of it."""
    found = tanh(op, lower, upper)
    l, u = lower[0], upper[0]
    wrong = (l < 0) & (u > 0) & (l > -0.1) & (u < 0.1)
    with np.errstate(all="ignore"):
        chord = (np.tanh(u) - np.tanh(l)) / (u - l)
        slope = np.where(wrong, chord, found["upper_slope"][0])
        intercept = np.where(wrong, np.tanh(l) - chord * l + 1e-12 * u, found["upper_intercept"])
    return found | {"upper_slope": slope[None], "upper_intercept": intercept}


def huge_corner(op: str, lower: Array, upper: Array) -> Answer:
    """The product of the lower ends forgotten where an operand reaches 1e30."""
    found = product(op, lower, upper)
    wrong = (np.abs(lower).max(axis=0) > 1e30) | (np.abs(upper).max(axis=0) > 1e30)
    rest = np.stack([lower[0] * upper[1], upper[0] * lower[1], upper[0] * upper[1]])
    return found | {"upper": np.where(wrong, rest.max(axis=0), found["upper"])}


def first_operand(op: str, lower: Array, upper: Array) -> Answer:
    """The second operand forgotten where its range is hardly above the first's."""
    found = greatest(op, lower, upper)
    wrong = (upper[1] > upper[0]) & (upper[1] - upper[0] < 1e-2) & (lower[1] < lower[0])
    return found | {"upper": np.where(wrong, upper[0], found["upper"])}


def last_of_window(op: str, lower: Array, upper: Array) -> Answer:
    """The last entry of a window of six forgotten."""
    found = greatest(op, lower, upper)
    return found | {"upper": upper[: min(5, len(upper))].max(axis=0)}


def clip_above(op: str, lower: Array, upper: Array, low: float, high: float) -> Answer:
    """The lower limit forgotten where it is positive."""
    found = clip(op, lower, upper, low, high)
    return (
        found | {"lower": np.maximum(found["lower"], low), "upper": np.minimum(upper[0], high)}
        if low > 0
        else found
    )


def any_slope(op: str, lower: Array, upper: Array, alpha: float) -> Answer:
    """The chord as an upper line whatever the slope: wrong where it exceeds 1."""
    found = leaky(op, lower, upper, alpha)
    return found | upper_chord(lambda x: np.where(x >= 0, x, alpha * x), lower, upper)


def flushed(op: str, lower: Array, upper: Array) -> Answer:
    """Subnormal ends read as 0."""
    tiny = 2.0**-126
    low, high = (np.where(np.abs(end) < tiny, 0.0, end) for end in (lower, upper))
    return absolute(op, low, high)


def monotone_dip(op: str, lower: Array, upper: Array) -> Answer:
    """The dip of hard-swish forgotten between −1.6 and −1.4."""
    found = hard_swish(op, lower, upper)
    l, u = lower[0], upper[0]
    wrong = (l > -1.6) & (u < -1.4) & (l < -1.5) & (u > -1.5)
    ends = np.minimum(l * (l + 3) / 6, u * (u + 3) / 6)
    return found | {"lower": np.where(wrong, ends, found["lower"])}


def flat_peak(op: str, lower: Array, upper: Array) -> Answer:
    """The peak of the sine forgotten where the box is narrow."""
    found = sine(op, lower, upper)
    narrow = upper[0] - lower[0] < 1e-1
    ends = np.maximum(np.sin(lower[0]), np.sin(upper[0])) + 1e-9
    far = np.abs(lower[0]) > 1e5
    return found | {"upper": np.where(narrow & ~far, ends, found["upper"])}


def clamped_logarithm(op: str, lower: Array, upper: Array) -> Answer:
    """log of at least 1e-12, as a guard against 0."""
    return logarithm(op, np.maximum(lower, 1e-12), np.maximum(upper, 1e-12))


def clamped_quotient(op: str, lower: Array, upper: Array) -> Answer:
    """A divisor no closer to 0 than 1e-8."""
    floor = np.where(lower[1] > 0, 1e-8, -np.inf)
    return quotient(
        op,
        np.stack([lower[0], np.maximum(lower[1], floor)]),
        np.stack([upper[0], np.maximum(upper[1], floor)]),
    )


def exchanged_entries(op: str, lower: Array, upper: Array) -> Answer:
    """Upper ends for lower ones in the other entries, where all ranges are nearly alike."""
    found = softmax(op, lower, upper)
    alike = (np.ptp(lower, axis=0) < 1e-2) & (np.ptp(upper, axis=0) < 1e-2)
    with np.errstate(all="ignore"):
        wrong = 1 / (1 + np.exp(upper[1:] - upper[0]).sum(axis=0))
    return found | {"upper": np.where(alike, wrong, found["upper"])}


def very_lopsided(op: str, lower: Array, upper: Array) -> Answer:
    """No intercept where u is a million times |l|, or more."""
    found = relu(op, lower, upper)
    wrong = (lower[0] < 0) & (upper[0] > -1e6 * lower[0])
    slope = np.where(wrong, 0.5, found["upper_slope"][0])
    intercept = np.where(wrong, 0.0, found["upper_intercept"])
    return found | {"upper_slope": slope[None], "upper_intercept": intercept}


def zero_width(op: str, lower: Array, upper: Array) -> Answer:
    """0/0 as the slope of a box that is a point."""
    found = relu(op, lower, upper)
    with np.errstate(all="ignore"):
        slope = np.where(lower == upper, (upper - lower) / (upper - lower), found["upper_slope"])
    return found | {"upper_slope": slope}


def wrong_infinity(op: str, lower: Array, upper: Array) -> Answer:
    """−∞ as an upper end of boxes that reach 1e38."""
    found = relu(op, lower, upper)
    return found | {"upper": np.where(upper[0] > 1e38, -np.inf, found["upper"])}


def rounded(_op: str, lower: Array, upper: Array) -> Answer:
    """The textbook triangle in binary32, rounded to nearest."""
    l, u = lower[0].astype(np.float32), upper[0].astype(np.float32)
    with np.errstate(all="ignore"):
        slope = np.where(l >= 0, np.float32(1), np.where(u <= 0, np.float32(0), u / (u - l)))
        slope = np.where(np.isfinite(slope), slope, np.float32(1)).astype(np.float32)
        intercept = np.where((l < 0) & (u > 0), -slope * l, np.float32(0)).astype(np.float32)
    return {
        "upper_slope": slope[None].astype(np.float64),
        "upper_intercept": intercept.astype(np.float64),
    }


@dataclass(frozen=True)
class Planted:
    operator: str
    producer: Producer
    claim: str
    kind: str = "rule"
    boxes: int = 4096
    """Within so many boxes it must be found, whatever the seed."""


PLANTED = (
    Planted("relu", swapped_slope, "upper line", boxes=512),
    Planted("relu", clipped_sliver, "upper", boxes=2048),
    Planted("square", thin_slope, "lower line", boxes=1024),
    Planted("tanh", inflection_chord, "upper line", boxes=2048),
    Planted("mul", huge_corner, "upper", boxes=1024),
    Planted("max", first_operand, "upper", boxes=2048),
    Planted("max_pool", last_of_window, "upper", boxes=2048),
    Planted("clip", clip_above, "upper", boxes=2048),
    Planted("leaky_relu", any_slope, "upper line", boxes=2048),
    Planted("abs", flushed, "upper", boxes=1024),
    Planted("hard_swish", monotone_dip, "lower"),
    Planted("sin", flat_peak, "upper", boxes=2048),
    Planted("log", clamped_logarithm, "lower", boxes=1024),
    Planted("div", clamped_quotient, "upper", boxes=1024),
    Planted("softmax", exchanged_entries, "upper"),
    Planted("relu", very_lopsided, "upper line", boxes=2048),
    Planted("relu", zero_width, "upper line", "nan", boxes=512),
    Planted("relu", wrong_infinity, "upper", boxes=1024),
    Planted("relu", rounded, "upper line", "rounding", boxes=512),
)
