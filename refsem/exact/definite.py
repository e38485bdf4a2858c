"""Definiteness of symmetric rational matrices, by the exact factors L·D·Lᵀ.

What is returned shows itself: factors with D > 0 multiply to the matrix, and a direction v has
vᵀ·M·v as said. No pivoting, no rounding.

Source: Golub and Van Loan, Matrix Computations (2013), section 4.1.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from gmpy2 import mpq

Matrix = tuple[tuple[mpq, ...], ...]


@dataclass(frozen=True, slots=True)
class Definite:
    """M = L·D·Lᵀ, L with ones on its diagonal, D diagonal and greater than 0: M is definite."""

    lower: Matrix
    diagonal: tuple[mpq, ...]


@dataclass(frozen=True, slots=True)
class NotDefinite:
    """A direction v ≠ 0 with `value` = vᵀ·M·v at most 0: 0 only if M is semidefinite."""

    direction: tuple[mpq, ...]
    value: mpq


def definite(matrix: Matrix) -> Definite | NotDefinite:
    """Whether a matrix is positive definite; `ValueError` if it is not symmetric."""
    size = len(matrix)
    if any(len(row) != size for row in matrix) or matrix != tuple(zip(*matrix, strict=False)):
        raise ValueError("the matrix is not symmetric")
    lower = [[mpq(int(i == j)) for j in range(size)] for i in range(size)]
    rest = [list(row) for row in matrix]
    diagonal: list[mpq] = []
    flat = None
    for k in range(size):
        pivot = rest[k][k]
        if pivot < 0 or (pivot == 0 and any(rest[k][k:])):
            return _direction(matrix, lower, rest, k)
        diagonal.append(pivot)
        if pivot == 0:
            flat = k
            continue
        for i in range(k + 1, size):
            lower[i][k] = rest[i][k] / pivot
            for j in range(k + 1, size):
                rest[i][j] -= lower[i][k] * rest[k][j]
    if flat is not None:
        return _direction(matrix, lower, rest, flat)
    return Definite(tuple(map(tuple, lower)), tuple(diagonal))


def _direction(
    matrix: Matrix, lower: list[list[mpq]], rest: list[list[mpq]], k: int
) -> NotDefinite:
    """The direction of a pivot that is not positive, or one beside it where the pivot is 0.

    With Lᵀ·v = w, vᵀ·M·v is wᵀ·rest·w for w that is 0 before k. A pivot of 0 beside an entry
    r ≠ 0 in its row goes below 0 along t·e_k + e_j: 2·t·r + rest[j][j] for t against r's sign.
    """
    size = len(matrix)
    w = [mpq(int(i == k)) for i in range(size)]
    if rest[k][k] == 0:
        for j in range(k + 1, size):
            if rest[k][j] != 0:
                w[j] = mpq(1)
                w[k] = -(rest[j][j] + 1) / (2 * rest[k][j])
                break
    v = transposed_solution(lower, w)
    value = sum((a * b * matrix[i][j] for i, a in enumerate(v) for j, b in enumerate(v)), mpq(0))
    return NotDefinite(v, value)


def transposed_solution(lower: Sequence[Sequence[mpq]], right: Sequence[mpq]) -> tuple[mpq, ...]:
    """The v with Lᵀ·v = w, for L with ones on its diagonal and zeros above it."""
    found = list(right)
    for i in reversed(range(len(found))):
        for j in range(i + 1, len(found)):
            found[i] -= lower[j][i] * found[j]
    return tuple(found)


def inverse(matrix: Matrix) -> Matrix:
    """The inverse of a positive definite matrix; `ValueError` for one that is not."""
    match definite(matrix):
        case NotDefinite():
            raise ValueError("the matrix is not positive definite")
        case found:
            pass
    size = range(len(matrix))
    columns = []
    for k in size:
        right = [mpq(int(i == k)) for i in size]
        for i in size:
            for j in range(i):
                right[i] -= found.lower[i][j] * right[j]
        scaled = [value / pivot for value, pivot in zip(right, found.diagonal, strict=True)]
        columns.append(transposed_solution(found.lower, scaled))
    return tuple(columns)
