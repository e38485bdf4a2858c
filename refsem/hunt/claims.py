"""What a producer answered: interval bounds and lines, read strictly, one claim a side and form.

The answer is a dict of float64 arrays: `lower`, `upper`, and `lower_slope` with `lower_intercept`,
`upper_slope` with `upper_intercept`. An infinite bound or intercept on the outward side claims
nothing. A NaN anywhere, or an infinite slope of a line that claims something, is no number and a
finding of its own kind; an infinite bound on the inward side is false everywhere.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

import numpy as np
import numpy.typing as npt

from refsem.errors import InputError
from refsem.ir.floats import Array

Mask = npt.NDArray[np.bool_]


class Side(Enum):
    """Whether a claim bounds from below or from above; the value is +1 or −1."""

    LOWER = 1
    UPPER = -1

    @property
    def word(self) -> str:
        """`lower` or `upper`."""
        return self.name.lower()


@dataclass(frozen=True, slots=True)
class Claims:
    """One claim for each box of a batch: from one side, a constant or a line."""

    side: Side
    line: bool
    slopes: Array
    """(operands, boxes); zeros for a constant."""
    intercepts: Array
    """(boxes,)"""

    @property
    def name(self) -> str:
        """`lower`, `upper`, `lower line` or `upper line`."""
        return f"{self.side.word} line" if self.line else self.side.word

    def silent(self) -> Mask:
        """Where nothing is claimed: outward infinite."""
        outward = self.intercepts == -self.side.value * np.inf
        return np.asarray(outward & ~np.isnan(self.slopes).any(axis=0), np.bool_)

    def no_number(self) -> Mask:
        """Where a NaN, or an infinite slope, makes the claim no claim about numbers."""
        broken = np.isnan(self.intercepts) | ~np.isfinite(self.slopes).all(axis=0)
        return np.asarray(broken & ~self.silent(), np.bool_)


KEYS = (
    *("lower", "upper"),
    *("lower_slope", "lower_intercept", "upper_slope", "upper_intercept"),
)


def read_answer(producer: str, answer: object, operands: int, boxes: int) -> tuple[Claims, ...]:
    """The claims of an answer; `InputError` for anything but what the interface asks for."""
    if not isinstance(answer, Mapping):
        raise InputError("", producer, f"answered {_shown(answer)}, a dict of arrays expected")
    unknown = [key for key in answer if key not in KEYS]
    if unknown:
        raise InputError("", producer, f"answered the unknown key {unknown[0]!r}")
    arrays: dict[str, Array] = {}
    for key, value in answer.items():
        shape = (operands, boxes) if key.endswith("slope") else (boxes,)
        arrays[key] = _array(producer, key, value, shape)
    found = []
    for side in Side:
        if side.word in arrays:
            zeros = np.zeros((operands, boxes))
            found.append(Claims(side, False, zeros, arrays[side.word]))
        slope, intercept = (arrays.get(f"{side.word}_{part}") for part in ("slope", "intercept"))
        if (slope is None) != (intercept is None):
            message = f"answered one of {side.word}_slope and {side.word}_intercept only"
            raise InputError("", producer, message)
        if slope is not None and intercept is not None:
            found.append(Claims(side, True, slope, intercept))
    if not found:
        raise InputError("", producer, f"claims nothing; there are the keys {', '.join(KEYS)}")
    return tuple(found)


def _array(producer: str, key: str, value: object, shape: tuple[int, ...]) -> Array:
    try:
        found = np.asarray(value)
    except Exception as error:
        raise InputError("", producer, f"{key} is no array: {error}") from error
    if found.dtype.kind != "f" or found.dtype.itemsize > 8:
        raise InputError("", producer, f"{key} has elements of {found.dtype}, float64 expected")
    if found.shape != shape:
        message = f"{key} has shape {list(found.shape)}, {list(shape)} expected"
        raise InputError("", producer, message)
    return found.astype(np.float64)


def _shown(value: object) -> str:
    return f"a {type(value).__name__}"
