"""Every rule in `regressions/` has the outcomes its story ends with."""

import runpy
from pathlib import Path

import pytest

from refsem.obligations.discharge import DEFAULT_LIMITS, audit_rule
from refsem.obligations.obligation import outcome_name
from refsem.rules.loading import load_rules

FILES = sorted((Path(__file__).parent / "regressions").glob("*.py"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_what_was_once_judged_wrongly_has_the_outcomes_of_its_story(path: Path) -> None:
    values = runpy.run_path(str(path))
    (rule,) = load_rules(path)
    assert rule.name == path.stem
    assert values["__doc__"].strip()
    outcomes = {
        record.obligation.id.removeprefix(f"{rule.name}/"): outcome_name(record.outcome)
        for record in audit_rule(rule, DEFAULT_LIMITS)
    }
    assert values["OUTCOMES"].items() <= outcomes.items()


def test_there_are_regressions() -> None:
    assert len(FILES) >= 3
