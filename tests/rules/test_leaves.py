"""Leaf bounds in integers inside floats: true, implied by the exact replay, close to CROWN's.

Chains are drawn with weights of many sizes; truth is exact evaluation at corners and inner points.
"""

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from builders import layer, sequential
from gmpy2 import mpq
from small_networks import residual

from refsem.exact import ExactTensor
from refsem.exact.sliced import FloatArray, TooWideError
from refsem.ir import load_model
from refsem.ir.evaluation import Prepared, evaluate_graph, prepare
from refsem.rules.chain import ChainLayer, NotChain, chain
from refsem.rules.leaves import Boxes, LeafCheck, Run, SlopeError
from refsem.rules.replay import ReplayError
from refsem.rules.review import DisagreementError, review
from refsem.rules.trace import Region
from refsem.search.crown import FloatLayer, better_target_lower, float_layers, lower_bounds

UNIT = 28
COARSE = 16
SHAPES = ((2, 3, 2), (3, 8, 8, 2), (5, 6, 7, 6, 3), (4, 1))
SIZES = {"plain": 1.0, "tiny": 2.0**-20, "large": 2.0**9}


def network(folder: Path, widths: tuple[int, ...], scale: float, seed: int) -> Prepared:
    """A chain of float32 numbers, a fifth of them 0, the first layer's of the given size."""
    source = np.random.default_rng(seed)
    layers = []
    for number, (inputs, outputs) in enumerate(pairwise(widths)):
        weights = source.normal(0, 1, (inputs, outputs)) * (scale if number == 0 else 1.0)
        weights[source.random((inputs, outputs)) < 0.2] = 0
        layers.append(layer(weights, source.normal(0, 1, outputs)))
    return prepare(load_model(sequential(folder / "chain.onnx", layers)))


def some_boxes(size: int, seed: int) -> Boxes:
    """Boxes of many widths, one a point, with ends of 40 bits."""
    source = np.random.default_rng(seed)
    middle = source.integers(-(2**40), 2**40, (6, size)).astype(np.float64)
    width = np.array([0, 1, 2**10, 2**30, 2**38, 2**40], dtype=np.float64)[:, np.newaxis]
    return Boxes(middle - width, middle + width, 40)


def rows_of(prepared: Prepared, seed: int) -> ExactTensor:
    source = np.random.default_rng(seed)
    size = prepared.nodes[prepared.graph.outputs[0]].size
    values = source.integers(-3, 4, (3, size)).ravel()
    return ExactTensor.from_rationals([mpq(int(v), 3) for v in values], (3, size))


Made = tuple[Prepared, tuple[ChainLayer, ...], LeafCheck, Boxes, ExactTensor]


@pytest.fixture(
    params=[(shape, size, seed) for shape in SHAPES for size in SIZES for seed in (1, 2)],
    ids=str,
)
def made(request: pytest.FixtureRequest, tmp_path: Path) -> Made:
    shape, size, seed = request.param
    prepared = network(tmp_path, shape, SIZES[size], seed)
    boxes, rows = some_boxes(shape[0], seed), rows_of(prepared, seed)
    layers = chain(prepared, region(boxes, 0), {"rows": {"y": rows}})
    assert not isinstance(layers, NotChain)
    return prepared, layers, LeafCheck.of(layers, UNIT), boxes, rows


def region(boxes: Boxes, row: int) -> Region:
    return Region({"x": (exactly(boxes.lower[row]), exactly(boxes.upper[row]))})


def exactly(values: FloatArray, unit: int = 40) -> ExactTensor:
    return ExactTensor.from_rationals([mpq(int(v), 1 << unit) for v in values], (1, len(values)))


def points(boxes: Boxes, row: int, seed: int) -> ExactTensor:
    source = np.random.default_rng(seed)
    size = boxes.lower.shape[1]
    ends = np.where(source.random((12, size)) < 0.5, boxes.lower[row], boxes.upper[row])
    inner = source.integers(
        boxes.lower[row].astype(np.int64), boxes.upper[row].astype(np.int64) + 1, (12, size)
    )
    values = np.concatenate([ends, inner.astype(np.float64)])
    return exactly(values.ravel()).reshape(24, size)


