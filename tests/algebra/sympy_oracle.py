"""A second checker of algebraic proofs, by sympy: every fact a rational function, every leaf
expanded anew. It shares the data types with refsem's checker and nothing else.

`proves` follows the text of `refsem.obligations.algebra.proof`; where that leaves a choice open,
this takes the other one: recursion for a worklist, rational functions for cleared polynomials,
booleans for reasons.
"""

import operator
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import reduce

import sympy
from gmpy2 import mpq

from refsem.exact.functions import Function
from refsem.ir.terms import Operator, Relation, Term, subterms
from refsem.obligations.algebra import proof as tree
from refsem.obligations.obligation import Obligation
from refsem.rules import Outward

NEGATION = {"<=": ">", "<": ">=", "==": "!=", "!=": "=="}


class NotProvedError(Exception):
    """Something in the proof is not as it should be."""


@dataclass(frozen=True)
class Known:
    """A term compared with 0 by one of > >= == !=."""

    term: Term
    compared: str


@dataclass(frozen=True)
class Scene:
    """What holds on a branch."""

    declared: tuple[str, ...]
    equal: Mapping[str, Term] = field(default_factory=dict)
    known: Mapping[str, Known] = field(default_factory=dict)
    chosen: Mapping[Term, Term] = field(default_factory=dict)
    signs: Mapping[Term, tree.Sign] = field(default_factory=dict)
    replaced: tuple[tuple[sympy.Symbol, sympy.Expr], ...] = ()

    def learn(self, label: str, term: Term, compared: str) -> "Scene":
        variables = {node.head for node in subterms(term) if isinstance(node.head, str)}
        if label in self.known or not variables <= set(self.declared):
            raise NotProvedError(label)
        return replace(self, known={**self.known, label: Known(term, compared)})

    def recall(self, label: str, *compared: str) -> Known:
        if label not in self.known or self.known[label].compared not in compared:
            raise NotProvedError(label)
        return self.known[label]


def proves(obligation: Obligation, proof: tree.AlgebraicProof) -> bool:
    """Whether the proof proves the obligation."""
    try:
        follow(beginning(obligation), proof.root)
    except NotProvedError:
        return False
    return True


def stated(relation: Relation) -> tuple[Term, str]:
    """The relation as a term compared with 0."""
    symbol = relation.comparison.value
    if symbol in {"<=", "<"}:
        return relation.right - relation.left, ">=" if symbol == "<=" else ">"
    return relation.left - relation.right, symbol


def denied(relation: Relation) -> tuple[Term, str]:
    """The relation's negation as a term compared with 0."""
    return relation.left - relation.right, NEGATION[relation.comparison.value]


def beginning(obligation: Obligation) -> Scene:
    scene = Scene(tuple(obligation.free))
    for one in obligation.definitions:
        if one.name in scene.declared:
            raise NotProvedError(one.name)
        if one.may_exceed is Outward.EXACT:
            scene = replace(scene, equal={**scene.equal, one.name: one.term})
        scene = replace(scene, declared=(*scene.declared, one.name))
        if one.may_exceed is not Outward.EXACT:
            gap = Term(one.name) - one.term
            gap = gap if one.may_exceed is Outward.UP else one.term - Term(one.name)
            scene = scene.learn(f"definition/{one.name}", gap, ">=")
    for premise in obligation.premises:
        scene = scene.learn(f"side/{premise.name}", *stated(premise.relation))
    if obligation.goal is None:
        raise NotProvedError(obligation.id)
    return scene.learn("goal", *denied(obligation.goal))


def symbol(generator: Term) -> sympy.Symbol:
    """The symbol of a variable or of an atom that is left as it stands."""
    return sympy.Symbol(generator.head if isinstance(generator.head, str) else repr(generator))


ARITHMETIC: Mapping[Operator, Callable[..., sympy.Expr]] = {
    Operator.ADD: operator.add,
    Operator.SUB: operator.sub,
    Operator.NEG: operator.neg,
    Operator.MUL: operator.mul,
    Operator.DIV: operator.truediv,
}


def number(value: mpq) -> sympy.Rational:
    return sympy.Rational(int(value.numerator), int(value.denominator))


