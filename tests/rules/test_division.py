"""A pass over parts of its rows is the pass: the same Trace, the same values, the same refusals."""

import os
from dataclasses import replace
from pathlib import Path

import builders
import numpy as np
import pytest
import small_networks
from forks import none_left
from gmpy2 import mpq
from naive_replay import reading
from small_networks import NETWORKS

from refsem.exact import ExactTensor
from refsem.ir import load_model
from refsem.ir.evaluation import Prepared, prepare
from refsem.rules import applying, forked
from refsem.rules.division import established_in_parts
from refsem.rules.propagation import Method, Propagation, propagate
from refsem.rules.replay import Replay, ReplayError
from refsem.rules.trace import Application, Forgotten, Form, Region, Trace

each_network = pytest.mark.parametrize("prepared", NETWORKS.values(), ids=NETWORKS)


@pytest.fixture(autouse=True)
def _everything_is_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(applying, "LEAST_DIVIDED", 0)


def bounded(prepared: Prepared, processes: int) -> Propagation:
    source = np.random.default_rng(7)
    region = small_networks.random_box(prepared, source).region()
    targets = small_networks.random_targets(prepared, source)
    return propagate(prepared, region, Method.CROWN, targets, lambda *_: None, processes)


def stated(trace: Trace) -> list[tuple[object, ...]]:
    return [
        (
            one.rule,
            one.node,
            one.region,
            tuple(one.suppliers.items()),
            tuple((name, tuple(value.rationals())) for name, value in one.chosen.items()),
        )
        for one in trace.applications
    ]


def values(state: Propagation) -> list[object]:
    return [None if isinstance(one, Forgotten) else reading(one) for one in state.replay.judgements]


@each_network
@pytest.mark.parametrize("processes", [2, 3])
def test_the_trace_and_every_value_are_the_same(prepared: Prepared, processes: int) -> None:
    alone, divided = bounded(prepared, 1), bounded(prepared, processes)
    assert stated(divided.replay.trace()) == stated(alone.replay.trace())
    assert values(divided) == values(alone)
    assert divided.boxes == alone.boxes


