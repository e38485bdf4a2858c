"""Residuals audited: bounds of a trained network over a box, what is attained, and false claims."""

import io
import json
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from gmpy2 import mpq
from rich.console import Console

from refsem.audit.boxes import BoxProof
from refsem.audit.findings import NetworkAudit, Verdict, output_box
from refsem.audit.network import Budget, audit_network, silent
from refsem.audit.residual import Attained, Enclosed, enclosures, grid
from refsem.audit.residual_report import residual_parts
from refsem.cli import main
from refsem.ir import load_model
from refsem.ir.evaluation import prepare
from refsem.ir.joining import joined
from refsem.properties.stated import load_statement
from refsem.properties.statement import BoundedOutput
from refsem.rules.propagation import Method

EXAMPLES = Path(__file__).parents[2] / "examples" / "residuals"
LOGISTIC = """
format = "refsem.property.v1"
kind = "residual"
coordinates = ["t"]
unknowns = ["u"]
residual = "u_t = u*(1 - u)"
bound = BOUND
domain = { t = [0.25, 0.625] }
[[conditions]]
where = { t = 0.5 }
expression = "u"
bound = 0.5
"""


def audited(
    folder: Path, bound: str, seconds: float
) -> tuple[NetworkAudit, tuple[Enclosed, ...], Path]:
    path = folder / "p.toml"
    path.write_text(LOGISTIC.replace("BOUND", bound), "utf-8")
    statement = load_statement(path, load_model(EXAMPLES / "logistic.onnx"), "")
    prepared = prepare(joined(statement.graph))
    budget = Budget(seconds, lambda *_: None, everywhere=False)
    found = audit_network(prepared, statement.property, Method.CROWN, silent, budget)
    return found, enclosures(statement, found), path


def weights() -> list[np.ndarray]:
    import onnx  # noqa: PLC0415  needed here alone

    model = onnx.load(EXAMPLES / "logistic.onnx")
    return [onnx.numpy_helper.to_array(one).astype(float) for one in model.graph.initializer]


def residual(t: np.ndarray) -> np.ndarray:
    """The residual in floats, by formulas of its own."""
    first, bias, last, shift = weights()
    value = np.tanh(t[:, None] * first + bias)
    u = value @ last[:, 0] + shift[0]
    slope = ((1 - value**2) * first) @ last[:, 0]
    return np.asarray(slope - u * (1 - u))


@pytest.fixture(scope="module")
def proved(tmp_path_factory: pytest.TempPathFactory) -> tuple[NetworkAudit, tuple[Enclosed, ...]]:
    found, enclosed, _ = audited(tmp_path_factory.mktemp("proved"), "0.025", 600)
    return found, enclosed


def test_a_bound_holds_and_is_enclosed(
    proved: tuple[NetworkAudit, tuple[Enclosed, ...]],
) -> None:
    found, (condition, whole) = proved
    assert found.verdict is Verdict.HOLDS
    samples = residual(np.linspace(0.25, 0.625, 2001))
    assert float(whole.lower) <= samples.min() < samples.max() <= float(whole.upper)
    assert whole.most <= whole.claim.bound
    assert whole.attained is not None
    assert abs(float(whole.attained.least) - np.abs(samples).max()) < 1e-5
    (t,) = whole.attained.point
    assert abs(float(whole.attained.least) - abs(residual(np.array([float(t)]))[0])) < 1e-9
    assert whole.ratio == whole.most / whole.attained.least >= 1
    (region,) = (r for r in found.regions if r.claims.cases[0][0] == whole.claim.case)
    assert isinstance(region.proof, BoxProof)
    assert whole.leaves == region.proof.leaves > 1
    assert condition.leaves == 1
    assert condition.attained is not None
    assert 0 < condition.attained.least <= condition.most < mpq(1, 2)
    assert condition.ratio is not None
    assert 1 <= condition.ratio < 1 + mpq(2) ** -40


def test_the_hull_of_the_leaves_is_less_than_the_box_of_the_whole(
    proved: tuple[NetworkAudit, tuple[Enclosed, ...]],
) -> None:
    found, (_, whole) = proved
    (region,) = (r for r in found.regions if r.claims.cases[0][0] == whole.claim.case)
    assert isinstance(region.proof, BoxProof)
    state = region.propagation
    box = state.replay.box(state.boxes[found.prepared.graph.outputs[0]])
    assert whole.lower > box.lower.rational(0, 0)
    assert whole.upper < box.upper.rational(0, 0)
    # the tree speaks of the residual alone: of the other output the box over the whole is kept
    lower, upper = output_box(found, region)
    assert (lower[0], upper[0]) == (whole.lower, whole.upper)
    assert (lower[1], upper[1]) == (box.lower.rational(0, 1), box.upper.rational(0, 1))


