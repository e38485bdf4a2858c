"""`refsem show` and `refsem rules`: the table and the object say the same, statuses as stated."""

import json
from pathlib import Path

from command_line import Command, Files

from refsem.rules import CATALOGUE, EXECUTED

EXAMPLES = Path(__file__).parents[2] / "examples"

WRONG_RULE = '''"""A rule that is wrong."""
from refsem.ir.terms import variables
from refsem.rules import Claim, Derived, Outward, Rule, Side

l, u, x, lo = variables("l u x lo")
RULE = Rule(
    name="halved",
    operator=None,
    given=(l, u),
    chosen=(),
    derived=(Derived("lo", (l + u) / 2, Outward.DOWN),),
    point=(x,),
    sides=(Side("lower_end", l <= x, because="box"), Side("upper_end", x <= u, because="box")),
    claims=(Claim("lower", lo <= x),),
    because="it does not",
    source="a test",
)
'''


def test_show_lists_every_tensor(refsem: Command, files: Files) -> None:
    run = refsem("show", files.model)
    assert (run.status, run.err) == (0, "")
    for name in ("x (input)", "hidden_1", "relu_1", "y (output)"):
        assert name in run.out


def test_show_writes_a_graph_that_is_shown_alike(refsem: Command, files: Files) -> None:
    path = files.folder / "graph.json"
    shown = refsem("show", files.model, "--json", "--write", path)
    assert refsem("show", path, "--json").out == shown.out
    run = refsem("show", files.model, "--write", files.folder / "absent" / "graph.json")
    assert run.status == 3
    assert "cannot be written" in run.err


def test_show_as_json(refsem: Command, files: Files) -> None:
    found = json.loads(refsem("show", files.model, "--json").out)
    assert (found["inputs"], found["outputs"]) == (["x"], ["y"])
    nodes = {node["name"]: node for node in found["nodes"]}
    assert nodes["relu_1"]["operands"] == ["hidden_1"]
    assert nodes["hidden_1"]["shape"] == [1, 2]
    assert set(nodes["y"]) == {"name", "op", "operands", "attributes", "shape"}


def test_the_catalogue_is_listed(refsem: Command) -> None:
    run = refsem("rules")
    assert (run.status, run.err) == (0, "")
    for rule in (*CATALOGUE, *EXECUTED):
        assert f"\n{rule.name}" in f"\n{run.out}"
        assert f"  source: {rule.source}\n" in run.out
        for side in rule.sides:
            assert f"({side.name}: {side.because})\n" in run.out
    assert " by z3" not in run.out
    found = json.loads(refsem("rules", "--json").out)
    assert set(found) == {"rules", "obligations", "advice"}
    assert [rule["name"] for rule in found["rules"]] == [
        rule.name for rule in (*CATALOGUE, *EXECUTED)
    ]
    assert {"name", "operator", "sides", "source"} <= set(found["rules"][0])
    assert found["obligations"] == []
    words = {one["word"] for rule in found["rules"] for one in rule["obligations"]}
    assert words <= {"a point", "algebra", "its statement"}


def test_one_rule_in_every_reading(refsem: Command) -> None:
    run = refsem("rules", "relu_interval")
    assert (run.status, run.err) == (0, "")
    for part in (
        "statement",
        "exact and outward in binary32",
        "SMT-LIB",
        "(assert",
        "source:",
        "Lean, ",
        "theorem relu_interval_lower_sound",
    ):
        assert part in run.out
    assert "relu_interval/sound/lower: to be proved, by algebra" in run.out
    assert "relu_interval/needed/lower_end: to be refuted, by a point" in run.out


def test_whose_word_is_said_of_a_rule_without_stored_proofs(
    refsem: Command, tmp_path: Path
) -> None:
    path = tmp_path / "wrong.py"
    path.write_text(WRONG_RULE)
    assert "halved/sound/lower: to be proved, by z3" in refsem("rules", path).out


def test_a_sound_rule_is_audited_without_surprise(refsem: Command) -> None:
    run = refsem("rules", "relu_interval", "--audit")
    assert run.status == 0
    assert "0 surprising" in run.out
    found = json.loads(refsem("rules", "relu_interval", "--audit", "--json").out)
    assert found["obligations"]
    for obligation in found["obligations"]:
        assert set(obligation) == {"id", "expected", "outcome", "by", "evidence", "relying_on"}
        assert obligation["expected"] in (obligation["outcome"], "either")


