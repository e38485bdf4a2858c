"""Products that have no affine map are refused by name, whatever reader made the graph."""

import numpy as np
import pytest

from refsem.ir import Graph, Op
from refsem.ir.affine import NotAffineError
from refsem.ir.evaluation import prepare
from refsem.ir.graph import check_wellformed, make_node


def product(left: tuple[int, ...], right: tuple[int, ...], *, constant: bool) -> Graph:
    x = make_node("x", Op.INPUT, (), {"shape": right})
    w = make_node("w", Op.CONSTANT if constant else Op.INPUT, (), {"shape": left})
    y = make_node("y", Op.MATMUL, (w, x), {})
    constants = {"w": np.zeros(left, dtype=np.uint32)} if constant else {}
    graph = Graph((w, x, y), constants, ("x",) if constant else ("w", "x"), ("y",))
    check_wellformed(graph)
    return graph


def test_a_constant_factor_of_rank_three_is_refused() -> None:
    with pytest.raises(NotAffineError, match=r"'y'.*shape \[4, 2, 3\], not a matrix"):
        prepare(product((4, 2, 3), (3, 5), constant=True))


def test_a_product_of_two_variables_is_refused() -> None:
    with pytest.raises(NotAffineError, match=r"'y'.*two variable tensors"):
        prepare(product((2, 3), (3, 5), constant=False))


def test_a_constant_matrix_is_a_factor() -> None:
    assert "y" in prepare(product((2, 3), (3, 5), constant=True)).affine
