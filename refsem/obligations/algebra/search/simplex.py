"""An exact simplex for cones: non-negative multiples of given columns that cancel.

Asked for λ ≥ 0 with Σ λⱼ·columnⱼ = 0 and Σ λⱼ > 0 over some of the columns. All right-hand sides
are 0, so every basis is as feasible as any other and the method would wander; a made-up positive
right-hand side, in floats, tells it where to go. Floats choose pivots and nothing else: the
tableau is integers, and an answer is read off the tableau.

Returns None where there is no such λ, and also where the pivots run out.
"""

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
from gmpy2 import mpq

Integers: TypeAlias = np.ndarray[Any, np.dtype[Any]]

_SAFE = 1 << 30
"""Entries below this can be multiplied and subtracted in 64 bits."""

PIVOTS = 2000


class _Tableau:
    """Integer rows, each with one basic column in which it alone is not zero; the last: costs."""

    def __init__(self, columns: Sequence[dict[int, int]], wanted: Sequence[int]) -> None:
        rows = {key: i for i, key in enumerate(sorted({key for one in columns for key in one}))}
        entries = np.zeros((len(rows) + 1, len(columns)), dtype=object)
        for j, column in enumerate(columns):
            for key, value in column.items():
                entries[rows[key], j] = value
        entries[-1, list(wanted)] = 1
        self.entries: Integers = entries
        self.basis = [-1] * len(rows)
        self._shrink(np.arange(len(rows) + 1))

    def _shrink(self, rows: Integers) -> None:
        """Divide rows by their common factors; use machine integers while they fit."""
        part = self.entries[rows]
        divisor = np.gcd.reduce(part, axis=1)
        divisor[divisor == 0] = 1
        self.entries[rows] = part // divisor[:, None]
        fits = int(np.abs(self.entries).max(initial=0)) < _SAFE
        wanted = np.int64 if fits else object
        if self.entries.dtype != wanted:
            self.entries = self.entries.astype(wanted)

    def pivot(self, row: int, column: int) -> None:
        """Make a column basic in a row."""
        entries = self.entries
        if entries[row, column] < 0:
            entries[row] = -entries[row]
        value = entries[row, column]
        rows = np.flatnonzero(entries[:, column])
        rows = rows[rows != row]
        if rows.size:
            factors = entries[rows, column]
            entries[rows] = entries[rows] * value - factors[:, None] * entries[row]
            if np.abs(entries[rows]).max() >= _SAFE:
                self._shrink(rows)
        self.basis[row] = column

    def start(self) -> None:
        """Find a first basis, and drop rows that say nothing."""
        kept = []
        for row in range(len(self.basis)):
            found = np.flatnonzero(self.entries[row])
            if found.size:
                sizes = np.abs(self.entries[row, found])
                self.pivot(row, int(found[int(np.argmin(sizes))]))
                kept.append(row)
        self.entries = self.entries[[*kept, -1]]
        self.basis = [self.basis[row] for row in kept]

    def ratios(self, column: int) -> np.ndarray[Any, np.dtype[np.float64]]:
        """How fast each basic variable falls as a column grows."""
        rows = np.arange(len(self.basis))
        top = self.entries[:-1, column].astype(np.float64)
        return np.asarray(top / self.entries[rows, self.basis].astype(np.float64))

    def ray(self, column: int) -> dict[int, mpq]:
        """The multiples that cancel, when a column may grow without end."""
        found = {column: mpq(1)}
        for row, basic in enumerate(self.basis):
            value = mpq(-int(self.entries[row, column]), int(self.entries[row, basic]))
            if value:
                found[basic] = value
        return found


def cancelling(columns: Sequence[dict[int, int]], wanted: Sequence[int]) -> dict[int, mpq] | None:
    """Positive multiples of columns that cancel, one of the wanted ones among them."""
    tableau = _Tableau(columns, wanted)
    tableau.start()
    levels = 1 + (np.arange(len(tableau.basis)) * 0.6180339887498949) % 1
    for _ in range(PIVOTS):
        costs = tableau.entries[-1]
        column = int(np.argmax(costs))
        if costs[column] <= 0:
            return None
        falling = tableau.ratios(column)
        rows = np.flatnonzero(falling > 0)
        if not rows.size:
            return tableau.ray(column)
        steps = levels[rows] / falling[rows]
        row = int(rows[int(np.argmin(steps))])
        step = float(steps.min())
        levels = levels - step * falling
        levels[row] = step
        tableau.pivot(row, column)
    return None
