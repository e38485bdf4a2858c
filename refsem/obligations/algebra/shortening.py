"""Shortening: the steps of a proof that the checker does not miss are left out.

The search replaces variables and resolves atoms wherever it can, not only where a leaf needs it.
Each such step is left out in turn, and stays out if the proof is still accepted.
"""

from dataclasses import fields

from refsem.obligations.algebra.checker import Accepted, check
from refsem.obligations.algebra.proof import (
    AlgebraicProof,
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
from refsem.obligations.obligation import Obligation

Path = tuple[str, ...]
_REST = "rest"
_PARTS: dict[type[Node], Path] = {
    Leaf: (),
    Split: ("nonnegative", "negative"),
    Apart: ("positive", "negative"),
    Lemma: ("proof", "rest"),
    Divide: ("proof", "rest"),
    Resolve: ("rest",),
    Bounds: ("rest",),
    Rewrite: ("rest",),
    Barycentric: ("rest",),
}


def shortened(obligation: Obligation, proof: AlgebraicProof) -> AlgebraicProof:
    """The accepted proof without the steps that it does without."""
    index = 0
    while True:
        steps = _steps(proof.root)
        if index >= len(steps):
            return proof
        shorter = AlgebraicProof(_without(proof.root, steps[index]))
        if isinstance(check(obligation, shorter), Accepted):
            proof = shorter
        else:
            index += 1


def _steps(node: Node, path: Path = ()) -> list[Path]:
    """The places of the steps that go on with the same branch."""
    own = [path] if hasattr(node, _REST) else []
    parts = _PARTS[type(node)]
    return own + [one for part in parts for one in _steps(getattr(node, part), (*path, part))]


def _without(node: Node, path: Path) -> Node:
    """The tree in which one such step is left out."""
    if not path:
        rest: Node = getattr(node, _REST)
        return rest
    part, *further = path
    changed = {field.name: getattr(node, field.name) for field in fields(node)}
    changed[part] = _without(changed[part], tuple(further))
    return type(node)(**changed)
