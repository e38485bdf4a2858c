"""The search for algebraic proofs: untrusted, deterministic, and bounded by what it may spend.

What it returns has passed no check; `store` puts every proof to the checker before keeping it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from refsem.ir.terms import Relation
from refsem.obligations.algebra.proof import AlgebraicProof
from refsem.obligations.algebra.search.leaves import Budget, OutOfBudget
from refsem.obligations.algebra.search.pruning import pruned
from refsem.obligations.algebra.search.scene import opening
from refsem.obligations.algebra.search.steps import Step, wrapped
from refsem.obligations.algebra.search.tree import searched, with_lemma
from refsem.obligations.obligation import Obligation

MONOMIALS = 10_000_000
"""Monomials of products of facts that one search may write out: a few minutes at the worst."""


@dataclass(frozen=True, slots=True)
class NotFound:
    """No proof was found, which says nothing about the obligation."""

    reason: str


def find_proof(
    obligation: Obligation, monomials: int, lemmas: Sequence[Relation] = ()
) -> AlgebraicProof | NotFound:
    """A proof of the obligation, within that many monomials.

    Lemmas are relations worth proving first, from the premises; one that is not proved is not used.
    """
    budget = Budget(monomials)
    scene, steps = opening(obligation), list[Step]()
    try:
        for index, relation in enumerate(lemmas):
            scene, more = with_lemma(scene, index, relation, budget)
            steps.extend(more)
        found = searched(scene, budget)
    except OutOfBudget:
        return NotFound(f"nothing found within {monomials} monomials")
    if found is None:
        return NotFound("nothing found at any level")
    return AlgebraicProof(pruned(wrapped(steps, found)))