def value(scene: Scene, term: Term) -> sympy.Expr:
    """The term as a rational function."""
    head, arguments = term.head, term.arguments
    if isinstance(head, str):
        return variable(scene, head)
    if isinstance(head, Function):
        return symbol(term)
    if not isinstance(head, Operator):
        return number(head)
    if head not in ARITHMETIC:
        return value(scene, scene.chosen[term]) if term in scene.chosen else symbol(term)
    if head is Operator.DIV:
        factors(scene, arguments[1])
    return ARITHMETIC[head](*(value(scene, argument) for argument in arguments))


def variable(scene: Scene, name: str) -> sympy.Expr:
    if name in scene.equal:
        return value(scene, scene.equal[name])
    found = sympy.Symbol(name)
    for old, new in scene.replaced:
        found = found.subs(old, new)
    return found


def below(scene: Scene, term: Term) -> Counter[Term]:
    """The divisors under a term, each as often as it occurs in the least common denominator."""
    if isinstance(term.head, str) and term.head in scene.equal:
        return below(scene, scene.equal[term.head])
    if term in scene.chosen:
        return below(scene, scene.chosen[term])
    if term.head not in ARITHMETIC:
        return Counter()
    if term.head is Operator.DIV:
        return below(scene, term.arguments[0]) + factors(scene, term.arguments[1])
    parts = [below(scene, argument) for argument in term.arguments]
    return reduce(operator.add if term.head is Operator.MUL else operator.or_, parts)


def factors(scene: Scene, divisor: Term) -> Counter[Term]:
    """The divisors of known sign of which a divisor is the product, or none for a number."""
    if divisor in scene.signs:
        return Counter([divisor])
    if divisor.head is Operator.MUL:
        return factors(scene, divisor.arguments[0]) + factors(scene, divisor.arguments[1])
    constant = sympy.cancel(value(scene, divisor))
    if below(scene, divisor) or not constant.is_Rational or constant == 0:
        raise NotProvedError(divisor)
    return Counter()


def top(scene: Scene, term: Term) -> sympy.Expr:
    """The numerator of a term over its least common denominator."""
    return value(scene, term) * sympy.prod(
        top(scene, divisor) ** times for divisor, times in below(scene, term).items()
    )


def direction(scene: Scene, divisor: Term) -> int:
    """The sign of a divisor's numerator, 0 if unknown."""
    sign = {"positive": 1, "negative": -1, "nonzero": 0}[scene.signs[divisor].value]
    for inner, times in below(scene, divisor).items():
        sign *= direction(scene, inner) ** times
    return sign


def whole(scene: Scene, known: Known) -> sympy.Expr:
    """The polynomial that stands for a fact in products."""
    found = top(scene, known.term)
    if known.compared in {">", ">="}:
        for divisor, times in below(scene, known.term).items():
            if times % 2:
                found *= direction(scene, divisor) or top(scene, divisor)
    return sympy.cancel(found)


def plain(scene: Scene, term: Term) -> sympy.Expr:
    """A term of the proof: it may not divide, nor speak of what does not exist."""
    if below(scene, term):
        raise NotProvedError(term)
    scene.learn("", term, "==")
    return value(scene, term)


def close(scene: Scene, leaf: tree.Leaf) -> None:
    total, positive = sympy.Integer(0), False
    for product in leaf.products:
        if type(product.multiplier) is not int or product.multiplier < 1:
            raise NotProvedError(product)
        facts = [scene.recall(label, ">", ">=", "!=") for label in product.facts]
        for label in product.facts:
            if scene.known[label].compared == "!=" and product.facts.count(label) % 2:
                raise NotProvedError(label)
        positive |= all(fact.compared != ">=" for fact in facts) and not product.squares
        squares = [plain(scene, root) ** 2 for root in product.squares]
        values = [whole(scene, fact) for fact in facts]
        total += product.multiplier * sympy.prod([*values, *squares])
    for multiple in leaf.multiples:
        vanishing = whole(scene, scene.recall(multiple.equality, "=="))
        total += plain(scene, multiple.multiplier) * vanishing
    if not positive or sympy.expand(total) != 0:
        raise NotProvedError(leaf)


def choices(atom: Term) -> tuple[Term, Term]:
    if atom.head is Operator.ABS:
        return atom.arguments[0], -atom.arguments[0]
    if atom.head in {Operator.MIN, Operator.MAX, Operator.SELECT}:
        first, second = atom.arguments[-2:]
        return first, second
    raise NotProvedError(atom)


