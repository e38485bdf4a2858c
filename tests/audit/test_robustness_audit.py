"""Robustness, example by example: verdicts, exact margins, counts, executions, the report."""

import io
import json
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import builders
import numpy as np
import pytest
from gmpy2 import mpq
from onnx import helper
from plain_network import PlainNetwork
from rich.console import Console

from refsem.audit.executed_witness import ExecutedWitness, executed_witness
from refsem.audit.findings import NetworkAudit, Verdict, Witness
from refsem.audit.network import Budget, audit_network, silent
from refsem.audit.report import Said, print_report
from refsem.audit.robustness import Counts, ExampleReport, example_reports
from refsem.audit.robustness_report import robustness_object, robustness_parts
from refsem.cli import main
from refsem.ir import load_model
from refsem.ir.evaluation import prepare
from refsem.properties.stated import load_statement
from refsem.rules.propagation import Method
from refsem.rules.trace import Ball, Norm

HEAD = 'format = "refsem.property.v1"\nkind = "robustness"\n'


def write(path: Path, radius: str, examples: list[tuple[int, list[str]]], more: str = "") -> Path:
    lines = [HEAD + f'norm = "inf"\nradius = "{radius}"\n{more}']
    for label, values in examples:
        numbers = ", ".join(f'"{value}"' for value in values)
        lines.append(f"[[examples]]\nlabel = {label}\ninput = [{numbers}]")
    path.write_text("\n".join(lines), "utf-8")
    return path


def judged(
    model: Path, path: Path, method: Method = Method.CROWN
) -> tuple[NetworkAudit, tuple[ExampleReport, ...]]:
    statement = load_statement(path, load_model(model), "")
    audit = audit_network(prepare(statement.graph), statement.property, method, silent)
    return audit, example_reports(statement, audit)


def least_difference(outputs: list[Fraction], label: int) -> Fraction:
    return min(outputs[label] - other for i, other in enumerate(outputs) if i != label)


@pytest.mark.parametrize("seed", range(4))
def test_no_certified_example_is_refuted_by_sampling(tmp_path: Path, seed: int) -> None:
    layers = builders.random_layers((3, 6, 5, 3), seed=seed, kind="integer")
    model = builders.sequential(tmp_path / "m.onnx", layers)
    plain, source = PlainNetwork.read(model), np.random.default_rng(seed)
    examples = [
        (int(label), [str(Fraction(int(number), 5)) for number in row])
        for label, row in zip(
            source.integers(0, 3, 12), source.integers(-9, 10, (12, 3)), strict=True
        )
    ]
    radius = Fraction(1, 20)
    path = write(tmp_path / "p.toml", str(radius), examples)
    _, reports = judged(model, path)
    for report, (label, values) in zip(reports, examples, strict=True):
        centre = [Fraction(value) for value in values]
        nominal = least_difference(plain.values({"x": centre})["y"], label)
        assert report.nominal == (nominal, nominal)
        assert report.right is (nominal > 0)
        assert report.margin <= nominal
        steps = [[int(s) * radius for s in row] for row in source.integers(-1, 2, (40, 3))]
        for step in steps:
            point = [c + s for c, s in zip(centre, step, strict=True)]
            found = least_difference(plain.values({"x": point})["y"], label)
            assert report.margin <= found
            assert found > 0 or report.verdict is not Verdict.HOLDS
        if report.witness is not None:
            at = [Fraction(str(value)) for value in report.witness.inputs]
            assert all(abs(a - c) <= radius for a, c in zip(at, centre, strict=True))
            assert least_difference(plain.values({"x": at})["y"], label) <= 0
        assert (report.verdict is Verdict.VIOLATED) == (report.witness is not None)
    verdicts = {report.verdict for report in reports}
    assert verdicts & {Verdict.HOLDS, Verdict.VIOLATED}
    found = Counts.of(reports)
    assert found.wrong == sum(report.right is False for report in reports)
    assert found.examples == found.wrong + found.certified + found.refuted + found.undecided


def test_the_margin_of_a_linear_classifier_is_exact(tmp_path: Path) -> None:
    model = builders.sequential(tmp_path / "m.onnx", [builders.layer([[1, -1]], [0, 0])])
    path = write(tmp_path / "p.toml", "1/3", [(0, ["1/2"]), (0, ["1/3"]), (1, ["1/2"])])
    _, (inside, tie, wrong) = judged(model, path)
    assert (inside.verdict, inside.margin, inside.nominal[0]) == (Verdict.HOLDS, mpq(1, 3), 1)
    # the margin reaches 0 at an end of the ball: a tie, which counts against robustness
    assert (tie.verdict, tie.margin, tie.right) == (Verdict.VIOLATED, 0, True)
    assert (wrong.verdict, wrong.right) == (Verdict.VIOLATED, False)
    assert Counts.of((inside, tie, wrong)) == Counts(3, 1, 1, 1, 0)