def test_a_process_that_ends_without_an_answer_is_done_without(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    prepared = NETWORKS["residual_1"]
    expected, here = values(bounded(prepared, 1)), os.getpid()
    dump = forked.pickle.dump

    def failing(found: object, stream: object) -> None:
        if os.getpid() != here:
            raise MemoryError
        dump(found, stream)

    monkeypatch.setattr(forked.pickle, "dump", failing)
    assert values(bounded(prepared, 2)) == expected


def test_where_there_is_no_process_to_be_had_it_is_done_without(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refused() -> int:
        raise BlockingIOError

    prepared = NETWORKS["residual_1"]
    expected = values(bounded(prepared, 1))
    monkeypatch.setattr(os, "fork", refused)
    assert values(bounded(prepared, 2)) == expected


def test_no_process_is_left() -> None:
    with none_left():
        bounded(NETWORKS["residual_1"], 3)


# what is refused


@pytest.fixture(name="pass_")
def _pass() -> tuple[Replay, list[Application], int]:
    """A replay before the last pass of a network, that pass, and its rows."""
    prepared = NETWORKS["residual_1"]
    state = bounded(prepared, 1)
    whole = state.replay.applications
    last = max(i for i, one in enumerate(whole) if one.rule == "concretise" and one.node == "y")
    first = max(i for i, one in enumerate(whole[:last]) if one.rule == "start_form")
    replay = Replay(prepared, state.replay.regions, state.replay.targets)
    for application in whole[:first]:
        replay.establish(application)
    return replay, whole[first : last + 1], prepared.nodes["y"].size


def test_the_pass_is_established_and_its_forms_are_gone(
    pass_: tuple[Replay, list[Application], int],
) -> None:
    replay, applications, rows = pass_
    before = len(replay.applications)
    index = established_in_parts(replay, applications, 2)
    assert replay.applications[before:] == applications
    assert index == len(replay.judgements) - 1 == before + len(applications) - 1
    assert replay.box(index).lower.shape == (1, rows)
    assert all(isinstance(one, Forgotten) for one in replay.judgements[before:-1])


def test_a_refused_application_is_refused_as_ever(
    pass_: tuple[Replay, list[Application], int],
) -> None:
    replay, applications, _ = pass_
    before = len(replay.applications)
    lines = [i for i, one in enumerate(applications) if one.rule == "substitute_lower"]
    spoilt = list(applications)
    swapped = {**spoilt[lines[0]].suppliers, "upper": spoilt[lines[0]].suppliers["lower"]}
    spoilt[lines[0]] = replace(spoilt[lines[0]], suppliers=swapped)
    with none_left(), pytest.raises(ReplayError, match="is not a line upper"):
        established_in_parts(replay, spoilt, 2)
    assert len(replay.applications) == len(replay.judgements) == before


def test_what_is_no_pass_is_refused(pass_: tuple[Replay, list[Application], int]) -> None:
    replay, applications, _ = pass_
    for spoilt in (applications[1:], applications[:-1], [*applications[:-1], applications[0]]):
        with pytest.raises(ValueError, match="starts with the form of a target"):
            established_in_parts(replay, spoilt, 2)
    other = [replace(applications[0], node="h"), *applications[1:]]
    with pytest.raises(ValueError, match="starts with the form of a target"):
        established_in_parts(replay, other, 2)
    foreign = [applications[0], replace(applications[1], rule="intersect"), *applications[1:]]
    with pytest.raises(ValueError, match="not row by row"):
        established_in_parts(replay, foreign, 2)


def test_whole_forms_and_lines_for_single_rows_are_refused(
    pass_: tuple[Replay, list[Application], int],
) -> None:
    """With parts of rows, a line for row 0 would serve the first row of every part."""
    replay, applications, _ = pass_
    form = replay.establish(Application("start_form", "y", 0))
    assert isinstance(replay.judgements[form], Form)
    slopes = ExactTensor.full((2, 3), mpq(1, 2))
    line = replay.establish(Application("relu_lower", "third", 0, {}, {"s": slopes}))
    for role, index, message in (
        ("form", form, "a form from outside"),
        ("lower", line, "a line for single rows"),
    ):
        spoilt = [
            replace(one, suppliers={r: i + 2 * (i >= form) for r, i in one.suppliers.items()})
            for one in applications
        ]
        place = next(i for i, one in enumerate(spoilt) if one.rule == "substitute_lower")
        suppliers = {**spoilt[place].suppliers, role: index}
        spoilt[place] = replace(spoilt[place], suppliers=suppliers)
        with pytest.raises(ValueError, match=message):
            established_in_parts(replay, spoilt, 2)


def test_the_rows_are_those_that_the_target_has(tmp_path: Path) -> None:
    """x to (x, 5x): nobody can ask for the box of one row and have it taken for that of both."""
    layers = [builders.layer([[1, 5]], [0, 0])]
    prepared = prepare(load_model(builders.sequential(tmp_path / "m.onnx", layers)))
    (source,), (sink,) = prepared.graph.inputs, prepared.graph.outputs
    low, high = (ExactTensor.full((1, 1), mpq(end)) for end in (0, 1))
    replay = Replay(prepared, (Region({source: (low, high)}),), {})
    box = replay.establish(Application("input_interval", source, 0))
    whole = [
        Application("start_form", sink, 0),
        Application("substitute_affine", sink, 0, {"form": 1}),
        Application("concretise", sink, 0, {"below": 2, "above": 2, source: box}),
    ]
    found = replay.box(established_in_parts(replay, whole, 2))
    assert found.lower.rationals() == [0, 0]
    assert found.upper.rationals() == [1, 5]


def test_a_target_of_fewer_rows_than_processes_is_bounded_whole(
    pass_: tuple[Replay, list[Application], int],
) -> None:
    replay, applications, rows = pass_
    index = established_in_parts(replay, applications, 7)
    assert replay.box(index).upper.shape == (1, rows)
