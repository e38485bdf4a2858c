"""The table of what there is for every operator says what the code does."""

import sys
from pathlib import Path

import pytest

from refsem.ir.operators import CATALOGUE, ROW, Op
from refsem.rules.pairs import PLANAR
from refsem.rules.piecewise import PIECEWISE
from refsem.rules.ranged import ENCLOSED

DOCS = Path(__file__).parents[2] / "docs"


@pytest.fixture(scope="module")
def coverage() -> object:
    sys.path.insert(0, str(DOCS))
    try:
        import operator_coverage  # noqa: PLC0415  found beside the pages

        return operator_coverage
    finally:
        sys.path.remove(str(DOCS))


def test_every_operator_has_a_value_and_a_bound(coverage) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001
    for row in CATALOGUE:
        assert coverage.value_of(row)
        assert coverage.bounds_of(row), row.op


def test_bounds_are_those_that_propagation_knows(coverage) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001
    for op in {*PIECEWISE, *PLANAR, *ENCLOSED}:
        assert "_interval`" in coverage.bounds_of(ROW[op]), op
    assert coverage.bounds_of(ROW[Op.LESS]) == "lowered"
    assert coverage.bounds_of(ROW[Op.ADD]) == "affine"


def test_readers_are_followed_through_the_code(coverage) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001
    found = coverage.readers()
    assert {op.value for op, names in found.items() if not names} == {
        *("input", "constant", "mse", "positive", "nonnegative")
    }
    assert found[Op.TRUNC] == ("Cast",)
    assert found[Op.CONV] == ("Conv",)
    assert "Pow" in found[Op.POWER7]
