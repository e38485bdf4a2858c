"""Random terms that divide by nothing zero, and their value by plain recursion in fractions."""

from collections.abc import Mapping
from fractions import Fraction

from gmpy2 import mpq
from hypothesis import strategies as st

from refsem.ir.terms import Operator, Term, select, term

NAMES = ("x", "y", "z")
NUMBERS = st.fractions(-20, 20, max_denominator=12)
POINTS = st.fixed_dictionaries(dict.fromkeys(NAMES, NUMBERS))
LEAVES = NUMBERS.map(term) | st.sampled_from(NAMES).map(Term)


def applied(parts: st.SearchStrategy[Term]) -> st.SearchStrategy[Term]:
    """An operator applied to smaller terms; a divisor is |d| + 1."""
    pairs = st.sampled_from([one for one in Operator if one.arity == 2 and one is not Operator.DIV])
    singles = st.sampled_from([one for one in Operator if one.arity == 1])
    return st.one_of(
        st.builds(lambda one, a, b: Term(one, (a, b)), pairs, parts, parts),
        st.builds(lambda one, a: Term(one, (a,)), singles, parts),
        st.builds(lambda a, b: a / (abs(b) + 1), parts, parts),
        st.builds(select, parts, parts, parts, parts),
        st.builds(lambda one, a: Term(one, (a, a)), pairs, parts),
    )


TERMS = st.recursive(LEAVES, applied, max_leaves=12)


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
        case number:
            return Fraction(int(number.numerator), int(number.denominator))


def rational(value: Fraction) -> mpq:
    """The same number as an mpq."""
    return mpq(value.numerator, value.denominator)
