"""Definiteness: against determinants and grids; what is returned shows itself."""

from itertools import product

import pytest
from gmpy2 import mpq

from refsem.exact.definite import Definite, NotDefinite, definite, inverse


def rational(rows: tuple[tuple[int, ...], ...]) -> tuple[tuple[mpq, ...], ...]:
    return tuple(tuple(mpq(entry) for entry in row) for row in rows)


def form(matrix: tuple[tuple[mpq, ...], ...], v: tuple[mpq, ...]) -> mpq:
    size = range(len(matrix))
    return sum((v[i] * matrix[i][j] * v[j] for i in size for j in size), mpq(0))


@pytest.mark.parametrize("size", [1, 2])
def test_small_matrices_by_sylvester(size: int) -> None:
    entries = range(-3, 4)
    for upper in product(entries, repeat=size * (size + 1) // 2):
        a = upper[0]
        rows = ((a,),) if size == 1 else ((a, upper[1]), (upper[1], upper[2]))
        matrix = rational(rows)
        minors = [a] if size == 1 else [a, a * upper[2] - upper[1] ** 2]
        judge(matrix, positive=all(minor > 0 for minor in minors), least=None)


def test_matrices_of_three_by_sylvester_and_a_grid_of_directions() -> None:
    grid = [v for v in product((-2, -1, 0, 1, 2), repeat=3) if any(v)]
    for a, b, c, d, e, f in product((0, 1, 2), (-1, 0, 1), (-1, 1), (-1, 0, 2), (0, 1), (1, 2)):
        matrix = rational(((a, b, c), (b, d, e), (c, e, f)))
        minors = (a, a * d - b * b, a * (d * f - e * e) - b * (b * f - e * c) + c * (b * e - d * c))
        least = min(form(matrix, tuple(map(mpq, v))) for v in grid)
        judge(matrix, positive=all(minor > 0 for minor in minors), least=least)


def judge(matrix: tuple[tuple[mpq, ...], ...], *, positive: bool, least: mpq | None) -> None:
    found = definite(matrix)
    size = range(len(matrix))
    match found:
        case Definite(lower, diagonal):
            assert positive
            assert min(diagonal) > 0
            for i, j in product(size, size):
                entry = sum((lower[i][k] * diagonal[k] * lower[j][k] for k in size), mpq(0))
                assert entry == matrix[i][j]
        case NotDefinite(direction, value):
            assert not positive
            assert any(direction)
            assert form(matrix, direction) == value <= 0
            if least is not None and value == 0:
                assert least >= 0


def test_a_pivot_of_zero_beside_another_entry_goes_below_zero() -> None:
    found = definite(rational(((0, 1), (1, 5))))
    assert isinstance(found, NotDefinite)
    assert found.value < 0


def test_what_is_not_symmetric_is_refused() -> None:
    for rows in (((1, 2), (3, 4)), ((1, 2),)):
        with pytest.raises(ValueError, match="not symmetric"):
            definite(rational(rows))


def test_the_inverse_of_a_definite_matrix() -> None:
    matrix = rational(((5, 1, -2), (1, 4, 1), (-2, 1, 3)))
    found, size = inverse(matrix), range(3)
    for i, j in product(size, size):
        assert sum((matrix[i][k] * found[k][j] for k in size), mpq(0)) == (i == j)
    with pytest.raises(ValueError, match="not positive definite"):
        inverse(rational(((0,),)))
