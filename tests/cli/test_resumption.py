"""Unfinished branching: a killed run is gone on with, and nothing in its file counts as proof."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import builders
import pytest
from claim_files import write_property
from command_line import Command

from refsem.audit import branching, unfinished
from refsem.search import branching as searching

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    layers = builders.random_layers((6, 30, 30, 1), seed=3, kind="binary32")
    return builders.sequential(tmp_path_factory.mktemp("resumed") / "m.onnx", layers)


def prop(folder: Path, bound: int) -> Path:
    """Over [-1, 1]^6 the least output is about -17: below -19 takes a thousand leaves."""
    unsafe = f"(assert (<= Y_0 {bound}))"
    return write_property(folder / f"p{bound}.vnnlib", ["-1"] * 6, ["1"] * 6, unsafe)


def nodes(path: Path) -> list[str]:
    region, *_ = json.loads(path.read_text("utf-8"))["regions"].values()
    found: str = region["nodes"]
    return found.split(" ")


def changed(path: Path, **changes: object) -> None:
    """The file with members of its one region changed."""
    found: dict[str, Any] = json.loads(path.read_text("utf-8"))
    ((key, region),) = found["regions"].items()
    path.write_text(json.dumps(found | {"regions": {key: region | changes}}))


def stopped(refsem: Command, model: Path, wanted: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file that a run leaves which holds too much."""
    file = wanted.with_suffix(".unfinished")
    with monkeypatch.context() as patch:
        patch.setattr(searching, "MEMORY", 220_000)
        patch.setattr(branching, "MEMORY", 220_000)
        run = refsem("audit", model, wanted, "--method", "ibp", "--branch", "60", "--resume", file)
    assert run.status == 2
    return file


def test_a_run_that_is_killed_is_gone_on_with(refsem: Command, model: Path, tmp_path: Path) -> None:
    wanted, file = prop(tmp_path, -26), tmp_path / "unfinished.json"
    options = ["--method", "ibp", "--branch", "300", "--resume", str(file)]
    process = subprocess.Popen(
        [sys.executable, "-m", "refsem", "audit", model, wanted, *options],
        cwd=ROOT,
        env=dict(os.environ),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    while not (file.exists() and len(nodes(file)) > 100):
        assert process.poll() is None
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    left = nodes(file)
    tree = tmp_path / "tree.json"
    run = refsem("audit", model, wanted, *options, "--write-certificate", tree)
    assert run.status == 0
    assert not file.exists()
    (region,) = json.loads(tree.read_text("utf-8"))["regions"]
    # the cuts that were made before the kill stand in the tree that was proved
    assert contains(region["nodes"].split(" "), left)
    assert refsem("check", tree, "--model", model, "--property", wanted).status == 0


def contains(whole: list[str], part: list[str]) -> bool:
    """Whether a tree goes on from another: leaves and open boxes may have been cut."""

    def below(position: int) -> int:
        """The end of the subtree that begins here."""
        ends = 1
        while ends:
            ends += -1 if whole[position] == "." else 1
            position += 1
        return position

    position = 0
    for node in part:
        if node in {".", "?"}:
            position = below(position)
        elif node == whole[position]:
            position += 1
        else:
            return False
    return position == len(whole)


def test_memory_ends_a_search_and_what_is_left_is_gone_on_with(
    refsem: Command, model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = prop(tmp_path, -25)
    file = stopped(refsem, model, wanted, monkeypatch)
    left = nodes(file)
    assert left.count(".") > 1
    assert left.count("?") > 5
    monkeypatch.setattr(unfinished, "_SHARE", 0)
    run = refsem("audit", model, wanted, "--method", "ibp", "--branch", "60", "--resume", file)
    assert run.status == 0


def test_the_reason_of_a_search_that_holds_too_much(
    refsem: Command, model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted, ledger = prop(tmp_path, -19), tmp_path / "ledger.jsonl"
    monkeypatch.setattr(searching, "MEMORY", 50_000)
    monkeypatch.setattr(branching, "MEMORY", 50_000)
    options = ("--method", "ibp", "--branch", "60", "--ledger", ledger)
    assert refsem("audit", model, wanted, *options).status == 2
    assert "left it open: out of memory (50000 bytes) with" in ledger.read_text("utf-8")
    assert (tmp_path / "ledger.jsonl.unfinished").exists()


def test_what_is_called_decided_is_not_believed(
    refsem: Command, model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every open box is called a leaf: the tree that is proved has more leaves all the same."""
    wanted, tree = prop(tmp_path, -25), tmp_path / "tree.json"
    file = stopped(refsem, model, wanted, monkeypatch)
    left = [node.replace("?", ".") for node in nodes(file)]
    changed(file, nodes=" ".join(left))
    options = ("--method", "ibp", "--branch", "60", "--resume", file)
    assert refsem("audit", model, wanted, *options, "--write-certificate", tree).status == 0
    (region,) = json.loads(tree.read_text("utf-8"))["regions"]
    proved = region["nodes"].split(" ")
    assert contains(proved, left)
    assert len(proved) > len(left) + 50


MALFORMED = {
    "another unit": ({"unit": 3}, "3, but the box's is"),
    "a unit that is text": ({"unit": "49"}, "expected an integer"),
    "a strange node": ({"nodes": "x"}, "'x' is neither"),
    "a box too many": ({"nodes": ". ."}, "or one too many"),
    "a box too few": ({"nodes": "0:0 ."}, "1 boxes left open"),
    "no such dimension": ({"nodes": "6:0 . ."}, "no dimension 6"),
    "a cut outside": ({"nodes": "0:99999999999999999 . ."}, "is not inside dimension 0"),
    "an unknown key": ({"slack": "0"}, "unknown key"),
}


@pytest.mark.parametrize("name", MALFORMED)
def test_a_malformed_file_is_refused(
    refsem: Command, model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    wanted = prop(tmp_path, -25)
    file = stopped(refsem, model, wanted, monkeypatch)
    changes, message = MALFORMED[name]
    changed(file, **changes)
    run = refsem("audit", model, wanted, "--branch", "60", "--resume", file)
    assert run.status == 3
    assert message in run.err
    assert re.fullmatch("refsem: .*\n", run.err)


def test_a_file_of_another_property_is_refused(
    refsem: Command, model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = stopped(refsem, model, prop(tmp_path, -25), monkeypatch)
    run = refsem("audit", model, prop(tmp_path, -26), "--branch", "60", "--resume", file)
    assert run.status == 3
    assert "property_sha256: of another file" in run.err


def test_there_is_nothing_to_resume_without_branching(
    refsem: Command, model: Path, tmp_path: Path
) -> None:
    run = refsem("audit", model, prop(tmp_path, -25), "--resume", tmp_path / "x")
    assert run.status == 3
