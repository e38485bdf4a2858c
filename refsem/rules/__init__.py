"""Bound rules as data, their lifts to tensors, propagation (untrusted) and replay (trusted)."""

from refsem.rules.catalogue import BY_NAME, CATALOGUE, EXECUTED
from refsem.rules.rule import Claim, Derived, Outward, Rule, RuleError, Side

__all__ = [
    "BY_NAME",
    "CATALOGUE",
    "EXECUTED",
    "Claim",
    "Derived",
    "Outward",
    "Rule",
    "RuleError",
    "Side",
]