def test_the_margin_as_it_stands_is_exact_where_bounds_are_enclosures(tmp_path: Path) -> None:
    nodes = [helper.make_node("Reciprocal", ["x"], ["y"], "node")]
    model = builders.save(tmp_path / "m.onnx", nodes, {}, {"x": [1, 2]}, {"y": [1, 2]})
    path = write(tmp_path / "p.toml", "1/8", [(0, ["3", "-7"])])
    _, (one,) = judged(model, path)
    assert one.nominal == (mpq(10, 21), mpq(10, 21))
    assert one.verdict is Verdict.HOLDS


def test_how_an_example_is_classified_is_unknown_where_enclosures_do_not_tell(
    tmp_path: Path,
) -> None:
    """Two outputs are tanh of one number: a tie, of which enclosures do not know."""
    nodes = [helper.make_node("Tanh", ["x"], [name], name) for name in ("a", "b")]
    nodes.append(helper.make_node("Concat", ["a", "b"], ["y"], "both", axis=1))
    model = builders.save(tmp_path / "m.onnx", nodes, {}, {"x": [1, 1]}, {"y": [1, 2]})
    _, (one,) = judged(model, write(tmp_path / "p.toml", "0", [(0, ["1"])]))
    assert one.nominal[0] < 0 < one.nominal[1]
    assert one.right is None
    assert one.verdict is Verdict.UNDECIDED
    assert Counts.of((one,)) == Counts(1, 0, 0, 0, 1)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("norm", ["L1", "L2"])
@pytest.mark.parametrize("power", [400, 300, 120, -300, -400])
def test_balls_beyond_all_floats_are_judged(tmp_path: Path, norm: str, power: int) -> None:
    """y = (x0 + x1 + 3/2, relu(x0)): 0 at (-3/4, -3/4) and below it on and on."""
    layers = [builders.layer([[1, 1], [1, 0]], [1.5, 0]), builders.layer([[1, 0], [0, 1]], [0, 0])]
    model = builders.sequential(tmp_path / "m.onnx", layers)
    path = write(tmp_path / "p.toml", f"1e{power}", [(0, ["0", "0"])])
    path.write_text(path.read_text("utf-8").replace('"inf"', f'"{norm}"'), "utf-8")
    _, (report,) = judged(model, path)
    assert report.verdict is (Verdict.VIOLATED if power > 0 else Verdict.HOLDS)
    assert (report.witness is not None) == (power > 0)


def test_bounds_of_each_output_by_itself_show_less(tmp_path: Path) -> None:
    """y = (x + 1, x): the difference is 1 everywhere, but for a radius above 1/2 ends overlap."""
    model = builders.sequential(tmp_path / "m.onnx", [builders.layer([[1, 1]], [1, 0])])
    for radius, separated in (("0.49", True), ("1/2", False)):
        _, (report,) = judged(model, write(tmp_path / "p.toml", radius, [(0, ["3"])]))
        assert (report.verdict, report.margin) == (Verdict.HOLDS, 1)
        assert report.separated is separated


def test_the_same_input_with_two_labels_is_two_examples(tmp_path: Path) -> None:
    model = builders.sequential(tmp_path / "m.onnx", [builders.layer([[1, -1]], [0, 0])])
    path = write(tmp_path / "p.toml", "1/10", [(0, ["1"]), (1, ["1"])])
    audit, (first, second) = judged(model, path)
    assert len(audit.regions) == 1
    assert (first.verdict, second.verdict) == (Verdict.HOLDS, Verdict.VIOLATED)
    assert (first.margin, second.margin) == (mpq(9, 5), mpq(-11, 5))


def absorbing(path: Path) -> Path:
    """y = (relu(x + 2^24) - 2^24, 1/2): in binary32 an x of 1 is absorbed on the way."""
    big = 2.0**24
    layers = [builders.layer([[1]], [big]), builders.layer([[1, 0]], [-big, 0.5])]
    return builders.sequential(path, layers)


def test_where_the_executed_network_differs_is_said(tmp_path: Path) -> None:
    path = write(tmp_path / "p.toml", "1/4", [(0, ["1"]), (0, ["2"])])
    _, (absorbed, kept) = judged(absorbing(tmp_path / "m.onnx"), path)
    assert (absorbed.verdict, absorbed.right, absorbed.margin) == (Verdict.HOLDS, True, mpq(1, 4))
    assert absorbed.executed.nominal is False
    assert (kept.right, kept.executed.nominal, kept.executed.refusal) == (True, True, "")
    assert "1 of 2 examples differ" in shown((absorbed, kept))


