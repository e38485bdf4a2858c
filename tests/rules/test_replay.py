"""Replay on small networks: everything established is true, and means what the rules say.

Truth is evaluated by numpy on dyadic numbers, without error and without refsem's code; meaning by
`naive_replay`, one number at a time.
"""

from collections.abc import Iterator

import numpy as np
import pytest
import small_networks
from naive_replay import naive_replay, reading
from small_networks import NETWORKS
from small_truth import Truth, exactly, forgetting, holds, numbers, run, truth

from refsem.exact import ExactTensor
from refsem.ir.evaluation import Prepared, evaluate_graph
from refsem.rules import relaxing, replay
from refsem.rules.lifts import table
from refsem.rules.propagation import Method
from refsem.rules.trace import Application, Combination, Forgotten, Form, Region

BOXES = 2
POINTS = 12

each_network = pytest.mark.parametrize("prepared", NETWORKS.values(), ids=NETWORKS)
each_method = pytest.mark.parametrize("method", list(Method), ids=lambda method: method.value)


def source(*key: int) -> np.random.Generator:
    return np.random.default_rng([2026, *key])


def cases(prepared: Prepared) -> Iterator[tuple[small_networks.Box, dict[str, Combination], Truth]]:
    """Random boxes and targets with the truth at corners and inner points."""
    for number in range(BOXES):
        generator = source(number)
        box = small_networks.random_box(prepared, generator)
        targets = small_networks.random_targets(prepared, generator)
        yield box, targets, truth(prepared, box.points(generator, POINTS), targets)


@each_network
@each_method
def test_everything_established_is_true_at_corners_and_inside(
    prepared: Prepared, method: Method
) -> None:
    for box, targets, true in cases(prepared):
        state = run(prepared, box, method, targets)
        assert {*prepared.nodes, *targets} == set(state.boxes) - set(prepared.constants)
        for application, judgement in zip(
            state.replay.applications, state.replay.judgements, strict=True
        ):
            assert holds(judgement, true), application


@each_network
@each_method
def test_each_application_is_its_rule_entry_by_entry(prepared: Prepared, method: Method) -> None:
    box, targets, _ = next(cases(prepared))
    state = run(prepared, box, method, targets)
    expected = naive_replay(prepared, state.replay.trace())
    for application, judgement, naive in zip(
        state.replay.applications, state.replay.judgements, expected, strict=True
    ):
        assert reading(judgement) == naive, application


@each_network
@each_method
def test_a_trace_replayed_establishes_the_same(prepared: Prepared, method: Method) -> None:
    box, targets, _ = next(cases(prepared))
    state = forgetting(prepared, box, method, targets)
    again = replay.replay(prepared, state.replay.trace())
    pairs = list(zip(again, state.replay.judgements, strict=True))
    kept = [(one, other) for one, other in pairs if not isinstance(other, Forgotten)]
    assert [reading(one) for one, _ in kept] == [reading(other) for _, other in kept]
    assert [type(one) for one, _ in kept] == [type(other) for _, other in kept]
    assert all(isinstance(one, Form) for one, other in pairs if isinstance(other, Forgotten))
    assert len(kept) == len(pairs) or method is not Method.IBP


@each_network
def test_what_is_forgotten_supplies_nothing(prepared: Prepared) -> None:
    box, targets, _ = next(cases(prepared))
    state = forgetting(prepared, box, Method.CROWN, targets).replay
    gone = [i for i, one in enumerate(state.judgements) if isinstance(one, Forgotten)]
    assert gone
    for application in list(state.applications):
        if not set(gone).isdisjoint(application.suppliers.values()):
            with pytest.raises(replay.ReplayError, match="is not a form of"):
                state.establish(application)
    with pytest.raises(TypeError, match="established no box"):
        state.box(gone[0])


def test_few_forms_are_held_at_once() -> None:
    """Of a chain, the two forms of each named target, and no more than two besides."""
    prepared = small_networks.NETWORKS["chain_1"]
    box, targets, _ = next(cases(prepared))
    state = forgetting(prepared, box, Method.CROWN, targets)
    held = [one for one in state.replay.judgements if isinstance(one, Form)]
    assert {one.target for one in held} == set(targets)
    assert len(held) <= 2 * len(targets)


def test_every_lift_is_executed_by_these_networks() -> None:
    used = set()
    for prepared in NETWORKS.values():
        box, targets, _ = next(cases(prepared))
        for method in Method:
            used |= {one.rule for one in run(prepared, box, method, targets).replay.applications}
    elsewhere = {"floor_lower", "ceiling_upper"}  # by the review of a split tree
    elsewhere |= {"split_interval", "multiplier_lower"}  # by test_signs
    elsewhere |= {f"{norm}_ball_{side}" for norm in ("l1", "l2") for side in ("lower", "upper")}
    elsewhere |= {*table.SMOOTH_INTERVALS, *table.SMOOTH_UPPER, *table.SMOOTH_LOWER}
    kinds = ("interval", "upper", "lower")  # of pieces: by test_piecewise_networks
    pieces = (*table.ALGEBRAIC, *table.WHOLE, "enclosed")  # the last by test_enclosed_networks
    elsewhere |= {f"where_{kind}" for kind in kinds}  # by test_branches
    elsewhere |= {f"{family}_{kind}" for family in pieces for kind in kinds}
    assert used == set(table.LIFTS) - elsewhere


