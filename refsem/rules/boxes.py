"""Boxes of one and of two operands, and rules stated once for every function of a kind.

A function of one operand that is linear between some breakpoints is bounded over a box by any line
that bounds it at the ends of the box and at the breakpoints inside; a function of two operands
that is extreme at corners of its box, by any plane that bounds it there.

Legend: x in [l, u], or x in [lx, ux] and y in [ly, uy]; s, t slopes; b an intercept; lo, hi the
derived ends; v, w any numbers.
Source of all: convexity, as in CROWN (Zhang et al. 2018), restated for any slope.
"""

from collections.abc import Callable

from refsem.ir.operators import Op
from refsem.ir.terms import Term, maximum, minimum, variables
from refsem.rules.rule import Claim, Derived, Outward, Rule, Side

l, u, x, s, t, b, lo, hi = variables("l u x s t b lo hi")
lx, ux, ly, uy, y = variables("lx ux ly uy y")

BOX = (
    Side("lower_end", l <= x, because="x lies in the box"),
    Side("upper_end", x <= u, because="x lies in the box"),
)
BOX_XY = (
    Side("lower_end_x", lx <= x, because="x lies in its box"),
    Side("upper_end_x", x <= ux, because="x lies in its box"),
    Side("lower_end_y", ly <= y, because="y lies in its box"),
    Side("upper_end_y", y <= uy, because="y lies in its box"),
)

Function = Callable[[Term], Term]
Function2 = Callable[[Term, Term], Term]


def inside(v: Term | int) -> Term:
    """The number of the box nearest to v."""
    return minimum(maximum(v, l), u)


def greatest(*terms: Term) -> Term:
    """The greatest of some terms."""
    first, *rest = terms
    return maximum(first, greatest(*rest)) if rest else first


def least(*terms: Term) -> Term:
    """The least of some terms."""
    first, *rest = terms
    return minimum(first, least(*rest)) if rest else first


def _corners(f: Function2) -> tuple[Term, ...]:
    return tuple(f(v, w) for v in (lx, ux) for w in (ly, uy))


def interval(
    name: str,
    op: Op,
    f: Function,
    ends: tuple[Term, Term],
    because: str,
    source: str,
    given: tuple[Term, ...] = (),
    sides: tuple[Side, ...] = (),
) -> Rule:
    """The least and the greatest value of a function over the box are two terms."""
    return Rule(
        name=name,
        operator=op,
        given=(l, u, *given),
        chosen=(),
        derived=(Derived("lo", ends[0], Outward.DOWN), Derived("hi", ends[1], Outward.UP)),
        point=(x,),
        sides=(*BOX, *sides),
        claims=(Claim("lower", lo <= f(x)), Claim("upper", f(x) <= hi)),
        because=because,
        source=source,
    )


def line_above(
    name: str,
    op: Op,
    f: Function,
    ends: tuple[Term, ...],
    because: str,
    source: str,
    given: tuple[Term, ...] = (),
    sides: tuple[Side, ...] = (),
    bound: Function | None = None,
) -> Rule:
    """A line of any slope above f: it is above f, or a bound of f, at some points of the box."""
    at = bound or f
    return Rule(
        name=name,
        operator=op,
        given=(l, u, *given),
        chosen=(s,),
        derived=(Derived("b", greatest(*(at(end) - s * end for end in ends)), Outward.UP),),
        point=(x,),
        sides=(*BOX, *sides),
        claims=(Claim("upper", f(x) <= s * x + b),),
        because=because,
        source=source,
    )


def line_below(
    name: str,
    op: Op,
    f: Function,
    ends: tuple[Term, ...],
    because: str,
    source: str,
    given: tuple[Term, ...] = (),
    sides: tuple[Side, ...] = (),
    bound: Function | None = None,
) -> Rule:
    """A line of any slope below f: it is below f, or a bound of f, at some points of the box."""
    at = bound or f
    return Rule(
        name=name,
        operator=op,
        given=(l, u, *given),
        chosen=(s,),
        derived=(Derived("b", least(*(at(end) - s * end for end in ends)), Outward.DOWN),),
        point=(x,),
        sides=(*BOX, *sides),
        claims=(Claim("lower", s * x + b <= f(x)),),
        because=because,
        source=source,
    )


def interval_of_two(
    name: str,
    op: Op,
    f: Function2,
    ends: tuple[Term, Term],
    because: str,
    source: str,
    sides: tuple[Side, ...] = (),
) -> Rule:
    """The least and the greatest value of a function of two operands are two terms."""
    return Rule(
        name=name,
        operator=op,
        given=(lx, ux, ly, uy),
        chosen=(),
        derived=(Derived("lo", ends[0], Outward.DOWN), Derived("hi", ends[1], Outward.UP)),
        point=(x, y),
        sides=(*BOX_XY, *sides),
        claims=(Claim("lower", lo <= f(x, y)), Claim("upper", f(x, y) <= hi)),
        because=because,
        source=source,
    )


def plane_above(name: str, op: Op, f: Function2, because: str, source: str) -> Rule:
    """A plane of any slopes above a function that is extreme, less a plane, at corners."""
    at_corners = _corners(lambda v, w: f(v, w) - s * v - t * w)
    return Rule(
        name=name,
        operator=op,
        given=(lx, ux, ly, uy),
        chosen=(s, t),
        derived=(Derived("b", greatest(*at_corners), Outward.UP),),
        point=(x, y),
        sides=BOX_XY,
        claims=(Claim("upper", f(x, y) <= s * x + t * y + b),),
        because=because,
        source=source,
    )


def plane_below(name: str, op: Op, f: Function2, because: str, source: str) -> Rule:
    """A plane of any slopes below a function that is extreme, less a plane, at corners."""
    at_corners = _corners(lambda v, w: f(v, w) - s * v - t * w)
    return Rule(
        name=name,
        operator=op,
        given=(lx, ux, ly, uy),
        chosen=(s, t),
        derived=(Derived("b", least(*at_corners), Outward.DOWN),),
        point=(x, y),
        sides=BOX_XY,
        claims=(Claim("lower", s * x + t * y + b <= f(x, y)),),
        because=because,
        source=source,
    )


def corners(f: Function2) -> tuple[Term, Term]:
    """The least and the greatest value of a function at the corners of the box."""
    found = _corners(f)
    return least(*found), greatest(*found)