def test_networks_that_are_not_executed_are_judged_all_the_same(tmp_path: Path) -> None:
    from onnx import helper  # noqa: PLC0415

    constants: dict[str, object] = {}
    nodes = [
        helper.make_node("Softplus", ["x"], ["s"]),
        *builders.affine_nodes("Gemm", builders.layer([[1, -1]], [0, 0]), "s", "y", constants),
    ]
    model = builders.save(tmp_path / "m.onnx", nodes, constants, {"x": [1, 1]}, {"y": [1, 2]})
    path = write(tmp_path / "p.toml", "1/4", [(0, ["1"]), (1, ["1"])])
    _, (certified, wrong) = judged(model, path)
    assert (certified.verdict, certified.right) == (Verdict.HOLDS, True)
    below, above = certified.nominal
    assert 0 < certified.margin < below <= above < below + mpq(1, 1000)
    assert (wrong.verdict, wrong.right) == (Verdict.VIOLATED, False)
    assert "softplus" in certified.executed.refusal
    assert "not executed" in shown((certified, wrong))


def shown(reports: tuple[ExampleReport, ...]) -> str:
    console = Console(file=io.StringIO(), width=200)
    for part in robustness_parts(reports):
        console.print(part)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_many_examples_are_a_line_a_class(tmp_path: Path) -> None:
    model = builders.sequential(tmp_path / "m.onnx", [builders.layer([[1, -1]], [0, 0])])
    few = [(0, ["1"]), (1, ["1"])]
    assert len(shown(judged(model, write(tmp_path / "p.toml", "1/3", few))[1]).splitlines()) == 7
    many = [(number % 2, [f"{number + 1}/7"]) for number in range(60)]
    audit, reports = judged(model, write(tmp_path / "p.toml", "1/3", many))
    lines = shown(reports).splitlines()
    assert len(lines) == 7
    assert lines[0] == (
        "60 examples: 29 certified, 1 refuted, 0 undecided; 30 misclassified as they stand"
    )
    console = Console(file=io.StringIO(), width=100)
    print_report(console, "t", audit, None, ["1 s"], Said((), ("a fact",), ()))
    assert isinstance(console.file, io.StringIO)
    assert "rests on: a fact" in console.file.getvalue()


def test_margins_are_shown_rounded_down(tmp_path: Path) -> None:
    """A margin of 5/3 is at least 1.666, not 1.667: of an example, and of a class."""
    model = builders.sequential(tmp_path / "m.onnx", [builders.layer([[1, -1]], [0, 0])])
    for count in (1, 30):
        path = write(tmp_path / "p.toml", "1/6", [(0, ["1"])] * count)
        _, reports = judged(model, path)
        assert {one.margin for one in reports} == {mpq(5, 3)}
        assert shown(reports).splitlines()[3].split()[-1] == "1.666"


def bent(path: Path) -> Path:
    """y = (|x| + 1/64, 0), robust everywhere."""
    layers = [builders.layer([[1, -1]], [0, 0]), builders.layer([[1, 0], [1, 0]], [0.015625, 0])]
    return builders.sequential(path, layers)


def test_a_margin_that_a_split_tree_shows_is_no_number(tmp_path: Path) -> None:
    """y = (relu(x) - relu(x) + 1/64, 0): bounds give less than 0 where the ReLU bends."""
    layers = [builders.layer([[1, 1]], [0, 0]), builders.layer([[1, 0], [-1, 0]], [0.015625, 0])]
    model = builders.sequential(tmp_path / "m.onnx", layers)
    examples = [(0, ["1/4"]), *((0, [str(8 + i)]) for i in range(21))]
    statement = load_statement(write(tmp_path / "p.toml", "1", examples), load_model(model), "")
    budget = Budget(60.0, lambda *_: None, everywhere=False)
    prepared = prepare(statement.graph)
    audit = audit_network(prepared, statement.property, Method.CROWN, silent, budget)
    reports = example_reports(statement, audit)
    assert {one.verdict for one in reports} == {Verdict.HOLDS}
    assert [one.margin > 0 for one in reports] == [False] + [True] * 21
    row = shown(reports).splitlines()[3].split()
    assert row == ["0", "22", "22", "0", "0", "0", ">", "0"]


