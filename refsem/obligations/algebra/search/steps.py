"""Steps of a proof that lose nothing, and a branch on which all of them have been taken.

An equality that gives a variable replaces it; an atom whose condition is known takes its branch;
an atom that needs no cases is replaced by its branches in the facts that bound it.
"""

from collections.abc import Callable, Sequence

from gmpy2 import mpq

from refsem.ir.terms import Relation, Term
from refsem.obligations.algebra.proof import Lemma, Node, Resolve, Rewrite
from refsem.obligations.algebra.search import atoms
from refsem.obligations.algebra.search.packed import coefficients, generator, indices, plus
from refsem.obligations.algebra.search.scene import Kind, Scene, stated

Step = Callable[[Node], Node]
"""From the proof of what is left, the proof of what there was before a step."""

_MOST_ATOMS = 3
"""A fact with more easy atoms keeps them, with their bounds, rather than all its consequences."""


def wrapped(steps: Sequence[Step], node: Node) -> Node:
    """The proof that takes some steps and goes on with a node."""
    for step in reversed(steps):
        node = step(node)
    return node


def simplified(scene: Scene) -> tuple[Scene, list[Step]]:
    """The scene after the steps that lose nothing, and those steps."""
    steps: list[Step] = []
    while True:
        found = _rewriting(scene) or _resolution(scene) or _elimination(scene)
        if found is None:
            return scene, steps
        scene, more = found
        steps.extend(more)


def _rewriting(scene: Scene) -> tuple[Scene, list[Step]] | None:
    """An equality that gives a variable as a polynomial in the others."""
    for label, (kind, polynomial) in scene.visible().items():
        if kind is not Kind.ZERO:
            continue
        for index in sorted(indices(polynomial)):
            variable = scene.generators()[index]
            powers = coefficients(polynomial, index)
            linear = set(powers) <= {0, 1} and list(powers[1]) == [0]
            name = variable.head
            if linear and isinstance(name, str) and name not in scene.replaced:
                factor = 1 / powers[1][0]
                value = plus(generator(index), polynomial, -factor)
                changed = scene.rewrite(name, value).hide(label)
                return changed, [_rewrite_step(name, label, factor)]
    return None


def _rewrite_step(name: str, label: str, factor: mpq) -> Step:
    return lambda rest: Rewrite(name, label, factor, rest)


def _resolution(scene: Scene) -> tuple[Scene, list[Step]] | None:
    """An atom whose branch follows from a fact."""
    for atom in atoms.all_atoms(scene):
        known = atoms.known_branch(scene, atom)
        if known is not None:
            branch, label = known
            value = atoms.values(atom)[branch]
            return scene.resolve(atom, value), [_resolve_step(atom, branch, label)]
    return None


def _resolve_step(atom: Term, branch: int, label: str) -> Step:
    return lambda rest: Resolve(atom, branch, label, rest)


def _elimination(scene: Scene) -> tuple[Scene, list[Step]] | None:
    """An easy atom replaced by its branches in every fact that bounds it."""
    for atom in atoms.visible_atoms(scene):
        label = f"bounds{scene.index(atom)}"
        if f"{label}.0" in scene.facts or not atoms.easy(scene, atom):
            continue
        found = _consequences(scene, atom)
        if found is not None:
            return found
        bounded, step = atoms.bounded(scene, label, atom)
        return bounded, [step]
    return None


def _consequences(scene: Scene, atom: Term) -> tuple[Scene, list[Step]] | None:
    index, steps = scene.index(atom), list[Step]()
    for label, (kind, polynomial) in scene.visible().items():
        if index in indices(polynomial):
            few = len(atoms.generators(scene, polynomial)) <= _MOST_ATOMS
            # of a strict fact no average of consequences is strict: it keeps its atom
            wanted = few and kind is Kind.WEAK
            found = atoms.consequences(scene, label, atom) if wanted else None
            if found is None:
                return None
            scene = scene.hide(label)
            for one in found:
                scene = scene.learn(one.label, stated(one.relation))
                steps.append(lemma_step(one.label, one.relation, one.proof))
    return scene, steps


def lemma_step(label: str, relation: Relation, proof: Node) -> Step:
    """The step that proves a lemma."""
    return lambda rest: Lemma(label, relation, proof, rest)
