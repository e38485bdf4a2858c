"""A real Lean reads a split tree: it accepts the theorem, and no tree that was tampered with.

Tampered copies stand beside the right one in the same file: a cut moved, a leaf lost, the region
widened, an end or a slope changed, a constraint eased, a sum of constraints misstated. Each must be
rejected where the fault is, and the theorem that the property holds with it.
"""

import dataclasses
import re
from collections.abc import Mapping
from pathlib import Path

import builders
import pytest
from claim_files import write_property
from lean_reports import said_by, with_verdict, write_files
from lean_trees import decided

from lean_export.checker import Verdict
from lean_export.project import run_files
from lean_export.runs import RunProject
from lean_export.toolchain import Lean
from lean_export.trees import tree_project

TREE = "Refsem.Run.Region1"


@pytest.fixture
def run(tmp_path: Path) -> RunProject:
    """Four leaves, one of them with slopes of its own; a case speaks of an input too."""
    layers = builders.random_layers((2, 5, 4, 1), seed=5, kind="integer")
    model = builders.sequential(tmp_path / "net.onnx", layers)
    unsafe = "(assert (or (and (<= Y_0 -20)) (and (< Y_0 -30) (<= Y_0 X_0))))"
    given = decided(model, write_property(tmp_path / "p.vnnlib", ["-1"] * 2, ["1"] * 2, unsafe))
    return tree_project(given.tree, given.model, given.property, lambda _: None)


def in_one(files: Mapping[str, str]) -> str:
    """The modules as one file."""
    first, *others = (
        files[path] for path in sorted(files, key=lambda path: ("Tree" in path, path))
    )
    at = f"namespace {TREE}"
    return first + "".join("\n" + text[text.index(at) :] for text in others)


def once(text: str, old: str, new: str, after: str = "") -> str:
    """The text with the first occurrence after a mark replaced."""
    at = text.index(old, text.index(after))
    return text[:at] + new + text[at + len(old) :]


def raised(text: str, after: str, by: int) -> str:
    """The text with the first number after a mark raised."""
    start = text.index(after) + len(after)
    found = re.search(r"(?<=[ (\[])-?\d+", text[start:])
    assert found is not None
    number = str(int(found[0]) + by)
    return text[: start + found.start()] + number + text[start + found.end() :]


def inward(text: str, after: str) -> str:
    """The text with the first lower end after a mark raised by one."""
    found = re.search(r"\(\.(ofNat|negSucc) (\d+)\)", text[text.index(after) :])
    assert found is not None
    number = int(found[2]) + (1 if found[1] == "ofNat" else -1)
    return once(text, found[0], f"(.{found[1]} {number})", after)


def variants(text: str) -> dict[str, tuple[str, str]]:
    """Tampered texts, each with the theorem that has to fail."""
    cut = text[text.index("def tree") : text.index("/-- The region lies")]
    below = re.search(r"leaf(\d+)_below(\d+)", text)
    assert below is not None
    leaf, place = below[1], below[2]
    sums, excludes = f"leaf{leaf}_sums{place}", f"leaf{leaf}_excludes{place}"
    return {
        "a cut moved": (raised(text, "def tree : Tree :=\n  .cut 0", 1), "leaf_boxes"),
        "a leaf lost": (text.replace(cut, "def tree : Tree :=\n  .leaf\n\n"), "leaf_boxes"),
        "a wider region": (raised(text, "def inputBox", -10), "root_box"),
        "an end inward": (
            inward(text, f"def leaf{leaf}_ends{place}"),
            f"leaf{leaf}_pass{place}",
        ),
        "a steep slope": (
            raised(text, f"def leaf{leaf}_below{place}", 2**32),
            f"leaf{leaf}_pass{place}",
        ),
        "an eased constraint": (once(text, "-20, false", "20, false"), excludes),
        "another coefficient": (once(text, "[1], -20", "[2], -20"), excludes),
        "a sum without weight": (once(text, "⟨[1]", "⟨[0]", sums), excludes),
        "a case lost": (once(text, "(0, ⟨", "(1, ⟨", sums), f"leaf{leaf}"),
        "a wider leaf": (raised(text, "def leaf1_box", -(2**30)), "leaf_boxes"),
    }


def changed(text: str, number: int) -> str:
    """The text with its namespace and the names of its theorems changed.

    The checker takes a name to mention every theorem that ends so, hence names of their own.
    """
    names = r"leaf\d+|leaf\d+_\w+|wellFormed\d+|network_wellFormed|\w+_box|leaf_boxes|\w+_holds"
    text = text.replace(TREE, f"Refsem.Run.Changed{number}")
    return re.sub(rf"\b({names})\b", rf"\1_{number}", text)


@pytest.mark.nightly
def test_lean_accepts_a_split_tree_and_no_tampered_one(
    lean: Lean, tmp_path: Path, run: RunProject
) -> None:
    text = in_one(run.files)
    tampered = variants(text)
    assert len({one for one, _ in tampered.values()} | {text}) == len(tampered) + 1
    whole, theorems = text, dict(run.theorems)
    for number, (one, _) in enumerate(tampered.values()):
        body = changed(one, number)
        whole += "\n" + body[body.index(f"namespace Refsem.Run.Changed{number}") :]
        theorems |= {changed(name, number): status for name, status in run.theorems.items()}
    together = dataclasses.replace(run, files={"Refsem/Run/Region1.lean": whole}, theorems=theorems)
    write_files(run_files(together)[0], tmp_path / "project")
    report = said_by(lean, tmp_path / "project", 600)
    assert set(run.theorems) <= set(with_verdict(report, Verdict.CLOSED))
    failed = with_verdict(report, Verdict.ERROR)
    for number, (name, (_, theorem)) in enumerate(tampered.items()):
        space = f"Refsem.Run.Changed{number}"
        assert f"{space}.{theorem}_{number}" in failed, name
        assert f"{space}.property_holds_{number}" in failed, name
    assert report.warnings == ()
    assert report.sorries == 0
