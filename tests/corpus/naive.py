"""A second, slow reading of terms and rules: fractions and recursion, nothing of refsem's readings.

What an obligation's evidence says is held against this one. Named functions are mpmath's, to so
many digits that a difference of `CLOSE` is a difference; without them everything is exact.
"""

from collections.abc import Callable, Iterable, Mapping
from fractions import Fraction

import mpmath

from refsem.exact.functions import Function
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
DIGITS = 120
CLOSE = Fraction(1, 10**60)

_FUNCTIONS: Mapping[str, Callable[[mpmath.mpf], mpmath.mpf]] = {
    "EXP": mpmath.exp,
    "LOG": mpmath.log,
    "SOFTPLUS": lambda x: mpmath.log(1 + mpmath.exp(x)),
    "TANH": mpmath.tanh,
    "SIGMOID": lambda x: 1 / (1 + mpmath.exp(-x)),
    "SIN": mpmath.sin,
    "COS": mpmath.cos,
    "SQRT": mpmath.sqrt,
    "FLOOR": mpmath.floor,
    "CEIL": mpmath.ceil,
    "ROUND": mpmath.nint,
    "TRUNC": lambda x: mpmath.sign(x) * mpmath.floor(abs(x)),
}


class UndefinedError(Exception):
    """A function outside its domain."""


def function_value(name: str, argument: Fraction) -> Fraction:
    """The value of a named function, nearly."""
    if (name == "LOG" and argument <= 0) or (name == "SQRT" and argument < 0):
        raise UndefinedError(name)
    with mpmath.workdps(DIGITS):
        found = _FUNCTIONS[name](mpmath.mpf(argument.numerator) / argument.denominator)
    sign, significand, exponent, _ = found._mpf_
    return (-1 if sign else 1) * int(significand) * Fraction(2) ** int(exponent)


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
    """The value of a term; `ZeroDivisionError` or `UndefinedError` where it has none."""
    if isinstance(root.head, str):
        return values[root.head]
    arguments = [value(argument, values) for argument in root.arguments]
    if isinstance(root.head, Function):
        return function_value(root.head.name, *arguments)
    if not isinstance(root.head, Operator):
        return Fraction(int(root.head.numerator), int(root.head.denominator))
    return _ARITHMETIC[root.head.name](*arguments)


def true(relation: Relation, values: Values) -> bool:
    """Whether a relation holds; errors as `value`'s."""
    difference = value(relation.left, values) - value(relation.right, values)
    if (has_function(relation.left) or has_function(relation.right)) and abs(difference) < CLOSE:
        difference = Fraction(0)
    return _COMPARED[relation.comparison.name](difference)


def has_function(root: Term) -> bool:
    """Whether a term applies a named function."""
    return isinstance(root.head, Function) or any(map(has_function, root.arguments))


def mentioned(root: Term) -> set[str]:
    """The variables of a term."""
    own = {root.head} if isinstance(root.head, str) else set()
    return own.union(*(mentioned(argument) for argument in root.arguments))


def moved_allowed(derived: Derived, values: Values) -> bool:
    """Whether the derived value is its term's, or lies on the side to which it may move."""
    moved = values[derived.name] - value(derived.term, values)
    return {"UP": moved >= 0, "DOWN": moved <= 0, "EXACT": moved == 0}[derived.outward.name]


def sides_hold(rule: Rule, values: Values) -> bool:
    """Whether every side holds that speaks only of values there are."""
    return all(
        true(side.relation, values)
        for side in rule.sides
        if mentioned(side.relation.left) | mentioned(side.relation.right) <= set(values)
        and not has_no_value((side.relation.left, side.relation.right), values)
    )


def is_undefined(rule: Rule, values: Values) -> bool:
    """Whether something in a rule divides by 0 or applies a function outside its domain."""
    relations = [one.relation for one in (*rule.sides, *rule.claims)]
    roots = [derived.term for derived in rule.derived]
    roots += [root for relation in relations for root in (relation.left, relation.right)]
    return has_no_value([root for root in roots if mentioned(root) <= set(values)], values)


def has_no_value(roots: Iterable[Term], values: Values) -> bool:
    """Whether a term divides by 0 or applies a function outside its domain."""
    try:
        for root in roots:
            value(root, values)
    except (ZeroDivisionError, UndefinedError):
        return True
    return False