def test_bounds_are_true_of_every_layer(made: Made) -> None:
    prepared, layers, check, boxes, rows = made
    run = check.run(boxes)
    assert check.scale == 3
    for row in range(boxes.count):
        values = evaluate_graph(prepared, {"x": points(boxes, row, row)})
        for bounds, one in zip(run.bounds, layers, strict=False):
            assert exactly(bounds.lower[row], UNIT).less_equal(values[one.value]).all()
            assert values[one.value].less_equal(exactly(bounds.upper[row], UNIT)).all()
        target = values["y"].matmul(rows.transpose((1, 0))) * ExactTensor.full((1, 1), mpq(3))
        assert exactly(run.target[row], UNIT).less_equal(target).all()


def test_the_replay_agrees(made: Made) -> None:
    prepared, layers, check, boxes, rows = made
    run = check.run(boxes)
    for row in range(boxes.count):
        review(prepared, layers, {"y": rows}, check, boxes, run, row)


def test_bounds_are_close_to_those_of_float_crown(made: Made) -> None:
    """Slopes on a grid of 2^-8 and floored coefficients cost at most a hundredth of the width."""
    _, layers, check, boxes, _ = made
    floats, scale = float_layers(layers), 2.0**-boxes.unit
    lower, upper = boxes.lower * scale, boxes.upper * scale
    below = lower_bounds(floats, lower, upper)[-1]
    last = FloatLayer(-floats[-1].weight, -floats[-1].constant)
    width = -lower_bounds((*floats[:-1], last), lower, upper)[-1] - below
    found = check.run(boxes).target * 2.0**-UNIT / check.scale
    assert (found >= below - 0.01 * width - 2.0**-20 * (1 + np.abs(below) + width)).all()


def test_a_box_does_not_depend_on_the_others(made: Made) -> None:
    *_, check, boxes, _ = made
    together = check.run(boxes).target
    for row in range(boxes.count):
        alone = Boxes(boxes.lower[[row]], boxes.upper[[row]], boxes.unit)
        assert (check.run(alone).target[0] == together[row]).all()


# the target once more, with other slopes


def drawn_slopes(run: Run, rows: int, seed: int) -> list[FloatArray]:
    """Slopes from 0 to 1 for each row of the target, some of them 0 and 1."""
    source = np.random.default_rng(seed)
    return [
        np.clip(source.integers(-64, 321, (len(one), rows, one.shape[-1])), 0, 256).astype(float)
        for one in run.last
    ]


def test_other_slopes_give_bounds_that_are_true_and_reviewed(made: Made) -> None:
    """In coarser units: under slopes that fit badly bounds are great."""
    prepared, layers, _, boxes, rows = made
    check = LeafCheck.of(layers, COARSE)
    run = check.run(boxes)
    again = check.again(boxes, run, drawn_slopes(run, 3, 7))
    for row in range(boxes.count):
        values = evaluate_graph(prepared, {"x": points(boxes, row, row)})
        target = values["y"].matmul(rows.transpose((1, 0))) * ExactTensor.full((1, 1), mpq(3))
        assert exactly(again.target[row], COARSE).less_equal(target).all()
        review(prepared, layers, {"y": rows}, check, boxes, again, row)
    same = check.again(boxes, run, run.last)
    assert (same.target == run.target).all()


@pytest.mark.parametrize("wrong", [-1.0, 257.0, 0.5, np.nan, np.inf])
def test_slopes_that_no_rule_allows_are_refused(made: Made, wrong: float) -> None:
    *_, check, boxes, _ = made
    run = check.run(boxes)
    slopes = drawn_slopes(run, 3, 7)
    for one in slopes:
        one[0, 0, 0] = wrong
        with pytest.raises(SlopeError):
            check.again(boxes, run, slopes)


