"""`refsem check` and `refsem audit --write-certificate`: statuses, streams, JSON."""

import json
from pathlib import Path

import pytest
from command_line import Command, Files

VERDICTS = {"accepted": 0, "rejected": 1, "undecided": 2, "not a certificate": 2}


KEYS = {
    "ibp": {"ibp"},
    "crown": {"ibp", "ctx", "crown", "alpha"},
    "alpha": {"ibp", "ctx", "crown", "alpha", "beta"},
}


@pytest.mark.parametrize("method", KEYS)
def test_a_written_certificate_is_accepted(refsem: Command, files: Files, method: str) -> None:
    path = files.folder / "c.json"
    options = "--method", method, "--write-certificate", path
    assert refsem("audit", files.model, files.properties["holds"], *options).status == 0
    assert set(json.loads(path.read_text())) == KEYS[method]
    for semantics in ("exact", "containment"):
        run = refsem("check", path, "--model", files.model, "--semantics", semantics, "--json")
        found = json.loads(run.out)
        assert (run.status, found["verdict"], found["findings"]) == (0, "accepted", [])
        assert found["semantics"] == semantics
    assert refsem("check", path).status == 2


def test_the_written_region_contains_the_property(refsem: Command, files: Files) -> None:
    path = files.folder / "c.json"
    refsem("audit", files.model, files.properties["holds"], "--write-certificate", path)
    box = json.loads(path.read_text())["ibp"][0]
    # 1/3 is no binary32 value: it is rounded outward
    assert box["lo"] == [-1.0]
    assert 1 / 3 < box["hi"][0] < 0.3333334


def test_two_boxes_are_refused(refsem: Command, files: Files) -> None:
    text = files.properties["holds"].read_text()
    two = text.replace("(assert (>= X_0 -1))", "").replace("(assert (<= X_0 (/ 1 3)))", "")
    assert two != text
    low = "(and (>= X_0 -1) (<= X_0 0) (>= Y_0 2))"
    high = "(and (>= X_0 0) (<= X_0 1) (>= Y_0 2))"
    lines = [line for line in two.splitlines() if not line.startswith("(assert")]
    path = files.folder / "two.vnnlib"
    path.write_text("\n".join([*lines, f"(assert (or {low} {high}))"]))
    run = refsem("audit", files.model, path, "--write-certificate", files.folder / "c.json")
    assert (run.status, run.out) == (3, "")
    assert "the property has 2 boxes, a node-wise certificate has one" in run.err


DOCUMENTS = {
    "accepted": {"lo": [0], "hi": [1]},
    "rejected": {"lo": [1], "hi": [0.999]},
    "undecided": {"ibp": []},
    "not a certificate": {"a": 1},
}


@pytest.mark.parametrize("verdict", VERDICTS)
def test_each_verdict_has_its_status(refsem: Command, tmp_path: Path, verdict: str) -> None:
    path = tmp_path / "f.json"
    path.write_text(json.dumps(DOCUMENTS[verdict]))
    run = refsem("check", path, "--json")
    found = json.loads(run.out)
    assert (found["verdict"], run.status, run.err) == (verdict, VERDICTS[verdict], "")
    keys = {"format", "verdict", "semantics", "reasons", "findings", "findings_not_listed", "facts"}
    answers = {"checked", "candidates", "recomputed", "lifted_by", "outside"}
    assert set(found) == keys | answers
    assert found["reasons"]
    plain = refsem("check", path)
    assert plain.status == run.status
    assert verdict in plain.out.splitlines()[1]


@pytest.mark.parametrize(("name", "status"), [("sound", 0), ("unsound", 1), ("undecided", 0)])
def test_a_bounds_file_is_judged_over_its_own_box(
    refsem: Command, files: Files, name: str, status: int
) -> None:
    # exact CROWN confirms y ≤ 1, which intervals leave undecided
    run = refsem("check", files.bounds[name], "--model", files.model, "--json")
    assert (run.status, json.loads(run.out)["format"]) == (status, "refsem.bounds.v1")
    assert refsem("check", files.bounds[name]).status == 2


def test_a_finding_is_printed_with_both_numbers_and_the_distance(
    refsem: Command, tmp_path: Path
) -> None:
    path = tmp_path / "f.json"
    path.write_text(json.dumps(DOCUMENTS["rejected"]))
    run = refsem("check", path)
    line = next(line for line in run.out.splitlines() if line.startswith("finding"))
    assert "lo[0]: lower end above the upper end: claimed 1, recomputed 0.999" in line
    assert line.endswith("ulps apart")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b'{"lo": [0], "lo": [1], "hi": [1]}', "the key 'lo' occurs twice in one object"),
        (b'{"lo": [1e999], "hi": [1]}', "lo[0]: 1e999 has an exponent beyond"),
        (b'{"lo": [NaN], "hi": [1]}', "NaN is not JSON"),
        (b'{"lo": ' + b"[" * 1000, "nested deeper than 64"),
        (b'{"lo": [0]}', "the key 'hi' is missing"),
    ],
)
def test_malformed_files_are_one_line_and_status_three(
    refsem: Command, tmp_path: Path, content: bytes, message: str
) -> None:
    path = tmp_path / "f.json"
    path.write_bytes(content)
    run = refsem("check", path)
    assert (run.status, run.out) == (3, "")
    assert message in run.err
    assert run.err.count("\n") == 1


def test_a_gigabyte_of_zeros_is_not_read(refsem: Command, tmp_path: Path) -> None:
    path = tmp_path / "f.json"
    with path.open("wb") as file:
        file.truncate(2**30)
    run = refsem("check", path)
    assert run.status == 3
    assert "1073741824 bytes; at most 268435456 are read" in run.err
