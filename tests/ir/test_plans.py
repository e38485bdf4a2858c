"""Plans against loops over coordinates, and the readings of plans against each other."""

from collections.abc import Mapping

import numpy as np
import pytest
from gmpy2 import mpq
from hypothesis import given, settings
from hypothesis import strategies as st
from plan_cases import CASES, Case, naive
from term_strategies import TERMS

from refsem.exact import ExactTensor
from refsem.ir import Op
from refsem.ir.affine import AffineNode, NotAffine, affine_node
from refsem.ir.evaluation import node_value
from refsem.ir.graph import Node, make_node
from refsem.ir.linear_terms import Linear, linear_reading
from refsem.ir.operators import ROW, ShapeError
from refsem.ir.plans import Selection
from refsem.ir.readings import evaluate
from refsem.ir.terms import Term

Values = Mapping[str, ExactTensor]

ENTRIES = st.integers(-9, 9)
FEWER = settings(max_examples=settings.default.max_examples // 3)


def as_tensor(array: np.ndarray) -> ExactTensor:
    return ExactTensor.from_rationals([mpq(entry) for entry in array.ravel()], (1, array.size))


def node_of(case: Case) -> Node:
    operands = tuple(
        make_node(f"x{place}", Op.INPUT, (), {"shape": shape})
        for place, shape in enumerate(case.shapes)
    )
    return make_node("y", case.op, operands, case.attributes)


def drawn(case: Case, seed: int) -> tuple[list[np.ndarray], dict[str, ExactTensor]]:
    source = np.random.default_rng(seed)
    arrays = [source.integers(-9, 10, shape).astype(object) for shape in case.shapes]
    return arrays, {f"x{place}": as_tensor(array) for place, array in enumerate(arrays)}


def shapes_of(case: Case) -> dict[str, tuple[int, ...]]:
    return {f"x{place}": shape for place, shape in enumerate(case.shapes)}


def test_every_plan_has_cases() -> None:
    assert set(CASES) == {op for op in Op if ROW[op].plan is not None}


@pytest.mark.parametrize("op", CASES, ids=lambda op: op.value)
@FEWER
@given(data=st.data(), seed=st.integers(0, 99))
def test_values_are_those_of_loops_over_coordinates(op: Op, data: st.DataObject, seed: int) -> None:
    case = data.draw(CASES[op])
    arrays, values = drawn(case, seed)
    expected = naive(case, arrays)
    node = node_of(case)
    assert node.shape == expected.shape
    found = node_value(node, shapes_of(case), values)
    assert found.rationals() == [mpq(entry) for entry in expected.ravel()]


@pytest.mark.parametrize("op", CASES, ids=lambda op: op.value)
@FEWER
@given(data=st.data(), seed=st.integers(0, 99))
def test_maps_values_adjoints_and_intervals_agree(op: Op, data: st.DataObject, seed: int) -> None:
    """⟨A x, c⟩ = ⟨x, Aᵀ c⟩; a box of one point has that point as image, a wider one contains it."""
    case = data.draw(CASES[op])
    variable = data.draw(st.integers(0, len(case.shapes) - 1))
    _, values = drawn(case, seed)
    known = {name: value for name, value in values.items() if name != f"x{variable}"}
    node, shapes = node_of(case), shapes_of(case)
    found = affine_node(node, shapes, known)
    if op in {Op.MAX_POOL, Op.REDUCE_MAX, Op.REDUCE_MIN}:
        assert isinstance(found, NotAffine)
        return
    assert isinstance(found, AffineNode)
    value = node_value(node, shapes, values)
    assert bool(found.forward(values).equal(value).all())
    check_adjoint(found, values, value, seed)
    check_interval(found, values, value)


def check_adjoint(found: AffineNode, values: Values, value: ExactTensor, seed: int) -> None:
    numbers = np.random.default_rng(seed).integers(-9, 10, (2, value.shape[1])).astype(object)
    rows = ExactTensor(numbers, 0, 1)
    total = ExactTensor.full((2, 1), mpq(0))
    for piece in found.pieces:
        part = piece.adjoint(rows) * values[piece.operand]
        total = total + part.sum((1,)).reshape(2, 1)
    direct = (rows * (value - found.constant)).sum((1,)).reshape(2, 1)
    assert total.rationals() == direct.rationals()


def check_interval(found: AffineNode, values: Values, value: ExactTensor) -> None:
    point = {name: (held, held) for name, held in values.items()}
    lower, upper = found.interval(point)
    assert bool((lower.equal(value) & upper.equal(value)).all())
    one = ExactTensor.full((1, 1), mpq(1))
    wide = {name: (held - one, held + one) for name, held in values.items()}
    lower, upper = found.interval(wide)
    assert bool((lower.less_equal(value) & value.less_equal(upper)).all())
    below = {name: (held - one, held) for name, held in values.items()}
    inner = found.interval(below)
    assert bool((lower.less_equal(inner[0]) & inner[1].less_equal(upper)).all())


@given(data=st.data())
def test_both_operands_of_a_product_may_be_constant(data: st.DataObject) -> None:
    case = data.draw(CASES[Op.CONV])
    _, values = drawn(case, 3)
    found = affine_node(node_of(case), shapes_of(case), values)
    assert isinstance(found, AffineNode)
    assert found.pieces == ()
    assert bool(found.constant.equal(node_value(node_of(case), shapes_of(case), values)).all())


@given(root=TERMS, data=st.data())
def test_a_term_read_as_a_map_has_its_value(root: Term, data: st.DataObject) -> None:
    """Wherever a term is found linear, with any of its variables constant."""
    point = {name: mpq(data.draw(ENTRIES)) for name in "xyz"}
    known = {
        name: ExactTensor.full((1, 1), point[name])
        for name in data.draw(st.sets(st.sampled_from("xyz")))
    }
    found = linear_reading(root, known)
    if isinstance(found, Linear):
        total = found.constant.rational(0, 0)
        for name, factor in found.factors.items():
            total += factor.rational(0, 0) * point[name]
        assert total == evaluate(root, point)
    else:
        assert found.reason


# refusals: one attribute of a valid use made wrong

IMAGE = {"layout": "NCHW", "strides": (1, 1), "dilations": (1, 1), "pads": (0, 0, 0, 0)}
CONV = IMAGE | {"groups": 1}
POOL = IMAGE | {"kernel": (2, 2), "ceil": 0}
X, W = (1, 2, 4, 4), (3, 2, 2, 2)


@pytest.mark.parametrize(
    ("op", "shapes", "attributes", "message"),
    [
        (Op.CONV, (X, W), CONV | {"layout": "NWHC"}, "'NWHC' is none of NCHW, NHWC, CHW"),
        (Op.CONV, (X, W), CONV | {"groups": 2}, "2 channels in 2 groups"),
        (Op.CONV, (X, W), CONV | {"groups": 0}, "in 0 groups"),
        (Op.CONV, (X, (3, 2, 5, 1)), CONV, "a window of 5 does not fit axis 0"),
        (Op.CONV, (X, (3, 2, 2)), CONV, r"with \[3, 2, 2\]"),
        (Op.CONV, (X, W, (2,)), CONV, r"a bias of shape \[2\] for 3 channels"),
        (Op.CONV, (X, W), CONV | {"strides": (1, 0)}, "not 2 numbers of at least 1"),
        (Op.CONV, (X, W), CONV | {"pads": (0, 0, -1, 0)}, "not 4 numbers of at least 0"),
        (Op.CONV, ((2, 4), W), CONV, "has no spatial axes"),
        (Op.CONV, (X, W), CONV | {"pads": (2**20, 2**20, 0, 0)}, "terms to gather"),
        (Op.CONV_TRANSPOSE, (X, (3, 2, 2, 2)), CONV | {"output_pads": (0, 0)}, "2 channels"),
        (Op.CONV_TRANSPOSE, (X, W[1:2] + W[1:]), CONV | {"output_pads": (1, 0)}, "output pad 1"),
        (Op.MAX_POOL, (X,), POOL | {"kernel": (2,)}, r"a kernel of shape \[2\]"),
        (Op.MAX_POOL, (X,), POOL | {"pads": (2, 0, 0, 0)}, "axis 0 covers padding only"),
        (Op.MAX_POOL, (X,), POOL | {"ceil": 2}, "2 is not 0 or 1"),
        (Op.MAX_POOL, (X,), POOL | {"kernel": (0, 1)}, r"a kernel of shape \[0, 1\]"),
        (Op.REDUCE_MAX, ((2, 0),), {"axes": (1,), "keepdims": 0}, "a max of no entries"),
        (Op.REDUCE_MEAN, ((2, 0),), {"axes": (0, 1), "keepdims": 0}, "a mean of no entries"),
        (Op.REDUCE_SUM, ((2, 3),), {"axes": (1, 0), "keepdims": 0}, r"axes \[1, 0\]"),
        (Op.REDUCE_SUM, ((2, 3),), {"axes": (2,), "keepdims": 0}, r"axes \[2\]"),
        (Op.CONCAT, ((2, 3), (3, 3)), {"axis": 1}, "cannot be joined along axis 1"),
        (Op.CONCAT, ((2, 3),), {"axis": 2}, "axis 2 of a tensor with 2 dimensions"),
        (Op.GATHER, ((2, 3),), {"axis": 1, "indices": (3,), "shape": ()}, "index 3 into"),
        (Op.GATHER, ((2, 3),), {"axis": 1, "indices": (-1,), "shape": ()}, "at least 0"),
        (Op.GATHER, ((2, 3),), {"axis": 1, "indices": (0,), "shape": (2,)}, "not 2 numbers"),
        (Op.SLICE, ((3,),), {"starts": (1,), "lengths": (3,), "steps": (1,)}, "entries 1 to 3"),
        (Op.SLICE, ((3,),), {"starts": (1,), "lengths": (3,), "steps": (-1,)}, "entries 1 to -1"),
        (Op.SLICE, ((3,),), {"starts": (1,), "lengths": (1,), "steps": (0,)}, "other than 0"),
        (Op.PAD, ((3,), ()), {"mode": "reflect", "pads": (1, 1)}, "with 2 operands"),
        (Op.PAD, ((3,),), {"mode": "reflect", "pads": (3, 0)}, "reflect pads 3 and 0"),
        (Op.PAD, ((3,),), {"mode": "edge", "pads": (-1, 0)}, "edge pads -1 and 0"),
        (Op.PAD, ((3,), ()), {"mode": "constant", "pads": (-2, -2)}, "constant pads -2 and -2"),
        (Op.PAD, ((3,), (2,)), {"mode": "constant", "pads": (0, 0)}, r"has shape \[2\]"),
        (Op.EXPAND, ((2, 3),), {"shape": (3, 3)}, "broadcast"),
        (Op.EXPAND, ((2, 3),), {"shape": (3,)}, "broadcast"),
        (Op.TILE, ((2, 3),), {"repeats": (1,)}, "not 2 numbers"),
        (Op.MATMUL, ((2, 3), (2, 3)), {}, "inner lengths differ"),
        (Op.MATMUL, ((), (2, 3)), {}, "no single numbers"),
    ],
)
def test_what_does_not_apply_is_refused(
    op: Op,
    shapes: tuple[tuple[int, ...], ...],
    attributes: dict[str, object],
    message: str,
) -> None:
    with pytest.raises(ShapeError, match=message):
        ROW[op].shape(shapes, attributes)


def test_a_plan_is_planted_wrong_and_found() -> None:
    """The comparison above can fail: a window shifted by one entry gives other values."""
    case = Case(
        Op.MAX_POOL,
        ((1, 1, 4),),
        {**POOL, "strides": (2,), "dilations": (1,)} | {"kernel": (2,), "pads": (0, 0)},
    )
    arrays, values = drawn(case, 1)
    shifted = Case(case.op, case.shapes, {**case.attributes, "pads": (1, 0)})
    expected = [mpq(entry) for entry in naive(case, arrays).ravel()]
    assert node_value(node_of(case), shapes_of(case), values).rationals() == expected
    assert node_value(node_of(shifted), shapes_of(case), values).rationals() != expected


def test_a_reshape_is_no_copy() -> None:
    case = Case(Op.RESHAPE, ((2, 3),), {"shape": (3, 2)})
    found = affine_node(node_of(case), shapes_of(case), {})
    assert isinstance(found, AffineNode)
    assert found.pieces[0].steps == ()
    plan = ROW[Op.RESHAPE].plan
    assert plan is not None
    form = plan(((2, 3),), case.attributes)[0].form
    assert isinstance(form, Selection)
    assert form.index.tolist() == list(range(6))
