"""Which nodes have a linear map is read off their statement, and the map gives their value."""

import numpy as np
import pytest
from gmpy2 import mpq

from refsem.exact import ExactTensor
from refsem.ir import Graph, Op
from refsem.ir.affine import NotAffine, affine_node
from refsem.ir.evaluation import evaluate_graph, prepare
from refsem.ir.graph import check_wellformed, make_node


def product(left: tuple[int, ...], right: tuple[int, ...], *, constant: bool) -> Graph:
    x = make_node("x", Op.INPUT, (), {"shape": right})
    w = make_node("w", Op.CONSTANT if constant else Op.INPUT, (), {"shape": left})
    y = make_node("y", Op.MATMUL, (w, x), {})
    one = np.full(left, 0x3F800000, dtype=np.uint32)
    constants = {"w": one} if constant else {}
    graph = Graph((w, x, y), constants, ("x",) if constant else ("w", "x"), ("y",))
    check_wellformed(graph)
    return graph


def test_a_product_of_two_variables_has_no_map_but_a_value() -> None:
    graph = product((2, 3), (3, 1), constant=False)
    prepared = prepare(graph)
    (product_node,) = (name for name, node in prepared.nodes.items() if node.op is Op.MUL)
    assert product_node not in prepared.affine
    found = affine_node(graph.nodes[2], prepared.shapes, {})
    assert found == NotAffine("a product of two variable tensors is not affine")
    w = ExactTensor.from_rationals([mpq(k) for k in range(1, 13)], (2, 6))
    x = ExactTensor.from_rationals([mpq(k) for k in (1, -1, 2, 0, 1, 3)], (2, 3))
    values = evaluate_graph(prepared, {"w": w, "x": x})["y"]
    assert values.rationals() == [mpq(k) for k in (5, 11, 35, 47)]


@pytest.mark.parametrize("left", [(2, 3), (4, 2, 3), (3,)])
def test_a_constant_factor_of_any_rank_gives_a_map(left: tuple[int, ...]) -> None:
    prepared = prepare(product(left, (3, 5), constant=True))
    x = ExactTensor.from_rationals([mpq(k) for k in range(15)], (1, 15))
    expected = np.ones(left, dtype=object) @ np.arange(15).reshape(3, 5).astype(object)
    assert "y" in prepared.affine
    found = evaluate_graph(prepared, {"x": x})["y"]
    assert found.rationals() == [mpq(int(k)) for k in expected.ravel()]


def test_rows_that_are_mostly_zeros_are_pulled_back_like_others() -> None:
    """Of a convolution: zeros are skipped, and each unit row's adjoint is a row of the map."""
    source = np.random.default_rng(3)
    x = make_node("x", Op.INPUT, (), {"shape": (1, 2, 5, 4)})
    w = make_node("w", Op.CONSTANT, (), {"shape": (3, 2, 2, 3)})
    bits = source.integers(-9, 10, w.shape).astype(np.float32).view(np.uint32)
    window = {"layout": "NCHW", "strides": (2, 1), "dilations": (1, 1), "pads": (1, 0, 0, 1)}
    y = make_node("y", Op.CONV, (x, w), {**window, "groups": 1})
    (piece,) = prepare(Graph((x, w, y), {"w": bits}, ("x",), ("y",))).affine["y"].pieces
    rows = piece.forward(ExactTensor.identity(x.size)).transpose((1, 0))
    units = ExactTensor.identity(y.size)
    assert piece.adjoint(units).equal(rows).all()
    mixed = ExactTensor(source.integers(-1, 2, (7, y.size)).astype(object), 0, 1)
    assert piece.adjoint(mixed).equal(mixed.matmul(rows)).all()
    nothing = ExactTensor.full((2, y.size), mpq(0))
    assert piece.adjoint(nothing).rationals() == [mpq(0)] * (2 * x.size)
