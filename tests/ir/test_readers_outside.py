"""The ONNX reader held against onnxruntime on drawn graphs: nothing it is told is dropped.

What is compared is exact where nobody has to round, and within `FAR` ulps of the tensor's greatest
entry otherwise: no attribute drawn here has so small an effect, and the tests show it, by reading
each model without each of its attributes and its optional inputs.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import onnx
import pytest
from hypothesis import HealthCheck, Phase, find, given, settings
from hypothesis.errors import NoSuchExample
from onnx_draws import Made, Recipe, chained, one_operator
from onnx_models import read
from outside_runs import HERE, run_outside
from readers_page import BEGIN, END, NEWEST, PAGE, RECIPES, of_file, zoo

from refsem.errors import InputError
from refsem.fuzz.agreement import ORDERS, Agreement, agreement, together
from refsem.ir.evaluation import prepare
from refsem.ir.graph_file import graph_object
from refsem.ir.onnx_operators import OPERATORS

FAR = 8
Orders = Mapping[str, Any]
FEW: Orders = {name: ORDERS[name] for name in ("left to right", "left to right, fused")}

QUICK = settings(
    max_examples=3,
    phases=(Phase.generate,),
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)
LONG = settings(max_examples=400, database=None, suppress_health_check=list(HealthCheck))

needs_runtime = pytest.mark.skipif(not HERE, reason="onnxruntime is not installed")
pytestmark = needs_runtime


def versions() -> Iterator[tuple[Recipe, int, bool]]:
    """Every recipe at the last and the first operator set of each row, and whether at the last."""
    for recipe in RECIPES:
        rows = OPERATORS[recipe.op]
        ends = [row.since - 1 for row in rows[1:]] + [min(NEWEST, recipe.until)]
        for row, last in zip(rows, ends, strict=True):
            first = max(row.since, recipe.since)
            for opset in sorted({first, last}):
                if first <= opset <= NEWEST:
                    yield recipe, opset, opset == last


VERSIONS = [pytest.param(*one[:2], id=f"{one[0].op}-{one[1]}") for one in versions()]
LAST = [pytest.param(*one[:2], id=f"{one[0].op}-{one[1]}") for one in versions() if one[2]]
BY_OPSET = {
    opset: tuple(
        recipe
        for recipe in RECIPES
        if max(OPERATORS[recipe.op][0].since, recipe.since) <= opset <= recipe.until
    )
    for opset in (13, 18, NEWEST)
}


def found(made: Made, told: onnx.ModelProto, orders: Orders) -> Agreement:
    """How the model, read as it was told, agrees with a run of the model as it is."""
    return agreement(prepare(read(told)), made.point, run_outside(made.model, made.point), orders)


def shape_outside(made: Made) -> tuple[int, ...]:
    """The shape of the first result, by somebody else's word."""
    return run_outside(made.model, made.point)[made.model.graph.output[0].name].shape


def agrees(made: Made, told: onnx.ModelProto) -> bool:
    try:
        seen = found(made, told, {})
    except (InputError, ValueError):
        return False
    return seen.ulps <= FAR if made.rounds else seen.why() == "exact"


def check(made: Made) -> None:
    assert json.dumps(graph_object(read(made.model)))  # what is read can be written
    seen = found(made, made.model, FEW)
    assert seen.entries > 0
    if made.rounds:
        assert seen.ulps <= FAR
    else:
        assert seen.why() == "exact"
        assert all(equal == seen.entries for equal in seen.executed.values())


@pytest.mark.parametrize(("recipe", "opset"), LAST)
def test_drawn_operators_are_read_as_they_are_run(recipe: Recipe, opset: int) -> None:
    QUICK(given(one_operator(recipe, opset))(check))()


@pytest.mark.nightly
@pytest.mark.parametrize(("recipe", "opset"), VERSIONS)
def test_many_drawn_operators(recipe: Recipe, opset: int) -> None:
    LONG(given(one_operator(recipe, opset))(check))()


def test_drawn_graphs_are_read_as_they_are_run() -> None:
    settings(QUICK, max_examples=20)(given(chained(BY_OPSET, shape_outside))(check))()


@pytest.mark.nightly
def test_many_drawn_graphs() -> None:
    settings(LONG, max_examples=5000)(given(chained(BY_OPSET, shape_outside))(check))()


def test_every_operator_has_a_recipe() -> None:
    assert {recipe.op for recipe in RECIPES} == set(OPERATORS)


# what the reader is told but must not drop


def last_of(made: Made, op: str) -> int:
    """The place of the operator under test."""
    places = [place for place, node in enumerate(made.model.graph.node) if node.op_type == op]
    return places[-1]


def without_attribute(made: Made, op: str, name: str) -> onnx.ModelProto | None:
    """The model with that attribute left out; None where it is not given anyway."""
    told = onnx.ModelProto()
    told.CopyFrom(made.model)
    node = told.graph.node[last_of(made, op)]
    kept = [attribute for attribute in node.attribute if attribute.name != name]
    if len(kept) == len(node.attribute):
        return None
    del node.attribute[:]
    node.attribute.extend(kept)
    return told


def without_input(made: Made, op: str, place: int) -> onnx.ModelProto | None:
    """The model with that input left out; None where it is not given anyway."""
    told = onnx.ModelProto()
    told.CopyFrom(made.model)
    node = told.graph.node[last_of(made, op)]
    if len(node.input) <= place or not node.input[place]:
        return None
    node.input[place] = ""
    return told


