"""Maxima, minima, absolute values and selects: which need cases, which only their bounds.

An atom that bounds facts from the side on which it is free (a maximum that something exceeds)
may be replaced by each of its branches: `b ≥ max(p, q)` says as much as `b ≥ p` and `b ≥ q`. That
is one lemma a branch and no case. Any other atom is *hard* and takes a case split.
"""

from collections.abc import Callable
from dataclasses import dataclass

from refsem.ir.terms import Comparison, Operator, Relation, Term, substitute, term
from refsem.obligations.algebra.proof import Bounds, Node
from refsem.obligations.algebra.search.leaves import Budget, Effort, leaf
from refsem.obligations.algebra.search.packed import Packed, coefficients, indices, plus
from refsem.obligations.algebra.search.scene import CHOICES, Kind, Known, Scene, denied


def values(atom: Term) -> tuple[Term, ...]:
    """The two terms whose value an atom may take."""
    match atom.head:
        case Operator.ABS:
            return (atom.arguments[0], -atom.arguments[0])
        case Operator.SELECT:
            return atom.arguments[2:]
        case _:
            return atom.arguments


def condition(atom: Term) -> Term:
    """A term whose being ≥ 0 gives the atom its first value, and being ≤ 0 (or < 0) the second."""
    if atom.head is Operator.ABS:
        return atom.arguments[0]
    first, second = atom.arguments[:2]
    greater, lesser = (first, second) if atom.head is Operator.MAX else (second, first)
    if lesser == term(0):
        return greater
    return -lesser if greater == term(0) else greater - lesser


def generators(scene: Scene, polynomial: Packed) -> list[Term]:
    """The atoms that occur in a polynomial."""
    numbered = scene.generators()
    found = (numbered[index] for index in sorted(indices(polynomial)))
    return [one for one in found if isinstance(one.head, Operator) and one.head in CHOICES]


def visible_atoms(scene: Scene) -> list[Term]:
    """The unresolved atoms in facts, those of the goal first."""
    facts = sorted(scene.visible().items(), key=lambda one: not one[0].startswith("goal"))
    return list(dict.fromkeys(atom for _, (_, p) in facts for atom in generators(scene, p)))


def hard_atoms(scene: Scene) -> list[Term]:
    """The visible atoms that take cases, and whose condition can be read."""
    found = (one for one in visible_atoms(scene) if not easy(scene, one))
    return [
        one for one in found if scene.polynomial(_condition_fact(innermost(scene, one))) is not None
    ]


def _condition_fact(atom: Term) -> Known:
    return Known(Kind.WEAK, condition(atom))


def all_atoms(scene: Scene) -> list[Term]:
    """The unresolved atoms in facts, and those on which their conditions depend."""
    found = visible_atoms(scene)
    for atom in found:
        inner = scene.polynomial(_condition_fact(atom)) or {}
        found.extend(one for one in generators(scene, inner) if one not in found)
    return found


def easy(scene: Scene, atom: Term) -> bool:
    """Whether facts bound the atom from the side only on which it is free."""
    if atom.head is Operator.SELECT:
        return False
    index = scene.index(atom)
    for kind, polynomial in scene.visible().values():
        powers = coefficients(polynomial, index)
        powers.pop(0, None)
        if not powers:
            continue
        if kind not in {Kind.WEAK, Kind.STRICT} or list(powers) != [1] or list(powers[1]) != [0]:
            return False
        if (powers[1][0] > 0) != (atom.head is Operator.MIN):
            return False
    return True


def known_branch(scene: Scene, atom: Term) -> tuple[int, str] | None:
    """The branch that an atom takes because of a fact, and the fact."""
    wanted = scene.polynomial(_condition_fact(atom))
    if wanted is None:
        return None
    opposite = plus({}, wanted, -1)
    for label, known in scene.facts.items():
        if known.kind in {Kind.WEAK, Kind.STRICT}:
            polynomial = scene.fact(label)
            if polynomial == wanted:
                return 0, label
            strict = known.kind is Kind.STRICT
            if polynomial == opposite and (strict or atom.head is not Operator.SELECT):
                return 1, label
    return None


def innermost(scene: Scene, atom: Term) -> Term:
    """The atom itself, or one on which its condition depends and that has none inside."""
    polynomial = scene.polynomial(_condition_fact(atom)) or {}
    inner = generators(scene, polynomial)
    return innermost(scene, inner[0]) if inner else atom


def _inlined(scene: Scene, one: Term) -> Term:
    """The term with exact definitions put in place of their names."""
    replacements: dict[str, Term] = {}
    for name, definition in scene.exact.items():
        replacements[name] = substitute(definition, replacements)
    return substitute(one, replacements)


def _exchanged(root: Term, atom: Term, value: Term) -> Term:
    """The term with one subterm replaced throughout."""
    if root == atom:
        return value
    if not root.arguments:
        return root
    return Term(root.head, tuple(_exchanged(one, atom, value) for one in root.arguments))


@dataclass(frozen=True, slots=True)
class Consequence:
    """A lemma that an easy atom's bound gives: it says the same of one of its branches."""

    label: str
    relation: Relation
    proof: Node


def consequences(scene: Scene, label: str, atom: Term) -> tuple[Consequence, ...] | None:
    """The lemmas that together say what a fact says of an easy atom; None if one is not found."""
    known, found = scene.facts[label], list[Consequence]()
    origin = label.partition("'")[0]
    for value in values(atom):
        bare = _exchanged(_inlined(scene, known.term), atom, value)
        relation = _relation(known.kind, bare)
        name = f"{origin}'{len(scene.facts) + len(found)}"
        proof = _implied(scene.only(label), name, relation, atom)
        if proof is None and scene.signs:
            proof = _implied(scene, name, relation, atom)
        if proof is None:
            return None
        found.append(Consequence(name, relation, proof))
    return tuple(found)


def _relation(kind: Kind, gap: Term) -> Relation:
    """The relation that says of a gap that it is ≥ 0, or > 0."""
    comparison = Comparison.LT if kind is Kind.STRICT else Comparison.LE
    if gap.head is Operator.SUB:
        return Relation(comparison, gap.arguments[1], gap.arguments[0])
    return Relation(comparison, term(0), gap)


def _implied(scene: Scene, label: str, relation: Relation, atom: Term) -> Node | None:
    """A proof of a relation by the facts of a scene and the bounds of one atom."""
    scene, bounds = bounded(scene.learn(label, denied(relation)), f"{label}|", atom)
    closed = leaf(scene, Effort(2, squares=False), Budget(1000))
    return None if closed is None else bounds(closed)


def bounded(scene: Scene, label: str, atom: Term) -> tuple[Scene, Callable[[Node], Node]]:
    """The scene with the bounds of a max, min or abs, and the step that a proof takes for it."""
    sign = -1 if atom.head is Operator.MIN else 1
    for index, value in enumerate(values(atom)):
        scene = scene.learn(f"{label}.{index}", Known(Kind.WEAK, sign * (atom - value)))
    return scene, lambda rest: Bounds(label, atom, rest)
