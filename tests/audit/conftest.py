"""The obligations of a rule do not depend on the network: discharged once for all audits here."""

import functools

import pytest

from refsem.audit import records
from refsem.obligations.discharge import audit_rule

AUDIT_RULE = functools.cache(audit_rule)


@pytest.fixture(autouse=True)
def rules_are_audited_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(records, "audit_rule", AUDIT_RULE)
