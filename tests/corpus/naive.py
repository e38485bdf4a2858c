"""A second, slow reading of terms and rules: fractions and recursion, nothing of refsem's readings.

What an obligation's evidence says is held against this one.
"""

from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction

from refsem.ir.terms import Operator, Relation, Term
from refsem.obligations.obligation import Point
from refsem.rules import Derived, Rule

Values = Mapping[str, Fraction]

_ARITHMETIC: Mapping[str, Callable[..., Fraction]] = {
    "ADD": lambda a, b: a + b,
    "SUB": lambda a, b: a - b,
    "MUL": lambda a, b: a * b,
    "DIV": lambda a, b: a / b,
    "NEG": lambda a: 0 - a,
    "MIN": lambda a, b: (a + b - abs(a - b)) / 2,
    "MAX": lambda a, b: (a + b + abs(a - b)) / 2,
    "ABS": lambda a: a if a > 0 else 0 - a,
    "SELECT": lambda a, b, x, y: y if a > b else x,
}
_COMPARED: Mapping[str, Callable[[Fraction], bool]] = {
    "LE": lambda difference: difference <= 0,
    "LT": lambda difference: difference < 0,
    "EQ": lambda difference: difference == 0,
    "NE": lambda difference: difference != 0,
}


def values_of(point: Point) -> dict[str, Fraction]:
    """The point's coordinates as fractions."""
    return {name: Fraction(int(v.numerator), int(v.denominator)) for name, v in point.values}


def value(root: Term, values: Values) -> Fraction:
    """The value of a term; `ZeroDivisionError` where it has none."""
    if isinstance(root.head, str):
        return values[root.head]
    if not isinstance(root.head, Operator):
        return Fraction(int(root.head.numerator), int(root.head.denominator))
    arguments = [value(argument, values) for argument in root.arguments]
    return _ARITHMETIC[root.head.name](*arguments)


def true(relation: Relation, values: Values) -> bool:
    """Whether a relation holds; `ZeroDivisionError` where a side of it has no value."""
    difference = value(relation.left, values) - value(relation.right, values)
    return _COMPARED[relation.comparison.name](difference)


def mentioned(root: Term) -> set[str]:
    """The variables of a term."""
    own = {root.head} if isinstance(root.head, str) else set()
    return own.union(*(mentioned(argument) for argument in root.arguments))


def divisor_values(root: Term, values: Values) -> Iterator[Fraction]:
    """The values of the divisors in a term, those inside first."""
    for argument in root.arguments:
        yield from divisor_values(argument, values)
    if isinstance(root.head, Operator) and root.head.name == "DIV":
        yield value(root.arguments[1], values)


def moved_allowed(derived: Derived, values: Values) -> bool:
    """Whether the derived value is its term's, or lies on the side to which it may move."""
    moved = values[derived.name] - value(derived.term, values)
    return {"UP": moved >= 0, "DOWN": moved <= 0, "EXACT": moved == 0}[derived.outward.name]


def sides_hold(rule: Rule, values: Values) -> bool:
    """Whether every side holds that speaks only of values there are."""
    relations = [side.relation for side in rule.sides]
    return all(
        true(relation, values)
        for relation in relations
        if mentioned(relation.left) | mentioned(relation.right) <= set(values)
    )


def has_zero_divisor(rule: Rule, values: Values) -> bool:
    """Whether a derived value or a claim, in order, comes upon a divisor that is 0."""
    relations = [claim.relation for claim in rule.claims]
    roots = [derived.term for derived in rule.derived]
    roots += [root for relation in relations for root in (relation.left, relation.right)]
    return any(
        divisor == 0
        for root in roots
        if mentioned(root) <= set(values)
        for divisor in divisor_values(root, values)
    )