def settle(scene: Scene, node: tree.Resolve) -> Scene:
    first, second = choices(node.atom)
    scene.learn("", node.atom, "==")
    if isinstance(node.branch, bool) or node.branch not in {0, 1}:
        raise NotProvedError(node)
    taken, other = (second, first) if node.branch else (first, second)
    allowed: tuple[str, ...] = (">", ">=")
    if node.atom.head is Operator.MAX:
        condition = taken - other
    elif node.atom.head is Operator.MIN:
        condition = other - taken
    elif node.atom.head is Operator.ABS:
        condition = taken
    else:
        left, right = node.atom.arguments[:2]
        condition = left - right if node.branch else right - left
        allowed = (">",) if node.branch else allowed
    known = scene.recall(node.because, *allowed)
    if sympy.expand(whole(scene, known) - whole(scene, Known(condition, known.compared))) != 0:
        raise NotProvedError(node)
    return replace(scene, chosen={**scene.chosen, node.atom: taken})


def bound(scene: Scene, node: tree.Bounds) -> Scene:
    if node.atom.head is Operator.SELECT:
        raise NotProvedError(node)
    for index, choice in enumerate(choices(node.atom)):
        gap = choice - node.atom if node.atom.head is Operator.MIN else node.atom - choice
        scene = scene.learn(f"{node.label}.{index}", gap, ">=")
    first, second = choices(node.atom)
    return scene.learn(f"{node.label}.2", (node.atom - first) * (node.atom - second), "==")


def exchange(scene: Scene, variable: str, new: sympy.Expr) -> Scene:
    old = sympy.Symbol(variable)
    done = [one for one, _ in scene.replaced]
    if variable not in scene.declared or variable in scene.equal or old in done:
        raise NotProvedError(variable)
    return replace(scene, replaced=(*scene.replaced, (old, sympy.expand(new))))


def between(scene: Scene, node: tree.Barycentric) -> Scene:
    known = [scene.recall(label, ">", ">=") for label in (node.lower, node.upper)]
    low, high = (whole(scene, one) for one in known)
    x = value(scene, Term(node.variable))
    if node.parameter in scene.declared:
        raise NotProvedError(node.parameter)
    scene = replace(scene, declared=(*scene.declared, node.parameter))
    theta = Term(node.parameter)
    scene = exchange(scene, node.variable, x - low + symbol(theta) * (low + high))
    scene = scene.learn(f"{node.parameter}.0", theta, ">=")
    return scene.learn(f"{node.parameter}.1", Term(mpq(1)) - theta, ">=")


REFUTED = {"positive": (-1, ">="), "negative": (1, ">="), "nonzero": (1, "==")}


def follow(scene: Scene, node: tree.Node) -> None:
    match node:
        case tree.Leaf():
            close(scene, node)
        case tree.Split():
            follow(scene.learn(node.label, node.term, ">="), node.nonnegative)
            follow(scene.learn(node.label, -node.term, ">"), node.negative)
        case tree.Apart():
            known = scene.recall(node.fact, "!=")
            follow(scene.learn(node.label, known.term, ">"), node.positive)
            follow(scene.learn(node.label, -known.term, ">"), node.negative)
        case tree.Resolve():
            follow(settle(scene, node), node.rest)
        case tree.Bounds():
            follow(bound(scene, node), node.rest)
        case tree.Lemma():
            follow(scene.learn(node.label, *denied(node.relation)), node.proof)
            follow(scene.learn(node.label, *stated(node.relation)), node.rest)
        case tree.Divide():
            factor, compared = REFUTED[node.sign.value]
            follow(scene.learn(node.label, node.divisor * factor, compared), node.proof)
            signs = {**scene.signs, node.divisor: node.sign}
            follow(replace(scene, signs=signs), node.rest)
        case tree.Rewrite():
            vanishing = whole(scene, scene.recall(node.equality, "=="))
            x = value(scene, Term(node.variable))
            follow(exchange(scene, node.variable, x - number(node.factor) * vanishing), node.rest)
        case tree.Barycentric():
            follow(between(scene, node), node.rest)
        case _:
            raise NotProvedError(node)