def test_the_audit_of_one_rule_says_what_rounding_to_nearest_does(refsem: Command) -> None:
    run = refsem("rules", "scale_interval", "--audit")
    assert run.status == 0
    text = " ".join(run.out.split())
    assert "max(c * l, c * u)" not in text
    assert "c * x <= hi fails at" in text
    assert "hi + (1 * unit * max(abs(c) * abs(l), abs(c) * abs(u)) + 1 * least)" in text
    found = json.loads(refsem("rules", "scale_interval", "--audit", "--json").out)
    objects = {one["id"]: one for one in found["obligations"]}
    broken = objects["scale_interval/nearest/upper"]
    assert (broken["expected"], broken["outcome"]) == ("either", "refuted")
    assert broken["evidence"]["bits"]["hi"].startswith("b32:")
    slack = objects["scale_interval/nearest/upper/slack"]
    assert (slack["outcome"], slack["by"]) == ("proved", "instance")
    assert "scale_interval/weaken/hi" in slack["relying_on"]
    assert "product_error/sound/error" in slack["relying_on"]


def test_a_wrong_rule_of_a_file_is_refuted_with_a_point(refsem: Command, tmp_path: Path) -> None:
    path = tmp_path / "wrong.py"
    path.write_text(WRONG_RULE)
    run = refsem("rules", f"{path}:halved", "--audit")
    assert run.status == 1
    assert "executed: rule files are trusted Python" in run.err
    assert run.err.count("\n") == 1
    assert "fails at" in " ".join(run.out.split())
    found = json.loads(refsem("rules", path, "--audit", "--json").out)
    outcomes = {o["id"]: o["outcome"] for o in found["obligations"]}
    assert outcomes["halved/sound/lower"] == "refuted"


def test_a_repair_and_a_redundant_side_are_advised(refsem: Command, tmp_path: Path) -> None:
    path = tmp_path / "leak.py"
    path.write_text((EXAMPLES / "leaky_rule.py").read_text())
    run = refsem("rules", path, "--audit")
    assert run.status == 1
    assert "leaky_lower: with a <= 1 it would be right, proved by algebra\n" in run.out
    found = json.loads(refsem("rules", path, "--audit", "--json").out)
    repair = {"kind": "repair", "rule": "leaky_lower", "sides": ["a <= 1"], "by": ["algebra"]}
    assert found["advice"] == [repair]
    path.write_text(path.read_text().replace("sides=(", 'sides=(Side("most", a <= 1, because=""),'))
    run = refsem("rules", path, "--audit")
    assert run.status == 1
    assert "leaky_lower: side nonnegative (0 <= a) is redundant, proved by algebra" in run.out
    (advice,) = json.loads(refsem("rules", path, "--audit", "--json").out)["advice"]
    assert advice == {
        "kind": "redundant",
        "rule": "leaky_lower",
        "sides": ["nonnegative"],
        "by": ["algebra"],
    }


def test_an_unknown_rule_of_a_file_is_refused(refsem: Command, tmp_path: Path) -> None:
    path = tmp_path / "wrong.py"
    path.write_text(WRONG_RULE)
    run = refsem("rules", f"{path}:other")
    assert (run.status, run.out) == (3, "")
    assert run.err.splitlines()[-1].endswith("other: there is no such rule; there are halved")


# refsem lean


def test_a_ledger_becomes_a_lean_project(refsem: Command, files: Files) -> None:
    ledger = files.folder / "ledger.jsonl"
    refsem("audit", files.model, files.properties["holds"], "--ledger", ledger)
    run = refsem("lean", files.folder / "out", "--ledger", ledger, "--json")
    assert run.status == 0
    found = json.loads(run.out)
    assert found["closed"] == found["theorems"] > 20
    assert "Lean is expected to take about" in run.err
    text = (files.folder / "out" / "Refsem" / "Run" / "Region1.lean").read_text("utf-8")
    assert "theorem output_bounds" in text


def test_a_file_that_is_no_ledger_is_refused(refsem: Command, files: Files) -> None:
    run = refsem("lean", files.folder / "out", "--ledger", files.model)
    assert (run.status, run.out) == (3, "")
    assert not (files.folder / "out").exists()


def test_an_unchecked_target_says_so_and_is_not_checked(refsem: Command, files: Files) -> None:
    for target in ("mathlib", "torchlean"):
        run = refsem("lean", files.folder / "out", "--target", target, "--check")
        assert (run.status, run.out) == (3, "")
        assert "cannot be checked here" in run.err
        assert not (files.folder / "out").exists()
    run = refsem("lean", files.folder / "out", "--target", "mathlib")
    assert run.status == 0
    assert "unchecked" in run.err
