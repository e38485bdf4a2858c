"""`refsem audit`: exit statuses, the JSON object, the ledger, the report; each stream by itself."""

import itertools
import json
import sys
from pathlib import Path

import pytest
from command_line import Command, Files
from escape_checks import unsafe_cases
from gmpy2 import mpq
from plain_network import PlainNetwork

from refsem.audit import records
from refsem.obligations.obligation import (
    Expected,
    Kind,
    Obligation,
    Outcome,
    Point,
    Proved,
    Record,
    Refuted,
    Unknown,
)
from refsem.properties import load_property

VERDICTS = {"holds": 0, "violated": 1, "undecided": 2}
BOUNDS = {"sound": 0, "unsound": 1, "undecided": 2}


def worse(first: int, second: int) -> int:
    return next(status for status in (1, 2, 0) if status in (first, second))


@pytest.mark.parametrize("verdict", VERDICTS)
def test_the_exit_status_is_that_of_the_verdict(
    refsem: Command, files: Files, verdict: str
) -> None:
    run = refsem("audit", files.model, files.properties[verdict], "--method", "ibp")
    assert (run.status, run.err) == (VERDICTS[verdict], "")
    title, line = run.out.splitlines()[:2]
    assert title == f"model.onnx over {verdict}.vnnlib: ibp bounds"
    assert line.startswith(f"{verdict.upper()}  ")
    assert ("counterexample to case 0" in run.out) == (verdict == "violated")


@pytest.mark.parametrize(("verdict", "judged"), [*itertools.product(VERDICTS, BOUNDS)])
def test_with_bounds_the_exit_status_is_the_worse_of_both(
    refsem: Command, files: Files, verdict: str, judged: str
) -> None:
    run = refsem(
        *("audit", files.model, files.properties[verdict]),
        *("--method", "ibp", "--bounds", files.bounds[judged], "--json"),
    )
    found = json.loads(run.out)
    assert (found["verdict"], found["bounds"]["verdict"]) == (verdict, judged)
    assert run.status == worse(VERDICTS[verdict], BOUNDS[judged])
    assert run.err == ""


def test_crown_is_the_method_unless_another_is_asked_for(refsem: Command, files: Files) -> None:
    wanted = files.properties["undecided"]
    assert refsem("audit", files.model, wanted).status == 0
    assert refsem("audit", files.model, wanted, "--method", "crown").status == 0
    assert refsem("audit", files.model, wanted, "--method", "ibp").status == 2


# JSON


COUNTS = {"proved", "refuted", "unknown", "stated", "surprising"}


def test_the_object_has_exactly_its_keys(refsem: Command, files: Files) -> None:
    arguments = "audit", files.model, files.properties["holds"], "--json"
    found = json.loads(refsem(*arguments).out)
    assert set(found) == {"verdict", "tolerant_verdict", "network", "outputs", "obligations"}
    assert found["network"] == "real"
    assert set(found["obligations"]) == COUNTS
    assert set(found["obligations"]["proved"]) == {"algebra", "lean", "z3", "instance", "point"}
    assert found["outputs"] == [
        {"case": 0, "tensor": "y", "index": 0, "lower": "0", "upper": "1"},
    ]
    judged = json.loads(refsem(*arguments, "--bounds", files.bounds["unsound"]).out)
    assert set(judged) == {*found, "bounds"}
    assert set(judged["bounds"]) == {
        *("verdict", "input_contains_box", "checked", "refuted", "confirmed", "open"),
        *("steps_checked", "steps_broken", "steps_open", "worst_ulp", "witnesses"),
    }
    assert judged["bounds"]["checked"] == 6
    assert {key: value for key, value in judged.items() if key != "bounds"} == found


def test_a_violated_property_comes_with_its_witness(refsem: Command, files: Files) -> None:
    wanted = files.properties["violated"]
    found = json.loads(refsem("audit", files.model, wanted, "--json").out)
    executed = {"inputs": ["-1"], "outputs": ["1"], "inside": True, "unsafe": True}
    point = {"case": 0, "inputs": ["-1"], "outputs": ["1"], "error": "0", "binary32": executed}
    assert found["witness"] == point
    model, property_ = PlainNetwork.read(files.model), load_property(wanted)
    assert unsafe_cases(model, property_, found["witness"]["inputs"], mpq(0)) == {0}


@pytest.mark.parametrize("bounds", [None, *BOUNDS])
def test_json_is_the_only_thing_on_standard_output(
    refsem: Command, files: Files, bounds: str | None
) -> None:
    extra = () if bounds is None else ("--bounds", files.bounds[bounds])
    run = refsem("audit", files.model, files.properties["violated"], "--json", *extra)
    assert isinstance(json.loads(run.out), dict)
    assert run.out.startswith("{\n")
    assert run.out.endswith("\n}\n")
    assert run.err == ""


