"""The search for algebraic proofs: untrusted, deterministic, and bounded by what it may spend.

What it returns has passed no check; `store` puts every proof to the checker before keeping it.
"""

from dataclasses import dataclass

from refsem.obligations.algebra.proof import AlgebraicProof
from refsem.obligations.algebra.search.leaves import Budget, OutOfBudget
from refsem.obligations.algebra.search.pruning import pruned
from refsem.obligations.algebra.search.scene import opening
from refsem.obligations.algebra.search.tree import CAPS, Tree
from refsem.obligations.obligation import Obligation

MONOMIALS = 10_000_000
"""Monomials of products of facts that one search may write out: a few minutes at the worst."""


@dataclass(frozen=True, slots=True)
class NotFound:
    """No proof was found, which says nothing about the obligation."""

    reason: str


def find_proof(obligation: Obligation, monomials: int) -> AlgebraicProof | NotFound:
    """A proof of the obligation, within that many monomials."""
    budget = Budget(monomials)
    tree = Tree(budget)
    try:
        for cap in CAPS:
            tree.cap = cap
            node = tree.root(opening(obligation), ())
            if node is not None:
                return AlgebraicProof(pruned(node))
    except OutOfBudget:
        return NotFound(f"nothing found within {monomials} monomials")
    return NotFound("nothing found at any level")
