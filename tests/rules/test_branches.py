"""Comparisons and choices by a condition: exact values inside, decided conditions lose nothing."""

import operator
from collections.abc import Callable, Mapping
from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from gmpy2 import mpq
from small_networks import Builder

from refsem.exact import ExactTensor
from refsem.ir import Graph, Op
from refsem.ir.evaluation import Prepared, evaluate_graph, prepare
from refsem.ir.graph import Node
from refsem.rules.propagation import Method, Propagation, check_covered, propagate
from refsem.rules.replay import Replay, ReplayError, replay
from refsem.rules.trace import Application, Plane, Region, Side

COMPARISONS = (Op.LESS, Op.LESS_EQUAL, Op.EQUAL)
methods = pytest.mark.parametrize("method", [Method.IBP, Method.CROWN], ids=lambda m: m.value)


def network(op: Op, seed: int) -> Prepared:
    """Of two dense layers, which is less; by that a choice between them; dense."""
    builder = Builder(np.random.default_rng(seed))
    x = builder.add("x", Op.INPUT, shape=(1, 2))
    left, right = builder.dense("left", x, 3), builder.dense("right", x, 3)
    condition = builder.add("condition", op, left, right)
    chosen = builder.add("chosen", Op.WHERE, condition, left, right)
    return builder.graph(builder.dense("y", chosen, 2))


def region(low: mpq, high: mpq) -> Region:
    return Region({"x": (ExactTensor.full((1, 2), low), ExactTensor.full((1, 2), high))})


def points(low: mpq, high: mpq) -> ExactTensor:
    ends = [low, high, (low + high) / 2, low + (high - low) / 7]
    return ExactTensor.from_rationals([v for a in ends for b in ends for v in (a, b)], (16, 2))


def propagated(prepared: Prepared, box: Region, method: Method) -> Propagation:
    check_covered(prepared)
    state = propagate(prepared, box, method, {}, lambda *_: None)
    assert len(replay(prepared, state.replay.trace())) == len(state.replay.judgements)
    return state


@methods
@pytest.mark.parametrize("op", COMPARISONS, ids=lambda op: op.value)
def test_boxes_and_planes_hold_at_points_of_the_box(op: Op, method: Method) -> None:
    ends = [(mpq(-1), mpq(1)), (mpq(1, 8), mpq(2)), (mpq(1, 3), mpq(1, 3))]
    for seed, (low, high) in enumerate(ends):
        prepared = network(op, seed)
        state = propagated(prepared, region(low, high), method)
        values = evaluate_graph(prepared, {"x": points(low, high)})
        for name, index in state.boxes.items():
            if name in values:
                box = state.replay.box(index)
                assert box.lower.less_equal(values[name]).all()
                assert values[name].less_equal(box.upper).all()
        planes = [one for one in state.replay.judgements if isinstance(one, Plane)]
        assert len(planes) == (2 if method is Method.CROWN else 0)
        for plane in planes:
            at = plane.intercept
            for slope, operand in zip(plane.slopes, plane.operands, strict=True):
                at = at + slope * values[operand]
            truth = values[plane.node]
            least, greatest = (at, truth) if plane.side is Side.LOWER else (truth, at)
            assert least.less_equal(greatest).all()


def choice(condition: float, **more: Node) -> Prepared:
    """x_0 where x_0 < condition, x_1 elsewhere."""
    builder = Builder(np.random.default_rng(0))
    x = builder.add("x", Op.INPUT, shape=(2,))
    parts = [
        builder.add(name, Op.SLICE, x, starts=(start,), lengths=(1,), steps=(1,))
        for start, name in enumerate(("first", "second"))
    ]
    level = builder.constant(1)
    builder.values[level.name] = np.array([condition])
    asked = builder.add("asked", Op.LESS, parts[0], level)
    return builder.graph(builder.add("y", Op.WHERE, asked, *parts, **more))


def output(prepared: Prepared, method: Method) -> tuple[list[mpq], list[mpq]]:
    lower = ExactTensor.from_rationals([mpq(0), mpq(5)], (1, 2))
    upper = ExactTensor.from_rationals([mpq(2), mpq(6)], (1, 2))
    state = propagated(prepared, Region({"x": (lower, upper)}), method)
    box = state.replay.box(state.boxes["y"])
    return box.lower.rationals(), box.upper.rationals()