WITHOUT_EFFECT = {
    ("BatchNormalization", "momentum"): "of training",
    ("BatchNormalization", "spatial"): "only its default is read",
    ("BatchNormalization", "training_mode"): "only its default is read",
    ("Cast", "saturate"): "of casts to narrow floats",
    ("Cast", "round_mode"): "of casts to narrow floats",
    ("Conv", "kernel_shape"): "the shape of the weights says it",
    ("ConvTranspose", "kernel_shape"): "the shape of the weights says it",
    ("Dropout", "ratio"): "of training",
    ("Dropout", "seed"): "of training",
    ("LayerNormalization", "stash_type"): "of results not given out",
    ("MaxPool", "storage_order"): "of indices not given out",
    ("Pad", "value"): "only its default is read",
    ("Range", "stash_type"): "of results not given out",
    ("Resize", "antialias"): "only its default is read",
    ("Resize", "cubic_coeff_a"): "of another mode",
    ("Resize", "exclude_outside"): "only its default is read",
    ("Resize", "extrapolation_value"): "of another mode",
    ("Resize", "keep_aspect_ratio_policy"): "only its default is read",
    ("Resize", "mode"): "only its default is read",
    ("Upsample", "mode"): "only its default is read",
}
"""Attributes that may be given and change nothing."""

OPTIONAL_INPUTS = {
    "Clip": (1, 2),
    "Conv": (2,),
    "ConvTranspose": (2,),
    "Gemm": (2,),
    "LayerNormalization": (2,),
    "Pad": (2, 3),
    "ReduceSum": (1,),
    "ReduceMax": (1,),
    "ReduceL2": (1,),
    "Resize": (2, 3),
    "Slice": (3, 4),
    "Split": (1,),
    "Squeeze": (1,),
}


Spoil = Callable[[Made], onnx.ModelProto | None]


def is_seen(recipe: Recipe, opset: int, spoilt: Spoil, tries: int) -> bool:
    """Whether some drawn model is found to be read wrongly when it is spoilt."""

    def noticed(made: Made) -> bool:
        told = spoilt(made)
        return told is not None and not agrees(made, told)

    try:
        find(one_operator(recipe, opset), noticed, settings=settings(QUICK, max_examples=tries))
    except NoSuchExample:
        return False
    return True


def attributes() -> Iterator[tuple[str, int, str]]:
    """Every attribute of every row, at the last operator set of the row."""
    for op, rows in OPERATORS.items():
        ends = [row.since - 1 for row in rows[1:]] + [min(NEWEST, rows[-1].until)]
        for row, last in zip(rows, ends, strict=True):
            for name in row.attributes:
                if row.since <= NEWEST:
                    yield op, last, name


NAMED = {(op, name): (op, opset, name) for op, opset, name in attributes()}


def check_seen(op: str, opset: int, name: str) -> None:
    """A drawn model shows that the attribute is dropped, unless it is one without effect."""
    idle = (op, name) in WITHOUT_EFFECT
    seen = any(
        is_seen(one, opset, lambda made: without_attribute(made, op, name), 5 if idle else 300)
        for one in RECIPES
        if one.op == op and one.since <= opset
    )
    assert seen != idle


@pytest.mark.parametrize(("op", "opset", "name"), list(NAMED.values()))
def test_an_attribute_silently_dropped_would_be_seen(op: str, opset: int, name: str) -> None:
    check_seen(op, opset, name)


@pytest.mark.nightly
@pytest.mark.parametrize(("op", "opset", "name"), sorted({*attributes()} - {*NAMED.values()}))
def test_an_attribute_of_an_older_row_would_be_seen(op: str, opset: int, name: str) -> None:
    check_seen(op, opset, name)


@pytest.mark.parametrize(
    ("op", "place"), [(op, place) for op, places in OPTIONAL_INPUTS.items() for place in places]
)
def test_an_optional_input_silently_dropped_would_be_seen(op: str, place: int) -> None:
    (recipe,) = (recipe for recipe in RECIPES if recipe.op == op)
    assert is_seen(recipe, NEWEST, lambda made: without_input(made, op, place), 300)


# the page


def rows_of_the_page() -> dict[str, list[str]]:
    """The cells of the measured table, by the name in the first."""
    lines = PAGE.read_text(encoding="utf-8").split(BEGIN)[1].split(END)[0].splitlines()
    cells = [line.strip("| ").split(" | ") for line in lines if line.startswith("| ")]
    return {row[0]: row[1:] for row in cells[1:]}


def test_the_page_has_every_operator_and_file(data: Path) -> None:
    operators = {f"`{op}`" for op in OPERATORS}
    assert set(rows_of_the_page()) == operators | {f"layer-zoo `{p.stem}`" for p in zoo(data)}


def test_the_page_states_no_more_than_is_required() -> None:
    for name, (entries, exact, _, ulps) in rows_of_the_page().items():
        assert float(ulps) <= FAR, name
        assert int(entries) > 0
        assert (entries == exact) == (float(ulps) == 0), name


def test_the_layer_zoo_is_read_as_it_is_run(data: Path) -> None:
    rows = rows_of_the_page()
    for path in zoo(data):
        found = together(of_file(path, 2))
        assert found.ulps <= FAR, path
        stated = rows[f"layer-zoo `{path.stem}`"][2]
        assert (found.why() == "exact") >= (stated == "exact"), path
