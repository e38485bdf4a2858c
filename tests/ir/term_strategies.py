"""Random terms that divide by nothing zero, and their value by plain recursion in fractions."""

from collections.abc import Mapping
from fractions import Fraction

from gmpy2 import mpq
from hypothesis import strategies as st

from refsem.exact.functions import Function
from refsem.ir.terms import Operator, Term, select, term

NAMES = ("x", "y", "z")
NUMBERS = st.builds(Fraction, st.integers(-40, 40), st.sampled_from((1, 1, 2, 3, 12)))
POINTS = st.fixed_dictionaries(dict.fromkeys(NAMES, NUMBERS))
LEAVES = NUMBERS.map(term) | st.sampled_from(NAMES).map(Term)


def applied(parts: st.SearchStrategy[Term]) -> st.SearchStrategy[Term]:
    """An operator applied to smaller terms; a divisor is |d| + 1."""
    return st.tuples(st.sampled_from(Operator), parts, parts, LEAVES).map(combined)


def combined(drawn: tuple[Operator, Term, Term, Term]) -> Term:
    """One operator on these terms; a choice uses one of them twice, the same object."""
    operator, a, b, c = drawn
    match operator:
        case Operator.DIV:
            return a / (abs(b) + 1)
        case Operator.SELECT:
            return select(a, b, c, a)
        case _:
            return Term(operator, (a, b)[: operator.arity])


TERMS = st.recursive(LEAVES, applied, max_leaves=8)


def naive(root: Term, point: Mapping[str, Fraction]) -> Fraction:  # noqa: C901, PLR0911  a case a form
    """The value by recursion on the tree; written apart from every reading."""
    values = [naive(argument, point) for argument in root.arguments]
    match root.head:
        case Operator.ADD:
            return values[0] + values[1]
        case Operator.SUB:
            return values[0] - values[1]
        case Operator.MUL:
            return values[0] * values[1]
        case Operator.DIV:
            return values[0] / values[1]
        case Operator.NEG:
            return -values[0]
        case Operator.ABS:
            return values[0] if values[0] >= 0 else -values[0]
        case Operator.MIN:
            return min(values[0], values[1])
        case Operator.MAX:
            return max(values[1], values[0])
        case Operator.SELECT:
            return values[2] if values[0] <= values[1] else values[3]
        case str() as name:
            return point[name]
        case Function():
            raise AssertionError("these terms apply no function")
        case number:
            return Fraction(int(number.numerator), int(number.denominator))


def rational(value: Fraction) -> mpq:
    """The same number as an mpq."""
    return mpq(value.numerator, value.denominator)
