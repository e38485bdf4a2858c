"""The unchecked targets: what they add says so, is listed, and means the run."""

import json
from pathlib import Path

import pytest
from gmpy2 import mpq
from lean_runs import ledger_of, random_model

from lean_export.manifest import changes, read_manifest
from lean_export.project import Target, project_files, run_files, write_project, write_run
from lean_export.runs import run_project
from lean_export.sources import blanked, theorems
from refsem.errors import InputError
from refsem.rules import BY_NAME

RULES = (BY_NAME["relu_upper"],)


@pytest.fixture
def ledger(tmp_path: Path) -> Path:
    return ledger_of(
        random_model(tmp_path, (2, 3, 2), seed=4), ["-1", "0"], ["1", "(/ 1 3)"], "crown"
    )


def test_every_theorem_of_a_rule_is_restated_over_the_reals(tmp_path: Path) -> None:
    write_project(tmp_path / "out", RULES, Target.MATHLIB)
    text = (tmp_path / "out" / "RefsemReals.lean").read_text("utf-8")
    core, _ = project_files(RULES)
    stated = [one.name for one in theorems(core["Refsem/Statements/Relu.lean"])]
    restated = {one.name.removeprefix("Refsem.Reals.") for one in theorems(text)}
    universal = {name for name in stated if "needed" not in name and "inhabited" not in name}
    assert restated == {name.removeprefix("Refsem.") for name in universal}
    assert len(restated) > 1
    assert "UNCHECKED" in text
    assert "α" not in text
    assert "sorry" not in blanked(text)
    assert "mathlib" in (tmp_path / "out" / "lakefile.toml").read_text("utf-8")
    assert changes(tmp_path / "out", read_manifest(tmp_path / "out")) == ()


def test_a_run_is_restated_over_the_reals(tmp_path: Path, ledger: Path) -> None:
    write_run(tmp_path / "out", run_project(ledger), Target.MATHLIB)
    text = (tmp_path / "out" / "RefsemReals.lean").read_text("utf-8")
    assert "theorem region1_output_bounds (x : List ℝ)" in text
    assert "(eval Refsem.Run.Region1.network x)" in text


def test_an_artifact_for_torchlean_says_what_the_run_proved(tmp_path: Path, ledger: Path) -> None:
    write_run(tmp_path / "out", run_project(ledger), Target.TORCHLEAN)
    content = json.loads((tmp_path / "out/torchlean/region1.crown_query.json").read_text("utf-8"))
    (region,) = run_project(ledger).regions
    assert content["format"] == "crown_query_v1"
    assert content["input"] == {"lo": ["-1", "0"], "hi": ["1", "1/3"]}
    assert [layer["kind"] for layer in content["layers"]] == ["linear", "relu", "linear"]
    for layer, written in zip(region.network, content["layers"][::2], strict=True):
        values = [[mpq(value, 2**149) for value in row] for row in layer.values()]
        assert [[mpq(text) for text in row] for row in written["weights"]] == [
            v[1:] for v in values
        ]
        assert [mpq(text) for text in written["bias"]] == [row[0] for row in values]
    assert all(0 <= mpq(text) <= 1 for text in content["layers"][1]["alpha"])
    query = content["query"]
    assert query["weights"] == [["1", "0"], ["-1", "0"], ["0", "1"], ["0", "-1"]]
    ends = [end for low, high in region.output.ends for end in (-(high + 1), low - 1)]
    assert [mpq(text) * 2**40 for text in query["bias"]] == ends
    assert "Unchecked" in (tmp_path / "out/torchlean/README.md").read_text("utf-8")


def test_the_other_targets_leave_the_core_as_it_is(tmp_path: Path, ledger: Path) -> None:
    core = run_files(run_project(ledger))[0]
    for target in (Target.MATHLIB, Target.TORCHLEAN):
        write_run(tmp_path / "out", run_project(ledger), target)
        for path, text in core.items():
            if path.startswith("Refsem"):
                assert (tmp_path / "out" / path).read_text("utf-8") == text


def test_torchlean_takes_runs_only(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="give a --ledger"):
        write_project(tmp_path / "out", RULES, Target.TORCHLEAN)
