"""What is not decided is said to be unknown, with the reason, and is neither proved nor refuted.

A file in `undecided/` tells its story and defines `RULE` and `UNDECIDED`, the obligation that is
not decided at the default limits. Decided one day, it moves elsewhere.
"""

import json
import runpy
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from refsem.cli.rules import rules
from refsem.obligations.discharge import AUDIT_LIMITS, DEFAULT_LIMITS, Limits, discharge
from refsem.obligations.generation import rule_obligations
from refsem.obligations.obligation import Obligation, Record, Unknown
from refsem.rules import Rule

FILES = sorted((Path(__file__).parent / "undecided").glob("*.py"))
each = pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)


def undecided(path: Path) -> Obligation:
    values = runpy.run_path(str(path))
    rule: Rule = values["RULE"]
    (found,) = (one for one in rule_obligations(rule) if one.id == values["UNDECIDED"])
    return found


def test_there_is_something_undecided() -> None:
    assert FILES


@each
def test_it_is_unknown_and_a_surprise_with_few_resources(path: Path) -> None:
    obligation = undecided(path)
    outcome = discharge(obligation, replace(DEFAULT_LIMITS, resources=200_000))
    assert isinstance(outcome, Unknown)
    assert "resource limit" in outcome.reason
    assert Record(obligation, outcome).surprising


@pytest.mark.nightly
@each
@pytest.mark.parametrize("limits", [DEFAULT_LIMITS, AUDIT_LIMITS], ids=["default", "audit"])
def test_it_is_unknown_at_the_limits_of_a_run(path: Path, limits: Limits) -> None:
    assert isinstance(discharge(undecided(path), limits), Unknown)


@pytest.mark.nightly
@each
def test_an_audit_says_that_it_does_not_know(path: Path) -> None:
    result = CliRunner().invoke(rules, [str(path), "--audit", "--json"], standalone_mode=False)
    assert result.return_value == 2
    records = {one["id"]: one for one in json.loads(result.stdout)["obligations"]}
    assert records[undecided(path).id]["outcome"] == "unknown"
