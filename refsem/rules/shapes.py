"""What a fact of each shape says of a function: derivatives, and the relations made with them.

A fact states its conclusion as a relation; the same relation is built here from the function and
the shape alone, so that a voucher knows what it vouches for. A derivative is a quotient of two
terms, the divisor positive inside the domain; relations are cleared of it.

Legend: x, y points, t the point of a tangent, l and u the ends of a chord, k a slope.
Source: elementary calculus.
"""

from collections.abc import Callable, Mapping

from refsem.exact.functions import Function
from refsem.ir.derivatives import slope
from refsem.ir.terms import Relation, Term, applied, term, variables
from refsem.rules.facts import Shape

k, l, t, u, x, y = variables("k l t u x y")


def _scaled(factor: Term, root: Term) -> Term:
    return root if factor == term(1) else factor * root


def _value_and_tangent(function: Function, t: Term, x: Term) -> tuple[Term, Term]:
    """The value at x and the tangent's at x, both times the slope's divisor."""
    dividend, divisor = slope(function, t)
    at_t, at_x = applied(function, t), applied(function, x)
    return _scaled(divisor, at_x), _scaled(divisor, at_t) + _scaled(dividend, x - t)


def _monotone(function: Function, x: Term, y: Term) -> Relation:
    return applied(function, x) <= applied(function, y)


def _steepness(function: Function, x: Term, y: Term) -> Relation:
    return abs(applied(function, x) - applied(function, y)) <= abs(x - y)


def _tangent_below(function: Function, t: Term, x: Term) -> Relation:
    value, tangent = _value_and_tangent(function, t, x)
    return tangent <= value


def _tangent_above(function: Function, t: Term, x: Term) -> Relation:
    value, tangent = _value_and_tangent(function, t, x)
    return value <= tangent


def _chord(function: Function, l: Term, u: Term, x: Term) -> tuple[Term, Term]:
    """The value at x and the chord's at x, both times u − l."""
    at_l, at_u, at_x = (applied(function, point) for point in (l, u, x))
    return (u - l) * at_x, (u - x) * at_l + (x - l) * at_u


def _chord_above(function: Function, l: Term, u: Term, x: Term) -> Relation:
    value, chord = _chord(function, l, u, x)
    return value <= chord


def _chord_below(function: Function, l: Term, u: Term, x: Term) -> Relation:
    value, chord = _chord(function, l, u, x)
    return chord <= value


def _least_slope(function: Function, *names: Term) -> Relation:
    k, _, _, x, y = names
    return k * (y - x) <= applied(function, y) - applied(function, x)


def _parabola_below(function: Function, t: Term, x: Term) -> Relation:
    value, tangent = _value_and_tangent(function, t, x)
    return 2 * (tangent - value) <= (x - t) * (x - t)


def _parabola_above(function: Function, t: Term, x: Term) -> Relation:
    value, tangent = _value_and_tangent(function, t, x)
    return 2 * (value - tangent) <= (x - t) * (x - t)


_STATEMENTS: Mapping[Shape, tuple[tuple[Term, ...], Callable[..., Relation]]] = {
    Shape.MONOTONE: ((x, y), _monotone),
    Shape.STEEPNESS: ((x, y), _steepness),
    Shape.TANGENT_BELOW: ((t, x), _tangent_below),
    Shape.TANGENT_ABOVE: ((t, x), _tangent_above),
    Shape.CHORD_BELOW: ((l, u, x), _chord_below),
    Shape.CHORD_ABOVE: ((l, u, x), _chord_above),
    Shape.LEAST_SLOPE: ((k, l, u, x, y), _least_slope),
    Shape.PARABOLA_BELOW: ((t, x), _parabola_below),
    Shape.PARABOLA_ABOVE: ((t, x), _parabola_above),
}


def _no_steeper(function: Function, end: Term) -> Relation:
    """The slope k is at most that of the function."""
    dividend, divisor = slope(function, end)
    return _scaled(divisor, k) <= dividend


_BETWEEN = (l <= x, x <= u)
_PREMISES: Mapping[Shape, Callable[[Function], tuple[Relation, ...]]] = {
    Shape.MONOTONE: lambda _: (x <= y,),
    Shape.CHORD_BELOW: lambda _: _BETWEEN,
    Shape.CHORD_ABOVE: lambda _: _BETWEEN,
    Shape.LEAST_SLOPE: lambda function: (
        *(l <= x, x <= y, y <= u),
        *(_no_steeper(function, end) for end in (l, u)),
    ),
}


def places(shape: Shape) -> tuple[Term, ...]:
    """The variables of a shape at which it looks at its function: all but slopes."""
    return tuple(variable for variable in variables_of(shape) if variable != k)


def variables_of(shape: Shape) -> tuple[Term, ...]:
    """The variables of a fact of this shape, in order; none for a shape that states nothing."""
    return _STATEMENTS[shape][0] if shape in _STATEMENTS else ()


def premises_of(shape: Shape, function: Function) -> tuple[Relation, ...]:
    """What has to hold of the variables for the statement to follow from the sign of f′ or f″."""
    return _PREMISES[shape](function) if shape in _PREMISES else ()


def statement(shape: Shape, function: Function) -> Relation:
    """What a fact of this shape concludes of a function, in the shape's variables.

    `KeyError` for a shape that states nothing, or needs a derivative that is not known.
    """
    names, relation = _STATEMENTS[shape]
    return relation(function, *names)