@methods
@pytest.mark.parametrize(
    ("level", "low", "high"), [(3, 0, 2), (-1, 5, 6), (0, 5, 6), (1, 0, 6)], ids=str
)
def test_a_decided_condition_gives_one_operand_an_open_one_both(
    level: float, low: int, high: int, method: Method
) -> None:
    assert output(choice(level), method) == ([mpq(low)], [mpq(high)])


def test_a_choice_between_a_tensor_and_itself_is_none() -> None:
    builder = Builder(np.random.default_rng(0))
    x = builder.add("x", Op.INPUT, shape=(2,))
    asked = builder.add("asked", Op.POSITIVE, x)
    prepared = builder.graph(builder.add("y", Op.WHERE, asked, x, x))
    assert "y" in prepared.affine


def test_operands_are_spread_to_one_shape() -> None:
    builder = Builder(np.random.default_rng(0))
    x = builder.add("x", Op.INPUT, shape=(2,))
    wide = builder.add("wide", Op.EXPAND, x, shape=(3, 2))
    asked = builder.add("asked", Op.POSITIVE, x)
    prepared = builder.graph(builder.add("y", Op.WHERE, asked, wide, x))
    state = propagated(prepared, region(mpq(-1), mpq(1)), Method.CROWN)
    values = evaluate_graph(prepared, {"x": points(mpq(-1), mpq(1))})
    box = state.replay.box(state.boxes["y"])
    assert box.lower.less_equal(values["y"]).all()


def refused(applied: Mapping[str, object], reason: str) -> None:
    prepared = choice(1)
    state = Replay(prepared, (region(mpq(0), mpq(1)),), {})
    suppliers = {
        name: state.establish(Application("input_interval", "x", 0, {}, {}))
        for name in ("condition", "x", "y")
    }
    given = {"rule": "where_interval", "node": "y", "suppliers": suppliers} | applied
    with pytest.raises(ReplayError, match=reason):
        state.establish(Application(region=0, chosen={}, **given))  # type: ignore[arg-type]


def test_what_is_no_choice_or_has_other_suppliers_is_refused() -> None:
    refused({"node": "x"}, "is not a")
    refused({}, "supplier 'condition' is not a box of 'asked'")
    refused({"suppliers": {}}, "supplier 'condition'")


def test_operands_of_another_shape_are_refused() -> None:
    prepared = choice(1)
    shapes = dict(prepared.shapes) | {"first": (1, 1)}
    zero = ExactTensor.full((1, 1), mpq(0))
    names = ("asked", "first", "second")
    state = Replay(
        replace(prepared, shapes=shapes), (Region(dict.fromkeys(names, (zero, zero))),), {}
    )
    suppliers = {
        role: state.establish(Application("input_interval", name, 0, {}, {}))
        for role, name in zip(("condition", "x", "y"), names, strict=True)
    }
    with pytest.raises(ReplayError, match="has not the shape of its operands"):
        state.establish(Application("where_interval", "y", 0, suppliers, {}))


@pytest.mark.parametrize(
    ("op", "compared"),
    [
        (Op.LESS, operator.lt),
        (Op.LESS_EQUAL, operator.le),
        (Op.EQUAL, operator.eq),
    ],
    ids=str,
)
def test_comparisons_keep_their_meaning_where_numbers_are_equal(
    op: Op, compared: Callable[[int, int], bool]
) -> None:
    builder = Builder(np.random.default_rng(0))
    x = builder.add("x", Op.INPUT, shape=(2,))
    parts = [
        builder.add(f"part{place}", Op.SLICE, x, starts=(place,), lengths=(1,), steps=(1,))
        for place in range(2)
    ]
    prepared = builder.graph(builder.add("y", op, *parts))
    for a, b in product((-1, 0, 1), repeat=2):
        point = ExactTensor.from_rationals([mpq(a), mpq(b)], (1, 2))
        assert evaluate_graph(prepared, {"x": point})["y"].rationals() == [int(compared(a, b))]


def test_the_graph_given_is_not_changed() -> None:
    prepared = choice(1)
    again: Graph = prepared.graph
    assert again.node("asked").op is Op.LESS
    assert prepare(again).graph is again