def test_the_networks_have_neurons_that_are_on_off_and_undecided() -> None:
    kinds = set()
    for prepared in NETWORKS.values():
        box, _, _ = next(cases(prepared))
        state = run(prepared, box, Method.CROWN, {})
        for line in state.replay.applications:
            if line.rule == "relu_upper":
                found = state.replay.box(line.suppliers["operand"])
                ends = zip(found.lower.rationals(), found.upper.rationals(), strict=True)
                kinds |= {(low >= 0, high <= 0) for low, high in ends}
    assert {(True, False), (False, True), (False, False)} <= kinds


@each_network
def test_crown_is_true_with_any_slopes_above_and_any_legal_ones_below(
    prepared: Prepared, monkeypatch: pytest.MonkeyPatch
) -> None:
    generator = source(7)

    def any_slopes(lower: ExactTensor, _upper: ExactTensor) -> tuple[ExactTensor, ExactTensor]:
        above = generator.integers(-12, 25, lower.shape).astype(object)
        below = generator.integers(0, 9, lower.shape).astype(object)
        return ExactTensor(above, 3, 1), ExactTensor(below, 3, 1)

    monkeypatch.setattr(relaxing, "relu_slopes", any_slopes)
    for _ in range(3):
        for box, targets, true in cases(prepared):
            state = run(prepared, box, Method.CROWN, targets)
            assert all(holds(judgement, true) for judgement in state.replay.judgements)


@each_network
def test_interval_boxes_shrink_with_the_input_box(prepared: Prepared) -> None:
    for number in range(6):
        generator = source(number)
        outer = small_networks.random_box(prepared, generator)
        inner = small_networks.inner_box(outer, generator)
        wide, narrow = run(prepared, outer, Method.IBP, {}), run(prepared, inner, Method.IBP, {})
        for name in prepared.nodes:
            around = wide.replay.box(wide.boxes[name])
            inside = narrow.replay.box(narrow.boxes[name])
            assert around.lower.less_equal(inside.lower).all()
            assert inside.upper.less_equal(around.upper).all()


@each_network
def test_on_a_point_interval_boxes_are_the_value(prepared: Prepared) -> None:
    generator = source(11)
    at = small_networks.random_box(prepared, generator).lower
    state = run(prepared, small_networks.Box(at, at), Method.IBP, {})
    values = small_networks.evaluate(prepared, {"x": at})
    for name in prepared.nodes:
        box = state.replay.box(state.boxes[name])
        assert box.lower.rationals() == box.upper.rationals() == list(exactly(values[name]))


@each_network
def test_crown_never_leaves_the_interval_box(prepared: Prepared) -> None:
    """Where both are intersected, the result lies in each: hidden tensors and outputs."""
    for box, _, _ in cases(prepared):
        interval, crown = (run(prepared, box, method, {}) for method in (Method.IBP, Method.CROWN))
        for name in prepared.nodes:
            around = interval.replay.box(interval.boxes[name])
            inside = crown.replay.box(crown.boxes[name])
            assert around.lower.less_equal(inside.lower).all()
            assert inside.upper.less_equal(around.upper).all()


@each_network
def test_exact_evaluation_agrees_with_numpy(prepared: Prepared) -> None:
    generator = source(13)
    box = small_networks.random_box(prepared, generator)
    points = box.points(generator, POINTS)
    stacked = [value for point in points for value in exactly(point["x"])]
    inputs = ExactTensor.from_rationals(stacked, (len(points), box.lower.size))
    found = evaluate_graph(prepared, {"x": inputs})
    expected = truth(prepared, points, {})
    for name in prepared.nodes:
        assert (numbers(found[name]) == expected[name]).all()


def test_forms_below_and_above_may_end_at_different_tensors() -> None:
    prepared = NETWORKS["chain_1"]
    box, _, true = next(cases(prepared))
    state = run(prepared, box, Method.CROWN, {})
    below = state.apply("start_form", "first", {})
    upper, lower = state.relaxation("first")
    above = state.apply(
        "substitute_upper", "first", {"form": below, "upper": upper, "lower": lower}
    )
    boxes = {name: state.boxes[name] for name in ("first", "h")}
    state.apply("concretise", "first", {"below": below, "above": above, **boxes})
    assert holds(state.replay.judgements[-1], true)
    assert reading(state.replay.judgements[-1]) == naive_replay(prepared, state.replay.trace())[-1]


def test_a_supplier_may_speak_of_a_wider_region_with_fewer_tensors() -> None:
    prepared = NETWORKS["chain_1"]
    wide = small_networks.Box(np.full(3, -1.0), np.full(3, 1.0))
    narrow = small_networks.Box(np.full(3, -0.5), np.full(3, 0.5))
    with_split = Region(
        {**narrow.region().boxes, "h": (small_networks.row([0] * 4), small_networks.row([9] * 4))}
    )
    regions = (wide.region(), narrow.region(), with_split)
    for region in (1, 2):
        state = replay.Replay(prepared, regions, {})
        first = state.establish(Application("input_interval", "x", 0))
        assert state.establish(
            Application("dot_product_interval", "h_product", region, {"x": first})
        )
