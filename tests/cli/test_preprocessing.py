"""Preprocessing: a stated prefix, done in order, bound to its model, refused where it is wrong."""

import hashlib
import json
from fractions import Fraction
from pathlib import Path

import builders
import pytest
from claim_files import write_property
from command_line import Command
from gmpy2 import mpq
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from refsem.errors import InputError
from refsem.exact import ExactTensor
from refsem.ir import Graph, load_model
from refsem.ir.evaluation import evaluate_graph, prepare
from refsem.ir.graph import check_wellformed
from refsem.ir.preprocessing import RAW, preprocessed


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """y = x_0 + 2 x_1 of an input of shape 1 x 2."""
    return builders.sequential(tmp_path / "m.onnx", [builders.layer([[1], [2]], [0])])


def stated(folder: Path, model: Path, steps: object, **more: object) -> Path:
    path = folder / "prefix.json"
    document = {
        "format": "refsem.preprocessing.v1",
        "model_sha256": hashlib.sha256(model.read_bytes()).hexdigest(),
        "steps": steps,
    }
    path.write_text(json.dumps(document | more))
    return path


def prefixed(folder: Path, model: Path, steps: object, **more: object) -> Graph:
    graph = load_model(model)
    digest = hashlib.sha256(model.read_bytes()).hexdigest()
    found = preprocessed(graph, stated(folder, model, steps, **more), digest)
    check_wellformed(found)
    return found


EVERY = [
    {"subtract": ["0.5", "-1"], "axis": "1"},
    {"divide": ["0.25"]},
    {"multiply": ["2", "b32:40400000"]},
    {"add": ["1"]},
    {"clip": ["-4", "8"]},
]


def by_hand(first: Fraction, second: Fraction) -> Fraction:
    moved = [(first - Fraction(1, 2)) * 4 * 2 + 1, (second + 1) * 4 * 3 + 1]
    a, b = (min(max(v, Fraction(-4)), Fraction(8)) for v in moved)
    return a + 2 * b


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
@given(st.fractions(-3, 3, max_denominator=16), st.fractions(-3, 3, max_denominator=16))
def test_steps_are_done_in_order_exactly(
    tmp_path: Path, model: Path, first: Fraction, second: Fraction
) -> None:
    graph = prefixed(tmp_path, model, EVERY)
    assert graph.inputs == (RAW,)
    point = ExactTensor.from_rationals([mpq(first), mpq(second)], (1, 2))
    (found,) = evaluate_graph(prepare(graph), {RAW: point})["y"].rationals()
    assert found == by_hand(first, second)


@pytest.mark.parametrize(
    ("steps", "message"),
    [
        ([], "no steps"),
        ([{"rotate": ["1"]}], "expected one of add, subtract, multiply, divide, clip"),
        ([{"add": ["1"], "divide": ["2"]}], "expected one of"),
        ([{"add": ["0.1"]}], "not a binary32 value; the nearest is b32:3dcccccd"),
        ([{"add": ["inf"]}], "infinite"),
        ([{"divide": ["1", "0"]}], "a division by zero"),
        ([{"divide": ["b32:80000000"]}], "a division by zero"),
        ([{"clip": ["1", "0"]}], "the lesser first"),
        ([{"clip": ["1"]}], "expected two numbers"),
        ([{"add": ["1", "2", "3"]}], "3 numbers for an input of 2 entries"),
        ([{"add": ["1", "2"], "axis": "0"}], "2 numbers along axis 0"),
        ([{"add": ["1", "2"], "axis": "2"}], "2 numbers along axis 2"),
        ([{"add": ["1", "2"], "axis": "-1"}], "2 numbers along axis -1"),
        ([{"add": ["1"], "why": "not"}], "why"),
    ],
)
def test_what_is_not_right_is_refused(
    tmp_path: Path, model: Path, steps: object, message: str
) -> None:
    with pytest.raises(InputError, match=message):
        prefixed(tmp_path, model, steps)


def test_another_model_or_format_is_refused(tmp_path: Path, model: Path) -> None:
    for more in ({"model_sha256": "0" * 64}, {"format": "refsem.preprocessing.v2"}):
        with pytest.raises(InputError, match=r"expected|of another model"):
            prefixed(tmp_path, model, EVERY, **more)


def test_an_audit_is_of_the_raw_input(refsem: Command, model: Path, tmp_path: Path) -> None:
    """Raw inputs from 0 to 255 become 0 to about 1: the output is at most 3 · 255/256."""
    prefix = stated(tmp_path, model, [{"multiply": ["0.00390625"]}])
    box = ["0"] * 2, ["255"] * 2
    for unsafe, status in (("2.99", 0), ("2.98", 1)):
        path = tmp_path / "p.vnnlib"
        wanted = write_property(path, *box, f"(assert (>= Y_0 {unsafe}))")
        ledger = tmp_path / "ledger.jsonl"
        options = ("--preprocessing", prefix, "--ledger", ledger, "--json")
        run = refsem("audit", model, wanted, *options)
        assert run.status == status, run.err
        header = json.loads(ledger.read_text().splitlines()[0])
        assert header["preprocessing_sha256"] == hashlib.sha256(prefix.read_bytes()).hexdigest()
        if status:
            assert json.loads(run.out)["witness"]["inputs"] == ["255", "255"]


@pytest.mark.parametrize("option", ["--bounds", "--write-certificate"])
def test_files_that_know_no_preprocessing_are_refused_with_it(
    refsem: Command, model: Path, tmp_path: Path, option: str
) -> None:
    prefix = stated(tmp_path, model, EVERY)
    wanted = write_property(tmp_path / "p.vnnlib", ["0"] * 2, ["1"] * 2, "(assert (>= Y_0 99))")
    run = refsem("audit", model, wanted, "--preprocessing", prefix, option, tmp_path / "f.json")
    assert run.status == 3
    assert "--preprocessing" in run.err
