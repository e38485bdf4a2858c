"""Proof obligations: generated from rules, put to sampling and z3, recorded with their evidence."""

from refsem.obligations.obligation import (
    Obligation,
    Outcome,
    Proved,
    Record,
    Refuted,
    Stated,
    Unknown,
)

__all__ = ["Obligation", "Outcome", "Proved", "Record", "Refuted", "Stated", "Unknown"]
