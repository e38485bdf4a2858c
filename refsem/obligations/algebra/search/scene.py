"""What the search knows on a branch: facts as terms, and the polynomials they read as.

The same notions as in `refsem.obligations.algebra.branch`, written a second time: what is wrong
here costs a proof, never makes a false one pass. A fact that cannot be read yet (it divides by
something whose sign is not known) has no polynomial, and the search does not see it.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import Enum

from refsem.exact.functions import Function
from refsem.ir.terms import Comparison, Operator, Relation, Term
from refsem.obligations.algebra.proof import Sign
from refsem.obligations.algebra.search.packed import Packed, generator, number, plus, times
from refsem.obligations.algebra.search.packed import replaced as put
from refsem.obligations.obligation import Obligation
from refsem.rules import Outward

CHOICES = (Operator.MAX, Operator.MIN, Operator.ABS, Operator.SELECT)


class Kind(Enum):
    """How a fact's term compares with 0."""

    STRICT = ">"
    WEAK = ">="
    ZERO = "=="
    NONZERO = "!="


NEGATION = {
    Comparison.LE: Kind.STRICT,
    Comparison.LT: Kind.WEAK,
    Comparison.EQ: Kind.NONZERO,
    Comparison.NE: Kind.ZERO,
}


@dataclass(frozen=True, slots=True)
class Known:
    """A term and how it compares with 0."""

    kind: Kind
    term: Term


def stated(relation: Relation) -> Known:
    """What a relation says."""
    gap = relation.right - relation.left
    match relation.comparison:
        case Comparison.LE:
            return Known(Kind.WEAK, gap)
        case Comparison.LT:
            return Known(Kind.STRICT, gap)
        case Comparison.EQ:
            return Known(Kind.ZERO, relation.left - relation.right)
        case Comparison.NE:
            return Known(Kind.NONZERO, relation.left - relation.right)


def denied(relation: Relation) -> Known:
    """What the negation of a relation says."""
    return Known(NEGATION[relation.comparison], relation.left - relation.right)


@dataclass(frozen=True, slots=True)
class Fraction:
    """A polynomial over divisors with exponents."""

    top: Packed
    below: Counter[Term]


class Unreadable(Exception):  # noqa: N818  no error: the fact has to wait
    """A term divides by something of unknown sign."""


