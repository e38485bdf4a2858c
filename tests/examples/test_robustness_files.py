"""The bundled files of examples, and the script that makes a model of TorchLean's weights."""

import json
from pathlib import Path

import pytest
from example_scripts import EXAMPLES, load

from refsem.audit.findings import Verdict
from refsem.audit.network import audit_network, silent
from refsem.audit.robustness import ExampleReport, example_reports
from refsem.errors import InputError
from refsem.ir import load_model
from refsem.ir.evaluation import prepare
from refsem.properties.stated import load_statement
from refsem.rules.propagation import Method

FOLDER = EXAMPLES / "robustness"
SHARED = "torchlean/era-a-fd2c196/NN/Examples/Verification/Robustness"


def test_the_script_makes_every_committed_file_again(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("sklearn")
    monkeypatch.syspath_prepend(EXAMPLES)
    built = load("robustness_files").build()
    assert {path.name for path in FOLDER.iterdir()} == set(built)
    for name, text in built.items():
        assert (FOLDER / name).read_text("utf-8") == text
    assert len(built["digits.csv"].splitlines()) == 360


def reports(model: Path, path: Path) -> tuple[ExampleReport, ...]:
    statement = load_statement(path, load_model(model), "")
    audit = audit_network(prepare(statement.graph), statement.property, Method.CROWN, silent)
    return example_reports(statement, audit)


@pytest.mark.nightly
@pytest.mark.parametrize(
    ("name", "separated", "certified"), [("clipped", 318, 331), ("unclipped", 296, 318)]
)
def test_counts_of_torchlean_are_those_of_its_report(
    data: Path, tmp_path: Path, name: str, separated: int, certified: int
) -> None:
    """The classifier is linear: bounds of differences are exact, and what they leave is refuted."""
    files = (data / SHARED / f"digits_{part}.json" for part in ("linear_weights", "test"))
    assert load("torchlean_digits").main([*map(str, files), str(tmp_path)]) == 0
    path = tmp_path / f"{name}.toml"
    text = path.read_text("utf-8").splitlines()
    path.write_text("\n".join(one for one in text if "model_sha256" not in one), "utf-8")
    found = reports(tmp_path / "model.onnx", path)
    assert sum(one.separated for one in found) == separated
    assert sum(one.verdict is Verdict.HOLDS for one in found) == certified
    assert sum(one.verdict is Verdict.VIOLATED for one in found) == 360 - certified


def test_weights_that_are_no_binary32_numbers_are_refused(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = data / SHARED
    weights = json.loads((folder / "digits_linear_weights.json").read_text("utf-8"))
    weights["layers.0.weight"][0][0] = 0.1
    (tmp_path / "w.json").write_text(json.dumps(weights), "utf-8")
    arguments = [str(tmp_path / "w.json"), str(folder / "digits_test.json"), str(tmp_path)]
    assert load("torchlean_digits").main(arguments) == 3
    assert "no binary32 number" in capsys.readouterr().err


def test_the_bundled_files_are_of_another_model_where_they_say_so(tmp_path: Path) -> None:
    model = load_model(EXAMPLES / "digits" / "digits.onnx")
    text = (FOLDER / "linf.toml").read_text("utf-8") + 'model_sha256 = "00"\n'
    (tmp_path / "p.toml").write_text(text, "utf-8")
    with pytest.raises(InputError, match="is of another model"):
        load_statement(tmp_path / "p.toml", model, "11")
