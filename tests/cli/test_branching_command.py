"""`refsem audit --branch`, the split tree it writes, and `refsem check` of that file."""

import json
from hashlib import sha256
from pathlib import Path
from typing import Any

import builders
import pytest
from claim_files import write_property
from command_line import Command, Files

from refsem.audit import network
from refsem.audit.branching import branch

UNDECIDED = "(assert (<= Y_0 -0.01))"


@pytest.fixture
def two_inputs(tmp_path: Path) -> tuple[Path, Path]:
    """y = |x0 − x1| + |x0 + x1| and the property that it is never −0.01: bounds alone miss it."""
    first = builders.layer([[1, -1, 1, -1], [-1, 1, 1, -1]], [0, 0, 0, 0])
    layers = [first, builders.layer([[1], [1], [1], [1]], [0])]
    model = builders.sequential(tmp_path / "two.onnx", layers)
    wanted = write_property(tmp_path / "two.vnnlib", ["-1", "-1"], ["1", "(/ 1 3)"], UNDECIDED)
    return model, wanted


def test_what_bounds_leave_open_is_decided_and_the_tree_is_accepted(
    refsem: Command, two_inputs: tuple[Path, Path], tmp_path: Path
) -> None:
    model, wanted = two_inputs
    tree = tmp_path / "tree.json"
    options = ("--method", "ibp", "--branch", "60", "--write-certificate", tree)
    run = refsem("audit", model, wanted, *options, "--json")
    assert run.status == 0
    found = json.loads(run.out)
    assert (found["verdict"], found["tolerant_verdict"]) == ("holds", "holds")
    (listed,) = found["trees"]
    assert listed["leaves"] >= 1
    checked = refsem("check", tree, "--model", model, "--property", wanted)
    assert checked.status == 0
    assert "accepted (exact)" in checked.out
    assert refsem("check", tree, "--model", model).status == 2
    again = json.loads(refsem("check", tree, "--model", model, "--property", wanted, "--json").out)
    assert (again["format"], again["verdict"]) == ("refsem.tree.v1", "accepted")
    assert again["facts"]["leaves"] == str(listed["leaves"])


def test_a_tree_becomes_a_theorem(
    refsem: Command, two_inputs: tuple[Path, Path], tmp_path: Path
) -> None:
    model, wanted = two_inputs
    tree, subject = tmp_path / "tree.json", ("--model", model, "--property", wanted)
    options = ("--method", "ibp", "--branch", "60", "--write-certificate", tree)
    assert refsem("audit", model, wanted, *options).status == 0
    run = refsem("lean", tmp_path / "out", "--tree", tree, *subject, "--json")
    assert run.status == 0
    said = json.loads(run.out)
    assert said["theorems"] == said["closed"] > 5
    assert "Lean is expected to take about" in run.err
    text = (tmp_path / "out/Refsem/Run/Region1Tree.lean").read_text("utf-8")
    assert "theorem property_holds" in text
    # another property, and the file is not the tree of it
    wanted.write_text(wanted.read_text("utf-8") + "\n", "utf-8")
    run = refsem("lean", tmp_path / "other", "--tree", tree, *subject)
    assert run.status == 3
    assert "property_sha256" in run.err
    assert not (tmp_path / "other").exists()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--tree", "t.json"), "--model: is needed"),
        (("--tree", "t.json", "--model", "m.onnx"), "--property: is needed"),
        (("--model", "m.onnx"), "--model: is for a --tree"),
        (("--property", "p.vnnlib", "--ledger", "l.jsonl"), "--property: is for a --tree"),
        (("--tree", "t.json", "--ledger", "l.jsonl"), "without a --ledger"),
    ],
)
def test_a_theorem_is_made_of_one_thing(
    refsem: Command, tmp_path: Path, options: tuple[str, ...], message: str
) -> None:
    run = refsem("lean", tmp_path / "out", *options)
    assert run.status == 3
    assert message in run.err
    assert not (tmp_path / "out").exists()


def test_trees_are_wanted_of_the_property_only(
    refsem: Command, two_inputs: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, _ = two_inputs
    # bounds alone show this, with tolerance too: a tree is made for the certificate, and once
    easy = write_property(tmp_path / "e.vnnlib", ["-1", "-1"], ["1", "1"], "(assert (<= Y_0 -9))")
    calls = []

    def counted(*arguments: Any) -> network.Branched:  # noqa: ANN401  handed through
        calls.append(arguments)
        return branch(*arguments)

    monkeypatch.setattr(network, "branch", counted)
    tree = tmp_path / "t.json"
    run = refsem("audit", model, easy, "--branch", "60", "--write-certificate", tree, "--json")
    assert json.loads(run.out)["tolerant_verdict"] == "holds"
    assert tree.exists()
    assert len(calls) == 1


def test_a_tree_of_another_property_is_rejected(
    refsem: Command, two_inputs: tuple[Path, Path], tmp_path: Path
) -> None:
    model, wanted = two_inputs
    tree = tmp_path / "tree.json"
    refsem("audit", model, wanted, "--branch", "60", "--write-certificate", tree)
    stricter = write_property(
        tmp_path / "s.vnnlib", ["-1", "-1"], ["1", "1"], "(assert (<= Y_0 1))"
    )
    run = refsem("check", tree, "--model", model, "--property", stricter)
    assert run.status == 1
    assert "property_sha256" in run.out
    forged = json.loads(tree.read_text())
    forged["property_sha256"] = sha256(stricter.read_bytes()).hexdigest()
    tree.write_text(json.dumps(forged))
    run = refsem("check", tree, "--model", model, "--property", stricter)
    assert run.status == 1
    assert "does not contain the property's" in run.out


def test_a_violated_property_leaves_no_certificate(refsem: Command, files: Files) -> None:
    tree = files.folder / "tree.json"
    options = ("--branch", "10", "--write-certificate", tree)
    run = refsem("audit", files.model, files.properties["violated"], *options)
    assert run.status == 1
    assert "not written" in run.err
    assert not tree.exists()
