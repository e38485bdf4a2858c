"""The proof tree: which divisors, cases, splits and changes of variable make leaves close.

A branch is simplified, then tried as a leaf, then split: first on the atoms that need cases, then
on signs. What may be tried at a leaf is a list of levels with a cost; the search runs with cheap
ones allowed everywhere, then with dearer ones, so that one hopeless leaf does not eat the time of
all. Branches that were closed before are not searched again.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from refsem.ir.terms import Comparison, Operator, Relation, Term, divisors, term
from refsem.obligations.algebra.proof import Divide, Leaf, Node, Product, Sign, Split
from refsem.obligations.algebra.search import atoms
from refsem.obligations.algebra.search.leaves import Budget, Effort, cost, leaf
from refsem.obligations.algebra.search.moves import barycentric, candidates, movable
from refsem.obligations.algebra.search.scene import Kind, Known, Scene, denied, stated
from refsem.obligations.algebra.search.steps import Step, lemma_step, simplified, wrapped


@dataclass(frozen=True, slots=True)
class Level:
    """One thing to try at a leaf: that many sign splits, in barycentric form or not."""

    splits: int
    barycentric: bool
    effort: Effort


LEVELS = tuple(
    Level(int(splits), form == "moved", Effort(int(factors), square == "squares"))
    for splits, form, factors, square in (
        line.split()
        for line in (
            "0 plain 2 -",
            "0 moved 2 -",
            "0 plain 2 squares",
            "1 plain 2 -",
            "0 plain 3 -",
            "0 plain 3 squares",
            "0 moved 3 -",
            "2 plain 2 -",
            "0 moved 4 -",
            "1 plain 3 -",
            "0 plain 4 -",
            "0 plain 4 squares",
            "1 moved 3 -",
            "1 moved 4 -",
            "2 plain 3 -",
            "0 moved 5 -",
            "0 plain 5 -",
            "1 plain 4 -",
            "0 moved 6 -",
            "0 plain 6 -",
        )
    )
)
CAPS = (1000, 10_000, 100_000, 1_000_000)
"""How much a level may cost, in products of two facts, in one round of the search after another."""

_MOST_SIGNS = 3
_MOST_CASES = 24


@dataclass(slots=True)
class Tree:
    """One search; `closed` and `failed` remember what became of branches by their path."""

    budget: Budget
    cap: int = 0
    closed: dict[tuple[str, ...], Node] = field(default_factory=dict)
    failed: set[tuple[tuple[str, ...], Level]] = field(default_factory=set)

    def root(self, scene: Scene, path: tuple[str, ...]) -> Node | None:
        """A tree for a scene whose divisors have no sign yet; their signs may take cases."""
        opened = divided(scene, self.budget)
        found = self.refute(opened.scene, path)
        if found is not None:
            return wrapped(opened.steps, found)
        if not opened.undecided or len(path) >= _MOST_SIGNS:
            return None
        one, label = opened.undecided[0], f"open{len(scene.facts)}"
        above = self.root(scene.learn(label, Known(Kind.WEAK, one)), (*path, f"{label}+"))
        if above is None:
            return None
        below = self.root(scene.learn(label, Known(Kind.STRICT, -one)), (*path, f"{label}-"))
        return None if below is None else Split(label, one, above, below)

    def refute(self, scene: Scene, path: tuple[str, ...]) -> Node | None:
        """A tree that closes the scene, None if none was found."""
        if path not in self.closed:
            found = self._refute(scene, path)
            if found is None:
                return None
            self.closed[path] = found
        return self.closed[path]

    def _refute(self, scene: Scene, path: tuple[str, ...]) -> Node | None:
        scene, steps = simplified(scene)
        found: Node | None = leaf(scene, Effort(1, squares=False), self.budget)
        if found is None:
            hard = atoms.hard_atoms(scene)
            in_goal = _goal_atoms(scene)
            if not any(one in in_goal for one in hard):
                found = self._levels(scene, path, self.cap if not hard else self.cap // 10)
            if found is None and hard and len(path) < _MOST_CASES:
                found = self._cases(scene, path, atoms.innermost(scene, hard[0]))
        return None if found is None else wrapped(steps, found)

    def _cases(self, scene: Scene, path: tuple[str, ...], atom: Term) -> Node | None:
        one, label = atoms.condition(atom), f"case{len(scene.facts)}"
        above = self.refute(scene.learn(label, Known(Kind.WEAK, one)), (*path, f"{label}+"))
        if above is None:
            return None
        below = self.refute(scene.learn(label, Known(Kind.STRICT, -one)), (*path, f"{label}-"))
        return None if below is None else Split(label, one, above, below)

    def _levels(self, scene: Scene, path: tuple[str, ...], cap: int) -> Node | None:
        for level in _affordable(scene, cap):
            if (path, level) not in self.failed:
                found = self._level(scene, level)
                if found is not None:
                    return found
                self.failed.add((path, level))
        return None

    def _level(self, scene: Scene, level: Level) -> Node | None:
        if not level.barycentric:
            return self._split(scene, level.splits, level.effort)
        moved, steps = barycentric(scene)
        found = self._split(moved, level.splits, level.effort)
        return None if found is None else wrapped(steps, found)

    def _split(self, scene: Scene, splits: int, effort: Effort) -> Node | None:
        if not splits:
            return leaf(scene, effort, self.budget)
        for one in candidates(scene):
            label = f"sign{len(scene.facts)}"
            above = self._split(scene.learn(label, Known(Kind.WEAK, one)), splits - 1, effort)
            if above is None:
                continue
            below = self._split(scene.learn(label, Known(Kind.STRICT, -one)), splits - 1, effort)
            if below is not None:
                return Split(label, one, above, below)
        return None


def searched(scene: Scene, budget: Budget) -> Node | None:
    """A tree for a scene, looked for with more and more effort; None at the end of it."""
    tree = Tree(budget)
    for cap in CAPS:
        tree.cap = cap
        found = tree.root(scene, ())
        if found is not None:
            return found
    return None


def with_lemma(
    scene: Scene, index: int, relation: Relation, budget: Budget
) -> tuple[Scene, list[Step]]:
    """The scene with a relation that was proved, and the steps for it; as it was if it was not.

    It is proved under a label that makes a goal of it, and repeated under one that makes none.
    """
    label, goal = f"lemma{index}", f"goal{index}"
    proof = searched(scene.hide("goal").learn(goal, denied(relation)), budget)
    if proof is None:
        return scene, []
    again = Leaf((Product(1, (goal,)), Product(1, (label,))))
    steps = [lemma_step(goal, relation, proof), lemma_step(label, relation, again)]
    return scene.learn(goal, stated(relation)).hide(goal).learn(label, stated(relation)), steps


def _affordable(scene: Scene, cap: int) -> Iterator[Level]:
    """The levels that cost no more than that."""
    tries = len(candidates(scene))
    moved = len(movable(scene))
    for level in LEVELS:
        if moved or not level.barycentric:
            more = level.splits + moved * level.barycentric
            longer = 2 if level.barycentric else 1
            if cost(scene, level.effort, more) * longer * tries**level.splits <= cap:
                yield level


def _goal_atoms(scene: Scene) -> set[Term]:
    goals = (p for label, (_, p) in scene.visible().items() if label.startswith("goal"))
    return {atom for polynomial in goals for atom in atoms.generators(scene, polynomial)}


@dataclass(frozen=True, slots=True)
class Divided:
    """A scene in which divisors are known to be non-zero, and those of unknown sign."""

    scene: Scene
    steps: list[Step]
    undecided: list[Term]


def divided(scene: Scene, budget: Budget) -> Divided:
    """The scene with the signs of all divisors that can be found, and the steps that prove them."""
    roots = [known.term for known in scene.facts.values()] + list(scene.exact.values())
    steps: list[Step] = []
    undecided = []
    for divisor in _factors(divisors(roots)):
        for sign in Sign:
            found = _certified(scene, divisor, sign, budget)
            if found is not None:
                scene, more = found
                steps.extend(more)
                break
        if scene.signs.get(divisor, Sign.NONZERO) is Sign.NONZERO:
            undecided.append(divisor)
    return Divided(scene, steps, undecided)


def _factors(found: tuple[Term, ...]) -> list[Term]:
    factors: list[Term] = []
    for one in found:
        if one.head is Operator.MUL:
            factors.extend(_factors(one.arguments))
        elif isinstance(one.head, str | Operator):
            factors.append(one)
    return list(dict.fromkeys(factors))


_REFUTED = {
    Sign.POSITIVE: (Kind.WEAK, -1),
    Sign.NEGATIVE: (Kind.WEAK, 1),
    Sign.NONZERO: (Kind.ZERO, 1),
}


def _certified(
    scene: Scene, divisor: Term, sign: Sign, budget: Budget
) -> tuple[Scene, list[Step]] | None:
    """The scene in which a divisor has a sign, as a fact too if that took more than a sum."""
    kind, factor = _REFUTED[sign]
    label = f"divisor{len(scene.facts)}"
    refuted = Known(kind, divisor if factor == 1 else -divisor)
    proof = Tree(budget, cap=CAPS[0]).refute(scene.learn(label, refuted), ())
    if proof is None:
        return None
    scene, steps = scene.sign(divisor, sign), [_divide_step(label, divisor, sign, proof)]
    sums = isinstance(proof, Leaf) and all(len(one.facts) < 2 for one in proof.products)
    if not sums and sign is not Sign.NONZERO:
        relation = Relation(Comparison.LT, *(term(0), divisor)[::-factor])
        scene = scene.learn(label, stated(relation))
        steps.append(lemma_step(label, relation, proof))
    return scene, steps


def _divide_step(label: str, divisor: Term, sign: Sign, proof: Node) -> Step:
    return lambda rest: Divide(label, divisor, sign, proof, rest)
