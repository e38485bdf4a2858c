"""Networks that solve differential equations: trained again, their files, and the picture."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
from example_scripts import EXAMPLES, load

from refsem.certificates.tree_file import TreeRegion, tree_object
from refsem.ir import load_model
from refsem.ir.evaluation import prepare
from refsem.ir.joining import joined
from refsem.properties.claims import check_fits
from refsem.properties.stated import load_statement
from refsem.rules.leaves import Boxes
from refsem.rules.tree import Split

FOLDER = EXAMPLES / "residuals"
RECTANGLE = re.compile(r'width="([\d.]+)" height="([\d.]+)" fill="#(\w+)"')


def test_training_the_least_network_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The weights may differ in their last bits elsewhere; how well the network does hardly can."""
    assert load("train_residuals").main(["--only", "logistic", str(tmp_path)]) == 0
    said = re.fullmatch(
        r"logistic: residual at most (\S+) on a grid, conditions missed by (\S+)\n",
        capsys.readouterr().out,
    )
    assert said is not None
    assert float(said[1]) < 0.006
    assert float(said[2]) < 0.001
    (path,) = tmp_path.iterdir()
    load_statement(FOLDER / "logistic.toml", load_model(path), "")


def test_the_derivatives_that_are_trained_with() -> None:
    """The script's slopes and curvatures are those of finite differences of its values."""
    script = load("train_residuals")
    (problem,) = (one for one in script.PROBLEMS if one.name == "poisson")
    parameters = script.initial(problem).astype(complex)
    points = script.grid((0.1, 0.2), (0.9, 0.7), 3)
    here = script.evaluated(problem, parameters, points)
    for index, name in enumerate(problem.coordinates):
        step = np.zeros(2)
        step[index] = 1e-4
        up, down = (script.evaluated(problem, parameters, points + s * step) for s in (1, -1))
        assert np.abs((up["u"] - down["u"]) / 2e-4 - here[f"u_{name}"]).max() < 1e-6
        bend = (up["u"] - 2 * here["u"] + down["u"]) / 1e-8
        assert np.abs(bend - here[f"u_{name}{name}"]).max() < 1e-5


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.toml")), ids=lambda path: path.stem)
def test_the_bundled_properties_fit_the_bundled_networks(path: Path) -> None:
    model = FOLDER / f"{path.stem.partition('_')[0]}.onnx"
    assert model.stat().st_size < 20_000
    found = load_statement(path, load_model(model), "")
    check_fits(prepare(joined(found.graph)), found.property, str(path))


def tree(folder: Path, upper: float) -> Path:
    """A tree of two leaves over the unit square, or over a part of it."""
    root = Boxes(np.zeros((1, 2)), np.full((1, 2), upper * 2.0**50), 50)
    cut = Split(1, int(upper * 2**49))
    path = folder / "tree.json"
    path.write_text(json.dumps(tree_object([TreeRegion(root, 0, (cut, None, None))], "", "", "")))
    return path


def test_the_picture_has_a_rectangle_a_leaf(tmp_path: Path) -> None:
    out = tmp_path / "out.svg"
    files = [str(FOLDER / f"heat.{ending}") for ending in ("onnx", "toml")]
    command = [*files, str(tree(tmp_path, 1.0)), str(out)]
    assert load("residual_picture").main(command) == 0
    drawn = out.read_text()
    rectangles = RECTANGLE.findall(drawn)
    assert [(float(w), float(h)) for w, h, _ in rectangles] == [(480, 240), (480, 240)]
    # two leaves bound nothing well: both are as dark as it gets
    assert {shade for *_, shade in rectangles} == {"1f3b57"}
    assert "2 leaves: |residual| is at most" in drawn


@pytest.mark.parametrize(
    ("model", "upper", "message"),
    [("heat", 0.5, "0 of them contain the domain"), ("logistic", 1.0, "not a residual over two")],
)
def test_what_cannot_be_drawn_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], model: str, upper: float, message: str
) -> None:
    out = tmp_path / "out.svg"
    files = [str(FOLDER / f"{model}.{ending}") for ending in ("onnx", "toml")]
    command = [*files, str(tree(tmp_path, upper)), str(out)]
    assert load("residual_picture").main(command) == 3
    assert message in capsys.readouterr().err
    assert not out.exists()
