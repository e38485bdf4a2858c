"""Theorems: a statement, what is announced of its proof, and why it is claimed.

`closed` means that a proof is printed that uses nothing but core Lean and the prelude; that Lean
accepts it is for `lean_export.checker` to find out. `relative` means the same of a theorem about
named functions: they are any functions of which its hypotheses, cited facts among them, are true.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

from lean_export.proofs import Proof, Stub, proof
from lean_export.statements import Statement, has_theorem, statement
from refsem.obligations.generation import rule_obligations
from refsem.rules import Rule


class Status(Enum):
    """What is announced of a theorem."""

    CLOSED = "closed"
    RELATIVE = "relative"
    STUB = "stub"


@dataclass(frozen=True, slots=True)
class Theorem:
    """One theorem to be written."""

    rule: Rule
    statement: Statement
    proof: Proof | Stub

    @property
    def status(self) -> Status:
        """What is announced."""
        match self.proof:
            case Proof():
                return Status.RELATIVE if self.statement.functions else Status.CLOSED
            case Stub():
                return Status.STUB

    @property
    def meaning(self) -> str:
        """The obligation in a sentence, for the doc comment."""
        rule, kind, *rest = self.statement.obligation.id.split("/")
        what = " ".join(rest)
        sentences = {
            "inhabited": f"`{rule}`: the sides are met somewhere.",
            "defined": f"`{rule}`: no division by zero ({what}).",
            "sound": f"`{rule}`, {what}: {self.rule.because}.",
            "weaken": f"`{rule}`, {what}: what is derived may be moved outward.",
            "cited": f"`{rule}`: a cited fact applies ({what}).",
            "needed": f"`{rule}` is wrong or undefined without `{what}`.",
        }
        return sentences[kind]


def rule_theorems(rules: Iterable[Rule]) -> tuple[Theorem, ...]:
    """The theorems of some rules, in the order of rules and obligations."""
    found = []
    for rule in rules:
        obligations = tuple(filter(has_theorem, rule_obligations(rule)))
        for obligation in obligations:
            stated = statement(obligation)
            found.append(Theorem(rule, stated, proof(stated, obligations)))
    return tuple(found)
