"""What the audits of this folder share: the obligations of a rule are discharged once, not anew
for every network, since they do not depend on it."""

import functools

import pytest

from refsem.audit import network

AUDIT_RULE = functools.cache(network.audit_rule)


@pytest.fixture(autouse=True)
def rules_are_audited_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(network, "audit_rule", AUDIT_RULE)
