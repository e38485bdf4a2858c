"""refsem's own producer: bounds and lines of any operator, enclosed and rounded outward.

A box is cut into pieces; on each, interval arithmetic with ball arithmetic for functions encloses
the term, or the term less a line of any slope; the extremes over the pieces, rounded outward to
binary64, are the bounds and the lines' intercepts. Right by construction, not tight, and slow: it
shows that the hunt is silent where nothing is false.
"""

from itertools import pairwise, product

import numpy as np
from gmpy2 import mpq

from refsem.exact.functions import Enclosure, NotEnclosed
from refsem.hunt.statement import Statement, subject
from refsem.ir.enclosing import enclose_term
from refsem.ir.floats import Array, evaluate_floats
from refsem.ir.terms import Term, term
from refsem.rounding import BINARY64, Unbounded, round_down_in, round_up_in

PIECES = {1: 8, 2: 3}
"""Pieces an operand's range is cut into, by the number of operands; else one."""
_PRECISION = 80


def bounds(op: str, lower: Array, upper: Array, **attributes: float) -> dict[str, Array]:
    """Interval bounds and one line each side, for boxes of an operator, as the hunt asks."""
    values = {name: mpq(value) for name, value in attributes.items()}
    statement = subject(op).statement(lower.shape[0], values)
    slopes = _slopes(statement, lower, upper)
    rows = [
        _of_box(statement, lower[:, i].tolist(), upper[:, i].tolist(), slopes[:, i].tolist())
        for i in range(lower.shape[1])
    ]
    low, high, below, above = np.array(rows, np.float64).reshape(-1, 4).T
    return {
        "lower": low,
        "upper": high,
        "lower_slope": slopes,
        "lower_intercept": below,
        "upper_slope": slopes,
        "upper_intercept": above,
    }


def _slopes(statement: Statement, lower: Array, upper: Array) -> Array:
    """A slope in each operand: of the chord between its ends, the others in the middle."""
    middle = lower / 2 + upper / 2
    found = np.zeros_like(lower)
    for place in range(lower.shape[0]):
        ends = []
        for end in (lower, upper):
            at = middle.copy()
            at[place] = end[place]
            bound = dict(zip(statement.operands, at, strict=True))
            ends.append(evaluate_floats(statement.term, bound))
        with np.errstate(all="ignore"):
            found[place] = (ends[1] - ends[0]) / (upper[place] - lower[place])
    return np.where(np.isfinite(found), found, 0.0)


def _of_box(
    statement: Statement, lower: list[float], upper: list[float], slopes: list[float]
) -> tuple[float, float, float, float]:
    line: Term = statement.term
    for name, slope in zip(statement.operands, slopes, strict=True):
        line = line - term(mpq(slope)) * Term(name)
    pieces = PIECES.get(len(lower), 1)
    cuts = [_cut(mpq(a), mpq(b), pieces) for a, b in zip(lower, upper, strict=True)]
    spans = [dict(zip(statement.operands, spans, strict=True)) for spans in product(*cuts)]
    ends: list[float] = []
    for root in (statement.term, line):
        images = [enclose_term(root, span, _PRECISION) for span in spans]
        ends += _extremes(images)
    return ends[0], ends[1], ends[2], ends[3]


def _cut(lower: mpq, upper: mpq, pieces: int) -> list[Enclosure]:
    if lower == upper:
        return [Enclosure(lower, upper)]
    ends = [lower + (upper - lower) * mpq(i, pieces) for i in range(pieces + 1)]
    return [Enclosure(a, b) for a, b in pairwise(ends)]


def _extremes(images: list[Enclosure | NotEnclosed]) -> list[float]:
    known = [image for image in images if isinstance(image, Enclosure)]
    if len(known) < len(images):
        return [-np.inf, np.inf]
    low = round_down_in(BINARY64, min(image.lower for image in known))
    high = round_up_in(BINARY64, max(image.upper for image in known))
    return [
        -np.inf if isinstance(low, Unbounded) else float(low),
        np.inf if isinstance(high, Unbounded) else float(high),
    ]