@dataclass(frozen=True, slots=True)
class Scene:
    """A branch; `hidden` facts are subsumed by others and not offered to leaves."""

    numbers: dict[Term, int]
    exact: Mapping[str, Term] = field(default_factory=dict)
    facts: Mapping[str, Known] = field(default_factory=dict)
    hidden: frozenset[str] = frozenset()
    resolved: Mapping[Term, Term] = field(default_factory=dict)
    signs: Mapping[Term, Sign] = field(default_factory=dict)
    replaced: Mapping[str, Packed] = field(default_factory=dict)
    known: dict[int, tuple[Term, Fraction]] = field(default_factory=dict)
    polynomials: dict[str, Packed | None] = field(default_factory=dict)

    def learn(self, label: str, known: Known) -> "Scene":
        """The scene with one more fact."""
        facts, polynomials = {**self.facts, label: known}, dict(self.polynomials)
        return replace(self, facts=facts, polynomials=polynomials)

    def hide(self, *labels: str) -> "Scene":
        """The scene with some facts hidden."""
        return replace(self, hidden=self.hidden.union(labels))

    def only(self, *labels: str) -> "Scene":
        """The scene with no facts but these."""
        return replace(self, facts={label: self.facts[label] for label in labels})

    def resolve(self, atom: Term, value: Term) -> "Scene":
        """The scene with an atom replaced by one of its branches."""
        return self._changed(resolved={**self.resolved, atom: value})

    def sign(self, divisor: Term, sign: Sign) -> "Scene":
        """The scene with a divisor of known sign."""
        return self._changed(signs={**self.signs, divisor: sign})

    def rewrite(self, name: str, value: Packed) -> "Scene":
        """The scene with a variable replaced by a polynomial."""
        index = self.index(Term(name))
        earlier = {key: put(old, index, value) for key, old in self.replaced.items()}
        return self._changed(replaced={**earlier, name: value})

    def _changed(self, **changes: object) -> "Scene":
        fresh: dict[str, object] = {"known": {}, "polynomials": {}}
        return replace(self, **fresh, **changes)  # type: ignore[arg-type]  # dataclass fields

    def index(self, one: Term) -> int:
        """The number of an indeterminate."""
        return self.numbers.setdefault(one, len(self.numbers))

    def generators(self) -> list[Term]:
        """The indeterminates by number."""
        return list(self.numbers)

    def visible(self) -> dict[str, tuple[Kind, Packed]]:
        """The facts that can be read and are not hidden, as polynomials."""
        found = {}
        for label, known in self.facts.items():
            if label not in self.hidden:
                polynomial = self.fact(label)
                if polynomial is not None:
                    found[label] = (known.kind, polynomial)
        return found

    def fact(self, label: str) -> Packed | None:
        """The cleared polynomial of a fact, None if it cannot be read yet."""
        if label not in self.polynomials:
            self.polynomials[label] = self.polynomial(self.facts[label])
        return self.polynomials[label]

    def polynomial(self, known: Known) -> Packed | None:
        """The cleared polynomial of what a fact would say, None if it cannot be read yet."""
        try:
            return self._cleared(known)
        except Unreadable:
            return None

    def _cleared(self, known: Known) -> Packed:
        found = self.read(known.term)
        top = found.top
        if known.kind in {Kind.ZERO, Kind.NONZERO}:
            return top
        for divisor, power in found.below.items():
            if power % 2:
                sign = self._orientation(divisor)
                top = times(top, number(sign) if sign else self.read(divisor).top)
        return top

    def _orientation(self, divisor: Term) -> int:
        sign = {Sign.POSITIVE: 1, Sign.NEGATIVE: -1, Sign.NONZERO: 0}[self.signs[divisor]]
        for inner, power in self.read(divisor).below.items():
            if power % 2:
                sign *= self._orientation(inner)
        return sign

    def read(self, one: Term) -> Fraction:
        """The term as a fraction; `Unreadable` if it divides by what is not known."""
        if id(one) not in self.known:
            # the term is kept with its reading, so that its identity is not given to another
            self.known[id(one)] = (one, self._read(one))
        return self.known[id(one)][1]

    def _read(self, one: Term) -> Fraction:
        head = one.head
        if isinstance(head, str) and head in self.exact:
            return self.read(self.exact[head])
        if head in CHOICES and one in self.resolved:
            return self.read(self.resolved[one])
        if head is Operator.DIV:
            return self._quotient(self.read(one.arguments[0]), one.arguments[1])
        if isinstance(head, Operator) and head not in CHOICES:
            return self._combined(head, [self.read(argument) for argument in one.arguments])
        return Fraction(self._indivisible(one), Counter())

    def _indivisible(self, one: Term) -> Packed:
        head = one.head
        if isinstance(head, Operator | Function):
            return generator(self.index(one))
        if isinstance(head, str):
            return self.replaced[head] if head in self.replaced else generator(self.index(one))
        return number(head)

    def _combined(self, operator: Operator, parts: list[Fraction]) -> Fraction:
        if operator is Operator.NEG:
            return Fraction(plus({}, parts[0].top, -1), parts[0].below)
        left, right = parts
        if operator is Operator.MUL:
            return Fraction(times(left.top, right.top), left.below + right.below)
        common = left.below | right.below
        one, other = (self._raised(part.top, common - part.below) for part in parts)
        return Fraction(plus(one, other, 1 if operator is Operator.ADD else -1), common)

    def _raised(self, top: Packed, missing: Counter[Term]) -> Packed:
        for divisor in missing.elements():
            top = times(top, self.read(divisor).top)
        return top

    def _quotient(self, dividend: Fraction, divisor: Term) -> Fraction:
        if divisor in self.signs:
            top = self._raised(dividend.top, self.read(divisor).below)
            return Fraction(top, dividend.below + Counter([divisor]))
        if divisor.head is Operator.MUL:
            left, right = divisor.arguments
            return self._quotient(self._quotient(dividend, left), right)
        value = self.read(divisor)
        if value.below or list(value.top) != [0]:
            raise Unreadable
        return Fraction(times(dividend.top, number(1 / value.top[0])), dividend.below)


def opening(obligation: Obligation) -> Scene:
    """The scene that an obligation with a goal opens with."""
    scene = Scene({})
    for definition in obligation.definitions:
        excess = Term(definition.name) - definition.term
        match definition.may_exceed:
            case Outward.EXACT:
                exact = {**scene.exact, definition.name: definition.term}
                scene = replace(scene, exact=exact)
            case Outward.UP:
                scene = scene.learn(f"definition/{definition.name}", Known(Kind.WEAK, excess))
            case Outward.DOWN:
                scene = scene.learn(f"definition/{definition.name}", Known(Kind.WEAK, -excess))
    for premise in obligation.premises:
        scene = scene.learn(f"side/{premise.name}", stated(premise.relation))
    if obligation.goal is None:
        raise TypeError(f"{obligation.id} has no goal to refute")
    return scene.learn("goal", denied(obligation.goal))
