"""A black-box producer of bounds, as `refsem hunt` calls one: the textbook ReLU triangle.

In float32: the upper line goes through both ends of the box, but its slope and intercept are each
rounded to nearest, which is where it goes wrong.
"""

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]


def bounds(op: str, lower: Array, upper: Array, **attributes: float) -> dict[str, Array]:
    """Upper lines of ReLU for boxes with ends `lower[0]`, `upper[0]`."""
    if op != "relu" or attributes:
        raise ValueError(f"only relu, not {op}")
    l, u = lower[0].astype(np.float32), upper[0].astype(np.float32)
    slope = np.where(l >= 0, 1, np.where(u <= 0, 0, u / (u - l)))
    intercept = np.where((l < 0) & (u > 0), -slope * l, 0)
    return {
        "upper_slope": slope.astype(np.float64)[None],
        "upper_intercept": intercept.astype(np.float64),
    }
