"""Moves at a leaf: signs worth a split, and variables written between the ends of their box."""

from collections.abc import Iterable, Iterator

from refsem.ir.terms import Comparison, Operator, Relation, Term, subterms, term
from refsem.obligations.algebra.proof import Barycentric
from refsem.obligations.algebra.search import atoms
from refsem.obligations.algebra.search.leaves import Budget, Effort, as_term, leaf
from refsem.obligations.algebra.search.packed import (
    Packed,
    coefficients,
    generator,
    indices,
    plus,
    primitive,
    times,
)
from refsem.obligations.algebra.search.scene import Kind, Known, Scene, denied, stated
from refsem.obligations.algebra.search.steps import Step, lemma_step

_LONGEST = 4
"""Monomials of a polynomial that is worth a split."""


def candidates(scene: Scene) -> list[Term]:
    """Terms whose sign may decide a branch: slopes and variables of the goal, factors, the rest."""
    visible = scene.visible()
    goals = [p for label, (_, p) in visible.items() if label.startswith("goal")]
    found = [
        *_slopes(goals),
        *_variables(scene, goals),
        *_factors(scene, visible),
        *_variables(scene, [p for _, p in visible.values()]),
    ]
    seen = [primitive(p)[0] for _, p in visible.values()]
    kept: list[Term] = []
    for one in found:
        whole = primitive(one)[0]
        if whole not in seen and {m: -value for m, value in whole.items()} not in seen:
            seen.append(whole)
            kept.append(as_term(scene, one))
    return kept


def _slopes(goals: list[Packed]) -> Iterator[Packed]:
    for goal in goals:
        for index in sorted(indices(goal)):
            slope = _derivative(goal, index)
            if any(slope) and len(slope) <= _LONGEST:
                yield slope


def _variables(scene: Scene, polynomials: list[Packed]) -> Iterator[Packed]:
    numbered = scene.generators()
    for index in sorted(frozenset[int]().union(*(indices(p) for p in polynomials))):
        if isinstance(numbered[index].head, str):
            yield generator(index)


def _factors(scene: Scene, visible: Iterable[str]) -> Iterator[Packed]:
    """What something is multiplied by in a fact, as long as it is short and divides by nothing."""
    for label in visible:
        for node in subterms(scene.facts[label].term):
            if node.head is Operator.MUL:
                for factor in node.arguments:
                    read = scene.read(factor)
                    plain = not read.below and not atoms.generators(scene, read.top)
                    if plain and any(read.top) and len(read.top) <= _LONGEST:
                        yield read.top


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
    """The facts x − l ≥ 0 and u − x ≥ 0 about a variable, the tightest of those that are sides."""
    found: dict[int, list[str]] = {1: [], -1: []}
    known = [p for kind, p in scene.visible().values() if kind in {Kind.WEAK, Kind.STRICT}]
    for label, (kind, polynomial) in scene.visible().items():
        if label.startswith(("goal", "definition/")):
            continue
        powers = coefficients(polynomial, index)
        if kind in {Kind.WEAK, Kind.STRICT} and set(powers) <= {0, 1} and 1 in powers:
            for sign, labels in found.items():
                if powers[1] == {0: sign}:
                    labels.append(label)
    lower, upper = (_tightest(scene, labels, known) for labels in found.values())
    return None if lower is None or upper is None else (lower, upper)


def _tightest(scene: Scene, labels: list[str], known: list[Packed]) -> str | None:
    """The first fact that is not the sum of another one and something known to be ≥ 0."""
    polynomials = {label: scene.fact(label) or {} for label in labels}
    for label, one in polynomials.items():
        gaps = (plus(one, other, -1) for name, other in polynomials.items() if name != label)
        if not any(gap in known for gap in gaps):
            return label
    return next(iter(labels), None)


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