# ledger


@pytest.mark.parametrize("bounds", [False, True])
def test_the_ledger_has_a_header_and_unique_ids(
    refsem: Command, files: Files, bounds: bool
) -> None:
    path = files.folder / "ledger.jsonl"
    extra = ("--bounds", files.bounds["sound"]) if bounds else ()
    run = refsem("audit", files.model, files.properties["holds"], "--ledger", path, *extra)
    assert (run.status, run.err) == (0, "")
    header, *lines = map(json.loads, path.read_text(encoding="utf-8").splitlines())
    assert {"format", "producer", "model", "model_sha256", "property", "property_sha256"} < set(
        header
    )
    assert (header["format"], header["method"]) == ("refsem.ledger.v1", "crown")
    ids = [line["id"] for line in lines]
    assert len(ids) == len(set(ids))
    instances = [i for i in ids if i.startswith("instance/")]
    assert instances == [f"instance/0/{i}" for i in range(len(instances))]
    assert {line["kind"] for line in lines} >= {"instance", "sound", "weaken", "needed", "claim"}
    assert ids[-1] == "case/0"


def test_the_ledger_agrees_with_the_counts(refsem: Command, files: Files) -> None:
    path = files.folder / "ledger.jsonl"
    run = refsem(*("audit", files.model, files.properties["violated"], "--json", "--ledger", path))
    counts = json.loads(run.out)["obligations"]
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()[1:]]
    judged = [line for line in lines if line["kind"] != "claim"]
    assert len(judged) == sum(counts["proved"].values()) + sum(
        counts[name] for name in ("refuted", "unknown", "stated")
    )
    (case,) = [line for line in lines if line["kind"] == "claim"]
    assert (case["outcome"], case["surprising"]) == ("refuted", True)
    assert case["evidence"]["point"] == {"X_0": "-1"}
    assert counts["surprising"] == 0


def test_an_older_ledger_is_replaced_as_a_whole(refsem: Command, files: Files) -> None:
    path = files.folder / "ledger.jsonl"
    path.write_text("an older line\n" * 10_000)
    refsem("audit", files.model, files.properties["holds"], "--ledger", path)
    assert "an older line" not in path.read_text(encoding="utf-8")


# surprises


def surprise(outcome: Outcome) -> Record:
    asked = Obligation("a/sound/b", Kind.SOUND, (), (), (), None, Expected.PROVED, "a test")
    return Record(asked, outcome)


@pytest.mark.parametrize(
    "outcome", [Refuted(Point((("x", mpq(1)),), "claim")), Unknown("the solver gave up")]
)
@pytest.mark.parametrize("verdict", VERDICTS)
def test_a_surprising_rule_is_never_status_0(
    refsem: Command,
    files: Files,
    monkeypatch: pytest.MonkeyPatch,
    verdict: str,
    outcome: Outcome,
) -> None:
    """What rests on a rule that is not proved is not as claimed, whatever the bounds say."""
    assert not isinstance(outcome, Proved)
    monkeypatch.setattr(records, "audit_rule", lambda *_: (surprise(outcome),))
    run = refsem("audit", files.model, files.properties[verdict], "--method", "ibp")
    assert run.status == 1
    assert "surprising 0" not in " ".join(run.out.split())


def test_an_interruption_is_one_line_and_leaves_no_ledger(
    refsem: Command, files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(sys.modules["refsem.cli.audit"], "audit_network", interrupted)
    path = files.folder / "ledger.jsonl"
    run = refsem("audit", files.model, files.properties["holds"], "--ledger", path)
    assert (run.status, run.out, run.err.strip()) == (130, "", "refsem: interrupted")
    assert not path.exists()


def test_the_bundled_bounds_file_is_judged_as_the_demonstration_says(refsem: Command) -> None:
    digits = Path(__file__).parents[2] / "examples/digits"
    run = refsem(
        *("audit", digits / "digits.onnx", digits / "robust.vnnlib", "--json"),
        *("--bounds", digits / "bounds.json"),
    )
    found = json.loads(run.out)
    assert run.status == 1
    assert (found["verdict"], found["bounds"]["verdict"]) == ("holds", "unsound")
    assert not found["bounds"]["input_contains_box"]
    assert found["bounds"]["witnesses"][0]["finding"] == "not contained"
    assert found["bounds"]["steps_broken"] > 0
    assert found["bounds"]["refuted"] > 0