def test_what_bounds_of_outputs_separate_is_certified(tmp_path: Path) -> None:
    """y = (|x| + 1/64, 0) around 1/4: lines below both ReLUs give less than intervals do."""
    model = bent(tmp_path / "m.onnx")
    path = write(tmp_path / "p.toml", "1", [(0, ["1/4"])])
    _, (report,) = judged(model, path)
    assert report.separated
    assert (report.verdict, report.margin) == (Verdict.HOLDS, mpq(1, 64))


def test_the_object_has_counts_and_every_example(tmp_path: Path) -> None:
    model = builders.sequential(tmp_path / "m.onnx", [builders.layer([[1, -1]], [0, 0])])
    _, reports = judged(model, write(tmp_path / "p.toml", "1/3", [(0, ["1/2"]), (0, ["1/4"])]))
    found = json.loads(json.dumps(robustness_object(reports)))
    each = found.pop("each")
    assert found.pop("execution")
    assert found == {
        "examples": 2,
        "misclassified": 0,
        "certified": 1,
        "refuted": 1,
        "undecided": 0,
        "verified_accuracy": "1/2",
        "separated": 1,
    }
    assert each[0] == {
        "example": 0,
        "label": 0,
        "verdict": "certified",
        "nominal": "right",
        "nominal_margin": {"lower": "1", "upper": "1"},
        "margin": "1/3",
        "cases": [0, 1],
        "binary32": {"nominal": "right"},
    }
    assert each[1]["witness"]["case"] == 1
    assert each[1]["binary32"] == {"nominal": "right", "witness": "wrong"}


def test_the_command_names_the_case_and_gives_outputs_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    layers = [builders.layer([[1, -1, 0]], [0, 0, -9])]
    model = builders.sequential(tmp_path / "m.onnx", layers)
    path = write(tmp_path / "p.toml", "1/3", [(0, ["1/2"]), (0, ["1/4"])])
    assert main(["audit", str(model), str(path)]) == 1
    assert "counterexample to example 1: 0 against 1, evaluated" in capsys.readouterr().out
    assert main(["audit", str(model), str(path), "--json"]) == 1
    found = json.loads(capsys.readouterr().out)
    assert found["robustness"]["certified"] == 1
    assert [output["case"] for output in found["outputs"]] == [0] * 3 + [2] * 3


@pytest.mark.parametrize("norm", ["L1", "L2"])
@pytest.mark.parametrize("seed", range(3))
def test_balls_are_judged_as_balls(tmp_path: Path, norm: str, seed: int) -> None:
    layers = builders.random_layers((3, 6, 5, 3), seed=seed, kind="integer")
    model = builders.sequential(tmp_path / "m.onnx", layers)
    plain, source = PlainNetwork.read(model), np.random.default_rng(seed)
    centres = [[Fraction(int(n), 5) for n in row] for row in source.integers(-4, 5, (10, 3))]
    labels = []
    for centre in centres:
        outputs = plain.values({"x": centre})["y"]
        labels.append(outputs.index(max(outputs)))
    examples = [
        (label, [str(value) for value in centre])
        for label, centre in zip(labels, centres, strict=True)
    ]
    radius = Fraction(1, 6)
    path = write(tmp_path / "p.toml", str(radius), examples, "clip = [-0.81, 0.81]\n")
    path.write_text(path.read_text("utf-8").replace('"inf"', f'"{norm}"'), "utf-8")
    _, reports = judged(model, path)
    box = write(tmp_path / "b.toml", str(radius), examples, "clip = [-0.81, 0.81]\n")
    around = judged(model, box)[1]
    for report, outer, centre in zip(reports, around, centres, strict=True):
        assert report.margin >= outer.margin
        for step in source.integers(-6, 7, (60, 3)):
            moved = [Fraction(int(s), 36) for s in step]
            used = sum(abs(s) if norm == "L1" else s * s for s in moved)
            if used <= (radius if norm == "L1" else radius * radius):
                at = [max(min(c + s, Fraction("0.81")), Fraction("-0.81"))
                      for c, s in zip(centre, moved, strict=True)]  # fmt: skip
                found = least_difference(plain.values({"x": at})["y"], report.point.label)
                assert report.margin <= found
        if report.witness is not None:
            at = [Fraction(str(value)) for value in report.witness.inputs]
            steps = [a - c for a, c in zip(at, centre, strict=True)]
            used = sum(abs(s) if norm == "L1" else s * s for s in steps)
            assert used <= (radius if norm == "L1" else radius * radius)
            assert all(abs(a) <= Fraction("0.81") for a in at)
            assert least_difference(plain.values({"x": at})["y"], report.point.label) <= 0
    assert any(r.margin > o.margin for r, o in zip(reports, around, strict=True))


