"""A proof for derived values as they are, from one for the same values moved outward.

What the proof assumes of a moved value (it is at least, or at most, its term) says of the unmoved
one that 0 ≥ 0: products with it are 0 and are left out, and it is a lemma where it is still spoken
of. The rest of the proof stays as it was. Nothing here is believed: the checker reads the result.
"""

from dataclasses import fields, replace
from typing import Any

from refsem.ir.terms import Relation, Term
from refsem.obligations.algebra.proof import AlgebraicProof, Leaf, Lemma, Node, Product
from refsem.obligations.algebra.search.pruning import pruned
from refsem.obligations.obligation import Definition, Obligation
from refsem.rules import Outward


def unmoved(moved: Obligation, proof: AlgebraicProof) -> AlgebraicProof:
    """The proof for an obligation that differs in that its definitions are equations."""
    movable = [one for one in moved.definitions if one.may_exceed is not Outward.EXACT]
    root = _without(proof.root, frozenset(map(_label, movable)))
    for definition in reversed(movable):
        root = _said(definition, root)
    return AlgebraicProof(pruned(root))


def _label(definition: Definition) -> str:
    return f"definition/{definition.name}"


def _without(node: Node, labels: frozenset[str]) -> Node:
    """The tree whose leaves have no product with one of these facts."""
    if isinstance(node, Leaf):
        return replace(node, products=tuple(p for p in node.products if not labels & {*p.facts}))
    parts = {one.name: getattr(node, one.name) for one in fields(node)}
    kept: dict[str, Any] = {
        name: _without(part, labels) if isinstance(part, Node) else part
        for name, part in parts.items()
    }
    return type(node)(**kept)


def _said(definition: Definition, rest: Node) -> Node:
    label, value = _label(definition), Term(definition.name)
    return Lemma(label, _bound(definition, value), Leaf((Product(1, (label,)),)), rest)


def _bound(definition: Definition, value: Term) -> Relation:
    if definition.may_exceed is Outward.UP:
        return definition.term <= value
    return value <= definition.term
