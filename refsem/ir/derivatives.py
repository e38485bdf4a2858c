"""Derivatives of terms, as terms: what the meaning of an elementwise operator is differentiated by.

The derivative of a choice (max, min, abs, select) is the derivative of the branch that is taken;
where two branches meet, and where a step jumps, there may be none. `has_kinks` says whether a term
has steps, or chooses between branches of different derivatives, so that a caller can refuse it.

Source: elementary calculus. The derivative of a named function is stated as a quotient, its
divisor positive inside the function's domain.
"""

from collections.abc import Callable, Mapping

from gmpy2 import mpq

from refsem.exact.functions import STEPS, Function
from refsem.ir.terms import Operator, Term, applied, select, subterms, term

ZERO, ONE = term(0), term(1)


class NoDerivativeError(ValueError):
    """A term whose derivative cannot be written down; the message says what stands in the way."""


def _one_minus_square(t: Term) -> Term:
    value = applied(Function.TANH, t)
    return 1 - value * value


def _logistic(t: Term) -> Term:
    value = applied(Function.SIGMOID, t)
    return value * (1 - value)


_SLOPES: Mapping[Function, Callable[[Term], tuple[Term, Term]]] = {
    Function.EXP: lambda t: (applied(Function.EXP, t), ONE),
    Function.EXPM1: lambda t: (applied(Function.EXP, t), ONE),
    Function.LOG: lambda t: (ONE, t),
    Function.LOG1P: lambda t: (ONE, 1 + t),
    Function.SOFTPLUS: lambda t: (applied(Function.SIGMOID, t), ONE),
    Function.TANH: lambda t: (_one_minus_square(t), ONE),
    Function.SIGMOID: lambda t: (_logistic(t), ONE),
    Function.SQRT: lambda t: (ONE, 2 * applied(Function.SQRT, t)),
    Function.SIN: lambda t: (applied(Function.COS, t), ONE),
    Function.COS: lambda t: (-applied(Function.SIN, t), ONE),
    Function.TAN: lambda t: (1 + applied(Function.TAN, t) * applied(Function.TAN, t), ONE),
    Function.SINH: lambda t: (applied(Function.COSH, t), ONE),
    Function.COSH: lambda t: (applied(Function.SINH, t), ONE),
    Function.ATAN: lambda t: (ONE, 1 + t * t),
}


def slope(function: Function, at: Term) -> tuple[Term, Term]:
    """The derivative as dividend and positive divisor; `KeyError` for a function without one."""
    return _SLOPES[function](at)


def derivative(root: Term, name: str) -> Term:
    """The derivative in a variable, of the branch taken where there is a choice.

    `NoDerivativeError` for a function whose derivative is not known here.
    """
    known: dict[int, Term] = {}
    for node in subterms(root):
        known[id(node)] = _of(node, name, [known[id(argument)] for argument in node.arguments])
    return known[id(root)]


def _of(node: Term, name: str, inner: list[Term]) -> Term:
    """The derivative of a term, from those of its arguments."""
    match node.head:
        case Operator() as operator:
            return _OPERATORS[operator](*node.arguments, *inner)
        case Function() as function:
            if inner[0] == ZERO or function in STEPS:
                return ZERO
            if function not in _SLOPES:
                raise NoDerivativeError(f"the derivative of {function.value} is not known here")
            dividend, divisor = slope(function, node.arguments[0])
            return quotient(product(dividend, inner[0]), divisor)
        case str() as variable:
            return ONE if variable == name else ZERO
        case _:
            return ZERO


def total(one: Term, other: Term) -> Term:
    """The sum, without what is zero."""
    if one == ZERO:
        return other
    return one if other == ZERO else one + other


def product(one: Term, other: Term) -> Term:
    """The product, without what is one and zero where a factor is."""
    if ZERO in (one, other):
        return ZERO
    if one == ONE:
        return other
    return one if other == ONE else one * other


def quotient(one: Term, other: Term) -> Term:
    """The quotient, without a divisor that is one and zero where the dividend is."""
    return one if one == ZERO or other == ONE else one / other


def negative(one: Term) -> Term:
    """The negative; of a constant, the constant."""
    return Term(-one.head) if isinstance(one.head, type(mpq())) else -one


def chosen(a: Term, b: Term, one: Term, other: Term) -> Term:
    """`one` where a ≤ b, else `other`; no choice where they are the same."""
    return one if one == other else select(a, b, one, other)


_OPERATORS: Mapping[Operator, Callable[..., Term]] = {
    Operator.ADD: lambda _x, _y, dx, dy: total(dx, dy),
    Operator.SUB: lambda _x, _y, dx, dy: total(dx, negative(dy)) if dy != ZERO else dx,
    Operator.MUL: lambda x, y, dx, dy: total(product(dx, y), product(x, dy)),
    Operator.DIV: lambda x, y, dx, dy: total(
        quotient(dx, y), negative(quotient(product(x, dy), y * y)) if dy != ZERO else ZERO
    ),
    Operator.NEG: lambda _x, dx: negative(dx),
    Operator.MIN: chosen,
    Operator.MAX: lambda x, y, dx, dy: chosen(x, y, dy, dx),
    Operator.ABS: lambda x, dx: chosen(ZERO, x, dx, negative(dx)),
    Operator.SELECT: lambda a, b, _x, _y, _da, _db, dx, dy: chosen(a, b, dx, dy),
}


def has_kinks(root: Term, name: str) -> bool:
    """Whether the term steps, or chooses between different derivatives, by the variable."""
    for node in subterms(root):
        if node.head in STEPS and derivative(node.arguments[0], name) != ZERO:
            return True
        if node.head not in {Operator.MIN, Operator.MAX, Operator.ABS, Operator.SELECT}:
            continue
        slopes = [derivative(argument, name) for argument in node.arguments]
        if node.head is Operator.ABS and slopes[0] != ZERO:
            return True
        if node.head is Operator.SELECT and slopes[:2] != [ZERO, ZERO]:
            return True
        if node.head in {Operator.MIN, Operator.MAX} and slopes[0] != slopes[1]:
            return True
    return False
