"""Optimised slopes: gradients are those of finite differences, bounds never looser than CROWN's.

That everything established is true is tested with the other methods (`test_replay`).
"""

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import builders
import numpy as np
import pytest
import small_networks
from small_truth import run

from refsem.ir import load_model
from refsem.ir.evaluation import Prepared, prepare
from refsem.ir.operators import Op
from refsem.properties import load_property
from refsem.properties.claims import region_claims
from refsem.rules.propagation import Method, propagate
from refsem.search.alpha import bounded_by
from refsem.search.relaxation import (
    FloatForm,
    Floats,
    Relaxed,
    bounded,
    optimised,
    starting_slopes,
)

SOURCE = np.random.default_rng(7)
STEP = 2.0**-20


def random_graph(seed: int) -> tuple[list[Relaxed], Mapping[str, tuple[Floats, Floats]], FloatForm]:
    """Two layers of free neurons and a bypass of the first, with three rows to bound."""
    source = np.random.default_rng(seed)

    def form(**sizes: int) -> FloatForm:
        weights = {name: source.normal(0, 1, (4, size)) for name, size in sizes.items()}
        return FloatForm(weights, source.normal(0, 1, 4))

    def relaxed(name: str, operand: FloatForm) -> Relaxed:
        above, below, zero = source.random(4), source.random(4), np.zeros(4)
        return Relaxed(
            name, operand, above, source.random(4), below, zero, np.ones(4, dtype=np.bool_)
        )

    first = relaxed("first", form(x=3))
    second = relaxed("second", form(first=4))
    return [first, second], {"x": (-np.ones(3), np.ones(3))}, form(first=4, second=4)


@pytest.mark.parametrize("seed", range(5))
def test_gradients_are_those_of_finite_differences(seed: int) -> None:
    relaxed, boxes, rows = random_graph(seed)
    slopes = {name: np.repeat(s, 4, axis=0) for name, s in starting_slopes(relaxed).items()}
    found = bounded(relaxed, boxes, rows, slopes, {})
    moved = 0
    for name, slope in slopes.items():
        for row in range(4):
            for entry in range(4):
                further = slope.copy()
                further[row, entry] += STEP
                higher = bounded(relaxed, boxes, rows, slopes | {name: further}, {}).lower
                difference = (higher - found.lower) / STEP
                assert abs(difference[row] - found.gradient[name][row, entry]) < 1e-4
                assert (np.delete(difference, row) == 0).all()
                moved += difference[row] != 0
    assert moved > 5


@pytest.mark.parametrize("seed", range(5))
def test_bounds_rise_and_entries_that_are_not_free_stay(seed: int) -> None:
    relaxed, boxes, rows = random_graph(seed)
    fixed = np.array([True, False, True, False])
    relaxed = [replace(node, free=fixed) for node in relaxed]
    before = bounded(relaxed, boxes, rows, starting_slopes(relaxed), {}).lower
    found = optimised(relaxed, boxes, rows, 20)
    after = bounded(relaxed, boxes, rows, found, {}).lower
    assert (after >= before).all()
    assert (after > before).any()
    for node in relaxed:
        assert ((found[node.name] >= 0) & (found[node.name] <= 1)).all()
        assert (found[node.name][:, ~fixed] == node.below[~fixed]).all()


@pytest.mark.parametrize("name", small_networks.NETWORKS)
def test_boxes_are_hardly_ever_wider_than_crowns(name: str) -> None:
    """By the grid of the slopes at most, where they are optimised."""
    prepared = small_networks.NETWORKS[name]
    box = small_networks.random_box(prepared, SOURCE)
    crown, alpha = (run(prepared, box, method, {}) for method in (Method.CROWN, Method.ALPHA))
    for node, index in crown.boxes.items():
        one, other = crown.replay.box(index), alpha.replay.box(alpha.boxes[node])
        wide = (one.upper - one.lower).nearest_float64()
        assert ((other.upper - other.lower).nearest_float64() <= wide * (1 + 2.0**-6)).all(), node


@pytest.fixture(scope="module")
def deep(tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    layers = builders.random_layers((3, 12, 12, 12, 2), seed=3, kind="binary32")
    return prepare(
        load_model(builders.sequential(tmp_path_factory.mktemp("deep") / "m.onnx", layers))
    )


def test_a_deep_network_is_bounded_much_tighter(deep: Prepared) -> None:
    widths = []
    box = small_networks.random_box(deep, np.random.default_rng(1))
    for method in (Method.CROWN, Method.ALPHA):
        state = run(deep, box, method, {})
        found = state.replay.box(state.boxes[deep.graph.outputs[0]])
        widths.append((found.upper - found.lower).nearest_float64()[0])
    assert (widths[1] < 0.8 * widths[0]).all()


def test_fixed_slopes_are_not_asked_for_optimised_ones(deep: Prepared) -> None:
    box = small_networks.random_box(deep, np.random.default_rng(1))
    with pytest.raises(ValueError, match="optimised slopes are chosen by"):
        propagate(deep, box.region(), Method.ALPHA, {}, lambda *_: None)


@pytest.mark.parametrize("number", [3])
def test_boxes_on_acas_are_within_5_percent_of_a_float_tools(data: Path, number: int) -> None:
    (row,) = (
        row
        for row in json.loads((data / "reference_bounds.json").read_text("utf-8"))["rows"]
        if row["method"] == "alpha-CROWN" and row["box"].endswith(f"prop_{number}.vnnlib")
    )
    prepared = prepare(load_model(data / row["model"]))
    (claims,) = region_claims(prepared, load_property(data / row["box"]))
    state = bounded_by(prepared, claims.region, Method.ALPHA, {}, lambda *_: None)
    box = state.replay.box(state.boxes[prepared.graph.outputs[0]])
    widths = (box.upper - box.lower).nearest_float64()[0]
    assert (widths <= 1.05 * (np.array(row["upper"]) - np.array(row["lower"]))).all()


@pytest.mark.parametrize("op", [Op.RELU, Op.TANH, Op.RECIPROCAL], ids=lambda op: op.value)
def test_an_output_that_is_a_curve_is_bounded(op: Op) -> None:
    """The story is tests/corpus/regressions/output_that_is_a_curve.md."""
    b = small_networks.Builder(np.random.default_rng(2))
    x = b.add("x", Op.INPUT, shape=(1, 2))
    prepared = b.graph(b.add("y", op, x))
    region = small_networks.Box(np.array([0.5, 1.0]), np.array([1.0, 3.0])).region()
    found = [
        bounded_by(prepared, region, method, {}, lambda *_: None)
        for method in (Method.CROWN, Method.ALPHA)
    ]
    (crown, alpha) = (state.replay.box(state.boxes["y"]) for state in found)
    assert alpha.lower.equal(crown.lower).all()
    assert alpha.upper.equal(crown.upper).all()
