"""Pruning: a proof without the lemmas, bounds and cases that nothing in it uses."""

from dataclasses import replace
from typing import assert_never

from refsem.obligations.algebra.proof import (
    Apart,
    Barycentric,
    Bounds,
    Divide,
    Leaf,
    Lemma,
    Node,
    Resolve,
    Rewrite,
    Split,
)

Used = frozenset[str]


def pruned(node: Node) -> Node:
    """The tree without unused lemmas, bounds and cases."""
    return _pruned(node)[0]


def _pruned(node: Node) -> tuple[Node, Used]:
    """The pruned tree, and the labels that it uses and does not itself give."""
    match node:
        case Leaf(products, multiples):
            facts = {label for product in products for label in product.facts}
            return node, Used(facts | {multiple.equality for multiple in multiples})
        case Split() | Apart():
            return _cases(node)
        case Lemma() | Divide():
            return _proved(node)
        case Bounds(label, _, rest):
            kept, used = _pruned(rest)
            own = {f"{label}.0", f"{label}.1", f"{label}.2"}
            return (replace(node, rest=kept), used - own) if used & own else (kept, used)
        case Resolve() | Rewrite() | Barycentric():
            kept, used = _pruned(node.rest)
            return replace(node, rest=kept), used | _needed(node)
    assert_never(node)


def _needed(node: Resolve | Rewrite | Barycentric) -> Used:
    match node:
        case Resolve(because=because):
            return Used({because})
        case Rewrite(equality=equality):
            return Used({equality})
        case Barycentric(lower=lower, upper=upper):
            return Used({lower, upper})
    assert_never(node)


def _cases(node: Split | Apart) -> tuple[Node, Used]:
    sides = (node.nonnegative, node.negative) if isinstance(node, Split) else _sides(node)
    (first, one), (second, other) = (_pruned(side) for side in sides)
    if node.label not in one:
        return first, one
    if node.label not in other:
        return second, other
    used = (one | other) - {node.label}
    if isinstance(node, Split):
        return replace(node, nonnegative=first, negative=second), used
    return replace(node, positive=first, negative=second), used | {node.fact}


def _sides(node: Apart) -> tuple[Node, Node]:
    return node.positive, node.negative


def _proved(node: Lemma | Divide) -> tuple[Node, Used]:
    rest, used = _pruned(node.rest)
    if isinstance(node, Lemma) and node.label not in used:
        return rest, used
    proof, inside = _pruned(node.proof)
    return replace(node, proof=proof, rest=rest), (used - {node.label}) | (inside - {node.label})