def test_a_false_bound_is_not_proved(tmp_path: Path) -> None:
    """The residual at t = 1/2 is about 0.0012 in size: 0.0001 is violated or left open."""
    at_middle = abs(residual(np.array([0.5]))[0])
    bound = Fraction(at_middle).limit_denominator(10**6) / 2
    found, _, _ = audited(tmp_path, f'"{bound}"', 1)
    assert found.verdict is Verdict.VIOLATED


def test_the_grid_has_the_corners_and_few_points(tmp_path: Path) -> None:
    found, _, _ = audited(tmp_path, "1", 1)
    for region in found.regions:
        ((lower, upper),) = region.claims.region.boxes.values()
        points = grid(region)
        assert (points[0], points[-1]) == (tuple(lower.rationals()), tuple(upper.rationals()))
        assert len(points) == len(set(points)) <= 1000
        assert len(points) == (1 if points[0] == points[-1] else 1000)


def test_what_is_printed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _, (condition, whole), path = audited(tmp_path, "1", 1)
    command = ["audit", str(EXAMPLES / "logistic.onnx"), str(path)]
    assert main([*command, "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert "the equation and its conditions are those meant" in shown["rests_on"]
    first, second = shown["residuals"]
    assert (first["expression"], second["expression"]) == (condition.claim.name, "residual")
    assert mpq(second["upper"]) == whole.upper
    assert mpq(second["attained"]) == whole.attained.least  # type: ignore[union-attr]
    assert main(command) == 0
    text = capsys.readouterr().out
    assert "everywhere" in text
    assert "condition 0 where t = 1/2" in text


def test_a_counterexample_is_one_to_the_claim(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What is called violated is what does not hold at the point that is printed."""
    path = tmp_path / "p.toml"
    for sign, claim, broken in (("", "<= 0", 1), ("-", ">= 0", -1)):
        text = LOGISTIC.replace("BOUND", "1").replace('"u"\nbound = 0.5', f'"{sign}u"\nbound = 0')
        path.write_text(text, "utf-8")
        assert main(["audit", str(EXAMPLES / "logistic.onnx"), str(path)]) == 1
        shown = capsys.readouterr().out
        assert f"counterexample to condition 0 {claim} where t = 1/2, enclosed" in shown
        # of the outputs printed below it the second is the condition's
        values = shown.partition("counterexample")[2].partition("outputs ")[2].split()
        assert Fraction(values[1].removeprefix("≈")) * broken > 0


@pytest.mark.parametrize("option", ["--write-certificate", "--bounds"])
def test_a_file_about_the_model_would_say_nothing_of_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], option: str
) -> None:
    path, out = tmp_path / "p.toml", tmp_path / "nodes.json"
    path.write_text(LOGISTIC.replace("BOUND", "1"), "utf-8")
    command = ["audit", str(EXAMPLES / "logistic.onnx"), str(path)]
    assert main([*command, option, str(out)]) == 3
    assert "the property of a graph made from it" in capsys.readouterr().err
    assert not out.exists()


def test_ends_are_shown_outward() -> None:
    claim = BoundedOutput("u", 0, 0, mpq(12345, 100000))
    attained = Attained((mpq(0),), mpq(11119, 100000))
    one = Enclosed(claim, mpq(-1, 3), mpq(2, 3), attained, 1, 1)
    console = Console(file=io.StringIO(), width=200)
    for part in residual_parts([one]):
        console.print(part)
    assert isinstance(console.file, io.StringIO)
    cells = console.file.getvalue().splitlines()[1].split()
    assert cells == ["u", "-0.3334", "0.6667", "0.1111", "6", "0.12345"]
    other = Enclosed(claim, mpq(1, 6), mpq(4, 3), attained, 1, 1)
    console = Console(file=io.StringIO(), width=200)
    console.print(next(iter(residual_parts([other]))))
    assert isinstance(console.file, io.StringIO)
    assert console.file.getvalue().splitlines()[1].split()[1:3] == ["0.1666", "1.334"]


def test_a_region_that_leaves_a_domain_when_widened_keeps_its_verdict(tmp_path: Path) -> None:
    """A logarithm over [0.00005, 1]: the region wider by 1e-4 has points without one."""
    path = tmp_path / "p.toml"
    text, _ = LOGISTIC.split("[[conditions]]")
    text = text.replace("u_t = u*(1 - u)", "u - u + 0*log(t)")
    path.write_text(text.replace("BOUND", "0.01").replace("[0.25, 0.625]", "[0.00005, 1]"), "utf-8")
    statement = load_statement(path, load_model(EXAMPLES / "logistic.onnx"), "")
    prepared = prepare(joined(statement.graph))
    found = audit_network(prepared, statement.property, Method.CROWN, silent)
    assert (found.verdict, found.tolerant) == (Verdict.HOLDS, Verdict.UNDECIDED)
