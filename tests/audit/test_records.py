"""Records and the ledger: every application and every rule obligation stands there once, by id."""

import json
import os
import stat
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import builders
import pytest
from claim_files import write_property
from gmpy2 import mpq

from refsem.audit.findings import NetworkAudit, Verdict, combined
from refsem.audit.network import audit_network, silent
from refsem.errors import InputError
from refsem.ir import load_model
from refsem.ir.evaluation import prepare
from refsem.obligations.ledger import counts, record_object, write_ledger, write_whole
from refsem.obligations.obligation import (
    By,
    Exact,
    Expected,
    Kind,
    Obligation,
    Point,
    Proved,
    Record,
    Refuted,
    SolverRun,
    Stated,
    Unknown,
)
from refsem.properties import load_property
from refsem.rules import BY_NAME
from refsem.rules.propagation import Method


def audited(folder: Path, method: Method, *, boxes: int = 1) -> NetworkAudit:
    layers = builders.random_layers((2, 3, 2), seed=4, kind="binary32")
    model = builders.sequential(folder / "m.onnx", layers)
    declared = "".join(f"(declare-const {n} Real)" for n in ("X_0", "X_1", "Y_0", "Y_1"))
    case = "(and (>= X_0 0) (<= X_0 {}) (>= X_1 0) (<= X_1 1) (<= Y_0 {}))"
    cases = [case.format(i // 2 + 1, -100 - i) for i in range(2 * boxes)]
    path = folder / "p.vnnlib"
    path.write_text(f"{declared}(assert (or {' '.join(cases)}))")
    return audit_network(prepare(load_model(model)), load_property(path), method, silent)


@pytest.mark.parametrize("boxes", [1, 3])
@pytest.mark.parametrize("method", list(Method))
def test_every_application_has_its_own_record(tmp_path: Path, method: Method, boxes: int) -> None:
    found = audited(tmp_path, method, boxes=boxes)
    assert len(found.regions) == boxes
    ids = [record.obligation.id for record in found.records]
    assert len(set(ids)) == len(ids)
    records = {record.obligation.id: record for record in found.records}
    for number, region in enumerate(found.regions):
        applications = region.propagation.replay.applications
        for index, application in enumerate(applications):
            record = records[f"instance/{number}/{index}"]
            assert record.obligation.kind is Kind.INSTANCE
            assert application.rule in record.obligation.provenance
            assert repr(application.node) in record.obligation.provenance
            earlier = {f"instance/{number}/{i}" for i in application.suppliers.values()}
            assert set(record.obligation.assumes) == earlier
        assert f"instance/{number}/{len(applications)}" not in records
    assert [i for i in ids if i.startswith("case/")] == [f"case/{i}" for i in range(2 * boxes)]


@pytest.mark.parametrize("method", list(Method))
def test_every_rule_that_was_used_is_audited(tmp_path: Path, method: Method) -> None:
    found = audited(tmp_path, method)
    applications = found.regions[0].propagation.replay.applications
    used = {application.rule for application in applications}
    audited_rules = {
        record.obligation.id.split("/", 1)[0]
        for record in found.records
        if record.obligation.kind not in (Kind.INSTANCE, Kind.CLAIM)
    }
    assert used == audited_rules
    known = {record.obligation.id for record in found.records}
    for record in found.records:
        assert set(record.obligation.assumes) <= known
        if isinstance(record.outcome, Proved):
            assert set(record.outcome.relying_on) <= known
    for name in used:
        for claim in BY_NAME[name].claims:
            assert f"{name}/sound/{claim.name}" in known


def test_the_verdict_is_not_counted_among_the_obligations(tmp_path: Path) -> None:
    found = audited(tmp_path, Method.CROWN)
    assert all(record.obligation.kind is not Kind.CLAIM for record in found.judged())
    assert len(found.records) - len(found.judged()) == 2


@pytest.mark.parametrize(
    ("unsafe", "outcome"),
    [("(>= Y_0 2)", "proved"), ("(>= Y_0 1)", "refuted"), ("(>= (+ Y_0 Y_1) 1.5)", "unknown")],
)
def test_a_case_is_proved_refuted_or_unknown(tmp_path: Path, unsafe: str, outcome: str) -> None:
    """y = (x, max(0, 0.5 − x)) over [0, 1]: the sum is at most 1, our bound for it 1.5 or less."""
    layers = [builders.layer([[1, -1]], [0, 0.5]), builders.layer([[1, 0], [0, 1]], [0, 0])]
    model = builders.sequential(tmp_path / "m.onnx", layers)
    path = write_property(tmp_path / "p.vnnlib", ["0"], ["1"], f"(assert {unsafe})", outputs=2)
    found = audit_network(prepare(load_model(model)), load_property(path), Method.IBP, silent)
    (record,) = [r for r in found.records if r.obligation.id == "case/0"]
    shown = record_object(record)
    assert shown["outcome"] == outcome
    if isinstance(record.outcome, Refuted):
        assert isinstance(record.outcome.evidence, Point)
        assert record.outcome.evidence.values == (("X_0", mpq(1)),)
    if isinstance(record.outcome, Proved):
        (relying,) = record.outcome.relying_on
        assert relying in {r.obligation.id for r in found.records}


def test_verdicts_are_combined_by_the_worst() -> None:
    order = (Verdict.HOLDS, Verdict.UNDECIDED, Verdict.VIOLATED)
    for i, first in enumerate(order):
        for j, second in enumerate(order):
            assert combined(iter([first, second])) is order[max(i, j)]
    with pytest.raises(ValueError, match="empty"):
        combined(iter(()))


# counts and objects


def record(name: str, outcome: Proved | Refuted | Unknown | Stated, expected: Expected) -> Record:
    asked = Obligation(name, Kind.SOUND, (), (), (), None, expected, "a test")
    return Record(asked, outcome)


RECORDS = (
    *(record(by.value, Proved(by, Exact("so")), Expected.PROVED) for by in By),
    record("z3 again", Proved(By.Z3, SolverRun("z3", "unsat", "0.01")), Expected.REFUTED),
    record("refuted", Refuted(Point((("x", mpq(1, 3)),), "claim")), Expected.REFUTED),
    record("unknown", Unknown("time"), Expected.PROVED),
    record("stated", Stated("a page"), Expected.STATED),
)


def test_counts_are_by_prover_and_outcome() -> None:
    assert counts(RECORDS) == {
        "proved": {"algebra": 1, "lean": 1, "z3": 2, "instance": 1, "point": 1},
        "refuted": 1,
        "unknown": 1,
        "stated": 1,
        "surprising": 2,
    }
    assert counts(()) == {
        "proved": dict.fromkeys(("algebra", "lean", "z3", "instance", "point"), 0),
        **dict.fromkeys(("refuted", "unknown", "stated", "surprising"), 0),
    }


def test_each_outcome_becomes_an_object_of_the_same_keys() -> None:
    for one in RECORDS:
        shown = record_object(one)
        assert list(shown) == [
            *("id", "kind", "meaning", "provenance", "assumes", "statement", "expected"),
            *("surprising", "outcome", "by", "evidence", "relying_on"),
        ]
        assert json.loads(json.dumps(shown)) == shown
        assert shown["surprising"] == (shown["outcome"] != shown["expected"])
    evidence = [record_object(one)["evidence"] for one in RECORDS[-4:]]
    assert evidence == [
        {"solver": "z3", "answer": "unsat", "seconds": "0.01", "second": ""},
        {"point": {"x": "1/3"}, "failing": "claim"},
        {"reason": "time"},
        {"where": "a page"},
    ]


def read_lines(path: Path) -> list[Mapping[str, Any]]:
    text = path.read_text(encoding="utf-8")
    assert text.endswith("\n")
    return [json.loads(line) for line in text.splitlines()]


def test_the_ledger_is_a_header_and_a_line_an_obligation(tmp_path: Path) -> None:
    found = audited(tmp_path, Method.CROWN)
    path = tmp_path / "ledger.jsonl"
    write_ledger(path, {"model": "größer\nzweite Zeile"}, found.records)
    header, *lines = read_lines(path)
    assert header == {"format": "refsem.ledger.v1", "model": "größer\nzweite Zeile"}
    assert lines == [record_object(one) for one in found.records]
    assert Counter(line["outcome"] for line in lines)["proved"] > 20


# writing whole or not at all


def test_an_existing_file_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "out"
    path.write_text("old")
    write_whole(path, "new")
    assert path.read_text() == "new"
    assert os.listdir(tmp_path) == ["out"]  # noqa: PTH208  hidden files too


def test_a_symbolic_link_is_followed_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "there" / "out")
    write_whole(link, "text")
    assert link.is_symlink()
    assert (tmp_path / "there" / "out").read_text() == "text"


def test_a_pipe_is_refused_and_stays_one(tmp_path: Path) -> None:
    """As the administrator, renaming over /dev/null would replace the device."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(InputError) as caught:
        write_whole(pipe, "text")
    assert str(caught.value) == f"{pipe}: is not a regular file"
    assert stat.S_ISFIFO(pipe.stat().st_mode)
    assert os.listdir(tmp_path) == ["pipe"]  # noqa: PTH208  hidden files too


@pytest.mark.parametrize(
    ("place", "message"),
    [
        ("absent/out", "No such file or directory"),
        ("folder", "is not a regular file"),
        ("file/out", "Not a directory"),
    ],
)
def test_an_impossible_place_is_refused(tmp_path: Path, place: str, message: str) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError) as caught:
        write_whole(tmp_path / place, "text")
    assert str(caught.value) == f"{tmp_path / place}: {message}"
    assert sorted(os.listdir(tmp_path)) == ["file", "folder"]  # noqa: PTH208  hidden files too


@pytest.mark.parametrize("failure", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_nothing_partial_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failure: BaseException
) -> None:
    path = tmp_path / "out"
    path.write_text("old")

    def fail(*_: object) -> None:
        raise failure

    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises((InputError, KeyboardInterrupt)):
        write_whole(path, "new")
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["out"]  # noqa: PTH208  hidden files too
