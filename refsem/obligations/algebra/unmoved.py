"""A proof for derived values as they are, from one for the same values moved outward.

What the proof assumes of a moved value (it is at least, or at most, its term) is trivially true of
the unmoved one; said first, as lemmas, it leaves the rest of the proof as it was. Nothing here is
believed: the checker reads the result.
"""

from refsem.ir.terms import Relation, Term
from refsem.obligations.algebra.proof import AlgebraicProof, Leaf, Lemma, Node, Product
from refsem.obligations.obligation import Definition, Obligation
from refsem.rules import Outward


def unmoved(moved: Obligation, proof: AlgebraicProof) -> AlgebraicProof:
    """The proof for an obligation that differs in that its definitions are equations."""
    root = proof.root
    for definition in reversed(moved.definitions):
        if definition.may_exceed is not Outward.EXACT:
            root = _said(definition, root)
    return AlgebraicProof(root)


def _said(definition: Definition, rest: Node) -> Node:
    label, value = f"definition/{definition.name}", Term(definition.name)
    return Lemma(label, _bound(definition, value), Leaf((Product(1, (label,)),)), rest)


def _bound(definition: Definition, value: Term) -> Relation:
    if definition.may_exceed is Outward.UP:
        return definition.term <= value
    return value <= definition.term
