"""Pools, softmax, normalisations and quotients: boxes hold what naive expansions enclose.

Truth is enclosed from the graph as it is stated, without affine maps and lowering.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from gmpy2 import mpq

from refsem.exact import ExactTensor
from refsem.ir import Graph, Op
from refsem.ir.evaluation import Prepared, as_stated, prepare
from refsem.ir.graph import Node, make_node
from refsem.ir.graph_enclosures import enclose_graph
from refsem.rules.propagation import Method, Propagation, check_covered, propagate
from refsem.rules.replay import replay
from refsem.rules.trace import Box, Region

PRECISION = 240
POOL = {"layout": "NCHW", "strides": (2, 1), "dilations": (1, 1), "pads": (0, 1, 1, 0)}
KINDS: Mapping[str, tuple[Op, dict[str, Any], int]] = {
    "softmax": (Op.SOFTMAX, {"axes": (3,)}, 0),
    "softmax of two axes": (Op.SOFTMAX, {"axes": (1, 2)}, 0),
    "log-softmax": (Op.LOG_SOFTMAX, {"axes": (3,)}, 0),
    "log-sum-exp": (Op.LOG_SUM_EXP, {"axes": (2, 3), "keepdims": 1}, 0),
    "greatest": (Op.REDUCE_MAX, {"axes": (2, 3), "keepdims": 0}, 0),
    "least": (Op.REDUCE_MIN, {"axes": (1,), "keepdims": 0}, 0),
    "max-pool": (Op.MAX_POOL, {**POOL, "kernel": (2, 2), "ceil": 0}, 0),
    "max-pool of a large window": (Op.MAX_POOL, {**POOL, "kernel": (3, 3), "ceil": 1}, 0),
    "batch norm": (Op.BATCH_NORM, {"axis": 1, "epsilon": mpq(1, 1024)}, 4),
    "layer norm": (Op.LAYER_NORM, {"axes": (3,), "epsilon": mpq(1, 1024)}, 2),
}
SHAPE = (1, 2, 2, 3)
each = pytest.mark.parametrize("kind", KINDS)
methods = pytest.mark.parametrize(
    "method", [Method.IBP, Method.CROWN], ids=lambda method: method.value
)


def graph_of(kind: str) -> Graph:
    """x mixed along its last axis, then the operator; its further operands are constants."""
    op, attributes, further = KINDS[kind]
    source = np.random.default_rng(5)
    values = {"w": source.integers(-4, 5, (3, 3)) / 4}
    length = 2 if op is Op.BATCH_NORM else 3
    values |= {f"c{n}": source.integers(1, 9, (length,)) / 4 for n in range(further)}
    constants = [make_node(n, Op.CONSTANT, (), {"shape": v.shape}) for n, v in values.items()]
    x = make_node("x", Op.INPUT, (), {"shape": SHAPE})
    mixed = make_node("h", Op.MATMUL, (x, constants[0]), {})
    y = make_node("y", op, (mixed, *constants[1:]), attributes)
    bits = {name: value.astype(np.float32).view(np.uint32) for name, value in values.items()}
    return Graph((x, *constants, mixed, y), bits, ("x",), ("y",))


def region_of(width: mpq) -> Region:
    """Boxes of a width around points between -1 and 1."""
    source = np.random.default_rng(7)
    size = int(np.prod(SHAPE))
    lower = [mpq(int(v), 8) for v in source.integers(-8, 9, size)]
    ends = lower, [value + width for value in lower]
    first, second = (ExactTensor.from_rationals(end, (1, size)) for end in ends)
    return Region({"x": (first, second)})


def points_of(region: Region) -> ExactTensor:
    """Corners and inner points, a row each."""
    source = np.random.default_rng(9)
    lower, upper = region.boxes["x"]
    eighths = source.integers(0, 9, (6, lower.size))
    eighths[:4] = 8 * source.integers(0, 2, (4, lower.size))
    return lower + ExactTensor(eighths.astype(object), 3, 1) * (upper - lower)


def bounded(graph: Graph, region: Region, method: Method) -> tuple[Prepared, Propagation]:
    prepared = prepare(graph)
    check_covered(prepared)
    return prepared, propagate(prepared, region, method, {}, lambda *_: None)


def output(state: Propagation) -> Box:
    return state.replay.box(state.boxes["y"])


@each
@pytest.mark.parametrize("width", [mpq(1, 16), mpq(1)], ids=str)
def test_boxes_hold_what_is_enclosed_and_crown_is_no_looser(kind: str, width: mpq) -> None:
    graph, region = graph_of(kind), region_of(width)
    _, interval = bounded(graph, region, Method.IBP)
    prepared, crown = bounded(graph, region, Method.CROWN)
    points = points_of(region)
    low, high = enclose_graph(as_stated(graph), {"x": (points, points)}, PRECISION)["y"]
    wide, narrow = output(interval), output(crown)
    assert wide.lower.less_equal(narrow.lower).all()
    assert narrow.lower.less_equal(low).all()
    assert high.less_equal(narrow.upper).all()
    assert narrow.upper.less_equal(wide.upper).all()
    again = replay(prepared, crown.replay.trace())[crown.boxes["y"]]
    assert isinstance(again, Box)
    assert again.lower.rationals() == narrow.lower.rationals()


@each
def test_on_a_point_the_box_is_next_to_the_value(kind: str) -> None:
    _, state = bounded(graph_of(kind), region_of(mpq(0)), Method.CROWN)
    box = output(state)
    tiny = ExactTensor.full((1, 1), mpq(1, 2**40))
    assert (box.upper - box.lower).less(tiny).all()


@methods
@pytest.mark.parametrize("width", [mpq(4), mpq(1000)], ids=str)
def test_softmax_stays_between_0_and_1_and_its_logarithm_next_to_or_below_0(
    method: Method, width: mpq
) -> None:
    region = region_of(width)
    zero, one = (ExactTensor.full((1, 1), mpq(value)) for value in (0, 1))
    box = output(bounded(graph_of("softmax"), region, method)[1])
    assert zero.less_equal(box.lower).all()
    assert box.upper.less_equal(one).all()
    box = output(bounded(graph_of("log-softmax"), region, method)[1])
    assert box.upper.less(ExactTensor.full((1, 1), mpq(1, 2**150))).all()


def test_a_softmax_of_one_entry_is_1() -> None:
    x = make_node("x", Op.INPUT, (), {"shape": (3, 1)})
    graph = Graph((x, make_node("y", Op.SOFTMAX, (x,), {"axes": (1,)})), {}, ("x",), ("y",))
    row = ExactTensor.from_rationals([mpq(-1)] * 3, (1, 3)), ExactTensor.full((1, 3), mpq(2))
    box = output(bounded(graph, Region({"x": row}), Method.CROWN)[1])
    assert box.lower.rationals() == box.upper.rationals() == [mpq(1)] * 3


def test_a_product_of_two_variable_matrices_is_bounded() -> None:
    """Attention's scores: x · xᵀ, whose diagonal is a sum of squares."""
    x = make_node("x", Op.INPUT, (), {"shape": (2, 3)})
    turned = make_node("t", Op.TRANSPOSE, (x,), {"axes": (1, 0)})
    nodes: tuple[Node, ...] = (x, turned, make_node("y", Op.MATMUL, (x, turned), {}))
    graph = Graph(nodes, {}, ("x",), ("y",))
    ends = ExactTensor.full((1, 6), mpq(-1)), ExactTensor.full((1, 6), mpq(2))
    for method in (Method.IBP, Method.CROWN):
        box = output(bounded(graph, Region({"x": ends}), method)[1])
        assert box.lower.rationals() == [mpq(-6)] * 4
        assert box.upper.rationals() == [mpq(12)] * 4
