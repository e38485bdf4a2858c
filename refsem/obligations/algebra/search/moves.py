"""Moves at a leaf: signs worth a split, and variables written between the ends of their box."""

from refsem.ir.terms import Comparison, Relation, Term, term
from refsem.obligations.algebra.proof import Barycentric
from refsem.obligations.algebra.search.leaves import Budget, Effort, as_term, leaf
from refsem.obligations.algebra.search.packed import (
    Packed,
    coefficients,
    generator,
    indices,
    plus,
    times,
)
from refsem.obligations.algebra.search.scene import Kind, Known, Scene, denied, stated
from refsem.obligations.algebra.search.steps import Step, lemma_step


def candidates(scene: Scene) -> list[Term]:
    """Terms whose sign may decide a branch: slopes of the goal, then variables."""
    visible = scene.visible()
    goals = [p for label, (_, p) in visible.items() if label.startswith("goal")]
    known = [p for _, p in visible.values()]
    numbered = scene.generators()
    found: list[Packed] = []
    for goal in goals:
        for index in sorted(indices(goal)):
            slope = _derivative(goal, index)
            if 0 < len(slope) <= 4 and any(slope):
                found.append(slope)
    for polynomials in (goals, known):
        occurring = sorted(frozenset[int]().union(*(indices(p) for p in polynomials)))
        found.extend(generator(i) for i in occurring if isinstance(numbered[i].head, str))
    kept: list[Packed] = []
    for one in found:
        opposite = plus({}, one, -1)
        if all(other not in (kept + known) for other in (one, opposite)):
            kept.append(one)
    return [as_term(scene, one) for one in kept]


def _derivative(polynomial: Packed, index: int) -> Packed:
    found: Packed = {}
    for power, rest in coefficients(polynomial, index).items():
        part = rest
        for _ in range(power - 1):
            part = times(part, generator(index))
        if power:
            found = plus(found, part, power)
    return found


def barycentric(scene: Scene) -> tuple[Scene, list[Step]]:
    """The scene with the goal's variables written between their ends."""
    steps: list[Step] = []
    for name, ends in movable(scene).items():
        scene, more = _between(scene, name, ends)
        steps.extend(more)
    return scene, steps


def movable(scene: Scene) -> dict[str, tuple[str, str]]:
    """The variables of the goal that have both ends, and the facts that say so."""
    goals = [p for label, (_, p) in scene.visible().items() if label.startswith("goal")]
    numbered, found = scene.generators(), {}
    for index in sorted(frozenset[int]().union(*(indices(goal) for goal in goals))):
        name = numbered[index].head
        if isinstance(name, str) and name not in scene.replaced:
            ends = _ends(scene, index)
            if ends is not None:
                found[name] = ends
    return found


def _ends(scene: Scene, index: int) -> tuple[str, str] | None:
    """The facts x − l ≥ 0 and u − x ≥ 0 about a variable, the first of each."""
    lower = upper = None
    for label, (kind, polynomial) in scene.visible().items():
        powers = coefficients(polynomial, index)
        if kind in {Kind.WEAK, Kind.STRICT} and set(powers) <= {0, 1} and 1 in powers:
            if powers[1] == {0: 1}:
                lower = lower or label
            elif powers[1] == {0: -1}:
                upper = upper or label
    return None if lower is None or upper is None else (lower, upper)


def _between(scene: Scene, name: str, ends: tuple[str, str]) -> tuple[Scene, list[Step]]:
    lower, upper = (scene.facts[label] for label in ends)
    width = f"width_{name}"
    relation = Relation(Comparison.LE, term(0), lower.term + upper.term)
    narrow = scene.only(*ends).learn(width, denied(relation))
    proof = leaf(narrow, Effort(1, squares=False), Budget(100))
    steps: list[Step] = []
    if proof is not None:
        scene = scene.learn(width, stated(relation))
        steps.append(lemma_step(width, relation, proof))
    parameter = f"t_{name}"
    theta = Term(parameter)
    below, above = (scene.fact(label) or {} for label in ends)
    old = scene.read(Term(name)).top
    moved = plus(plus(old, below, -1), times(generator(scene.index(theta)), plus(below, above)))
    scene = scene.rewrite(name, moved).hide(*ends)
    scene = scene.learn(f"{parameter}.0", Known(Kind.WEAK, theta))
    scene = scene.learn(f"{parameter}.1", Known(Kind.WEAK, term(1) - theta))
    steps.append(lambda rest: Barycentric(name, *ends, parameter, rest))
    return scene, steps