def test_optimised_slopes_are_no_worse_and_what_they_say_is_so(made: Made) -> None:
    """The float bound is that of the slopes delivered, and at least that of the first ones."""
    _, layers, check, boxes, _ = made
    floats, scale = float_layers(layers), 2.0**-boxes.unit
    lower, upper = boxes.lower * scale, boxes.upper * scale
    plain = lower_bounds(floats, lower, upper)
    better = better_target_lower(floats, lower, upper, plain)
    size = 1e-9 * (1 + np.abs(plain[-1]))
    assert (better >= plain[-1] - size).all()
    run = check.run(boxes)
    prepared, _, _, _, rows = made
    for row in range(boxes.count):
        values = evaluate_graph(prepared, {"x": points(boxes, row, row)})
        target = values["y"].matmul(rows.transpose((1, 0))).nearest_float64()
        assert (better[row] <= target + 1e-6 * (1 + np.abs(target))).all()
    assert run.target.shape == better.shape


SPOILT = {
    "target": lambda run: replace(run, target=run.target + 2.0**12),
    "a layer's lower bound": lambda run: replace(
        run, bounds=(replace(run.bounds[0], lower=run.bounds[0].lower + 2.0**12), *run.bounds[1:])
    ),
    "a layer's upper bound": lambda run: replace(
        run, bounds=(replace(run.bounds[0], upper=run.bounds[0].upper - 2.0**12), *run.bounds[1:])
    ),
    "a slope": lambda run: replace(
        run, lines=(replace(run.lines[0], lower=run.lines[0].lower + 257), *run.lines[1:])
    ),
    "a slope of the target's": lambda run: replace(run, last=(run.last[0] + 257, *run.last[1:])),
    "another slope of the target's": lambda run: replace(
        run, last=tuple(256 - one for one in run.last), target=run.target + 2.0**8
    ),
    "a floor": lambda run: replace(
        run, floors={key: (rows + 1, e) for key, (rows, e) in run.floors.items()}
    ),
}


@pytest.mark.parametrize("spoil", SPOILT.values(), ids=SPOILT)
def test_the_replay_objects_to_what_is_not_so(spoil: object, tmp_path: Path) -> None:
    prepared = network(tmp_path, (3, 8, 8, 2), 1.0, 1)
    boxes, rows = some_boxes(3, 1), rows_of(prepared, 1)
    layers = chain(prepared, region(boxes, 0), {"rows": {"y": rows}})
    assert not isinstance(layers, NotChain)
    check = LeafCheck.of(layers, UNIT)
    run = check.run(boxes)
    assert callable(spoil)
    spoilt = spoil(run)
    assert isinstance(spoilt, Run)
    with pytest.raises((DisagreementError, ReplayError)):
        review(prepared, layers, {"y": rows}, check, boxes, spoilt, 0)


def test_numbers_that_leave_the_range_are_refused(tmp_path: Path) -> None:
    """In units of 2^-44 no bound of ordinary size fits."""
    prepared = network(tmp_path, (2, 3, 2), 1.0, 1)
    boxes = some_boxes(2, 1)
    layers = chain(prepared, region(boxes, 0), {"rows": {"y": rows_of(prepared, 1)}})
    assert not isinstance(layers, NotChain)
    with pytest.raises(TooWideError):
        LeafCheck.of(layers, 44).run(boxes)


def test_a_bypass_is_no_chain() -> None:
    prepared = residual(1)
    size = prepared.nodes["x"].size
    box = Region({"x": (exactly(np.zeros(size)), exactly(np.ones(size)))})
    found = chain(prepared, box, {"rows": {"y": ExactTensor.identity(2)}})
    assert isinstance(found, NotChain)
    assert "not an affine map of one tensor" in found.reason


def test_a_target_with_the_input_is_no_chain(tmp_path: Path) -> None:
    prepared = network(tmp_path, (2, 3, 2), 1.0, 1)
    boxes = some_boxes(2, 1)
    target = {"y": ExactTensor.identity(2), "x": ExactTensor.identity(2)}
    assert isinstance(chain(prepared, region(boxes, 0), {"rows": target}), NotChain)