def test_a_linear_classifier_is_decided_up_to_the_dual_norm(tmp_path: Path) -> None:
    """The label's output is ahead by 6x + 8y: 10 times the radius in L2, 8 times in L1."""
    model = builders.sequential(tmp_path / "m.onnx", [builders.layer([[6, 0], [8, 0]], [0, 0])])
    at = (0, ["1/2", "1/4"])  # ahead by 5
    for norm, certified, refuted in (("L2", "0.4999999", "0.500001"), ("L1", "0.6249", "0.6251")):
        for radius, verdict in ((certified, Verdict.HOLDS), (refuted, Verdict.VIOLATED)):
            path = write(tmp_path / "p.toml", radius, [at])
            path.write_text(path.read_text("utf-8").replace('"inf"', f'"{norm}"'), "utf-8")
            _, (report,) = judged(model, path)
            assert report.verdict is verdict


def test_branching_in_a_ball_certifies_more(tmp_path: Path) -> None:
    layers = builders.random_layers((3, 6, 5, 3), seed=2, kind="integer")
    model = builders.sequential(tmp_path / "m.onnx", layers)
    plain = PlainNetwork.read(model)
    source, examples = np.random.default_rng(8), []
    for row in source.integers(-9, 10, (10, 3)):
        centre = [Fraction(int(n), 5) for n in row]
        outputs = plain.values({"x": centre})["y"]
        examples.append((outputs.index(max(outputs)), [str(value) for value in centre]))
    path = write(tmp_path / "p.toml", "2/5", examples)
    path.write_text(path.read_text("utf-8").replace('"inf"', '"L2"'), "utf-8")
    statement = load_statement(path, load_model(model), "")
    prepared = prepare(statement.graph)
    bare = audit_network(prepared, statement.property, Method.CROWN, silent)
    budget = Budget(60.0, lambda *_: None, everywhere=False)
    branched = audit_network(prepared, statement.property, Method.CROWN, silent, budget)
    before, after = (Counts.of(example_reports(statement, one)) for one in (bare, branched))
    assert before.undecided > 0
    assert after.certified > before.certified


@pytest.mark.parametrize(("radius", "inside"), [(mpq(2, 15), False), (mpq(1), True)])
def test_an_executed_counterexample_outside_the_ball_is_said_to_be(
    tmp_path: Path, radius: mpq, inside: bool
) -> None:
    """Rounding moves 1/3 away from the centre 1/5, within the box and beyond the smaller ball."""
    model = builders.sequential(tmp_path / "m.onnx", [builders.layer([[1, 1]], [0, 0])])
    audit, _ = judged(model, write(tmp_path / "p.toml", "1", [(0, ["1/5"])]))
    (region,) = audit.regions
    ((number, case),) = region.claims.cases
    ball = Ball(Norm.L1, (mpq(1, 5),), radius)
    claims = replace(region.claims, cases=((number, replace(case, ball=ball)),))
    witness = Witness(number, (mpq(1, 3),), (mpq(1, 3), mpq(1, 3)), mpq(0))
    moved = replace(region, claims=claims, witnesses={number: witness})
    found = executed_witness(replace(audit, regions=(moved,)))
    assert isinstance(found, ExecutedWitness)
    assert found.inside is inside


def test_files_that_know_boxes_only_are_refused_for_balls(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = builders.sequential(tmp_path / "m.onnx", [builders.layer([[1, -1]], [0, 0])])
    path = write(tmp_path / "p.toml", "1/3", [(0, ["1/2"])])
    path.write_text(path.read_text("utf-8").replace('"inf"', '"L1"'), "utf-8")
    for option in ("--bounds", "--write-certificate"):
        assert main(["audit", str(model), str(path), option, str(tmp_path / "f.json")]) == 3
        assert "are no boxes" in capsys.readouterr().err


def test_the_ledger_of_a_ball_speaks_of_the_ball(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = builders.sequential(tmp_path / "m.onnx", [builders.layer([[1, -1]], [2, 0])])
    path = write(tmp_path / "p.toml", "1/10", [(0, ["1"])])
    for norm, where in (("inf", "throughout the box"), ("L2", "throughout the box and its ball")):
        path.write_text(path.read_text("utf-8").replace('"inf"', f'"{norm}"'), "utf-8")
        ledger = tmp_path / f"{norm}.ledger"
        assert main(["audit", str(model), str(path), "--ledger", str(ledger)]) == 0
        assert f'{where}"' in ledger.read_text("utf-8")
    capsys.readouterr()
    command = ["lean", str(tmp_path / "lean"), "--ledger", str(tmp_path / "L2.ledger")]
    assert main(command) == 3
    said = capsys.readouterr().err
    assert "regions with balls have no place in it" in said
    assert "again" not in said
