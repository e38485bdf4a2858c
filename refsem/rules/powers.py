"""Squares and integer powers up to the eighth, on any box: intervals, and lines of any slope.

An even power is convex: a line above it at both ends of the box is above it, and it is above its
tangents. An odd power is so right of 0 and the mirror image left of 0; a bound that is the power
on one side and a tangent on the other serves boxes of every sign.

Legend: x in [l, u]; s a slope; b an intercept; t the point of a tangent; v any number; n the
exponent.
"""

from refsem.ir.operators import Op, meaning
from refsem.ir.terms import Term, select
from refsem.rules import boxes
from refsem.rules.boxes import BOX, Function, b, greatest, inside, l, least, s, t, u, x
from refsem.rules.rule import Claim, Derived, Outward, Rule, Side

EVEN = ((Op.SQUARE, 2), (Op.POWER4, 4), (Op.POWER6, 6), (Op.POWER8, 8))
ODD = ((Op.CUBE, 3), (Op.POWER5, 5), (Op.POWER7, 7))
_CROWN = "CROWN (Zhang et al. 2018), {} line; restated for any slope"


def power(op: Op) -> Function:
    """The catalogue's power."""
    return lambda v: meaning(op, v)


def times_itself(v: Term, n: int) -> Term:
    """The number multiplied by itself."""
    return times_itself(v, n - 1) * v if n > 1 else v


def tangent(op: Op, n: int, at: Term) -> Function:
    """The tangent of a power at a number."""
    return lambda v: power(op)(at) + n * times_itself(at, n - 1) * (v - at)


def _even(op: Op, n: int) -> tuple[Rule, ...]:
    f, line = power(op), tangent(op, n, t)
    return (
        boxes.interval(
            f"{op.value}_interval",
            op,
            f,
            (f(inside(0)), greatest(f(l), f(u))),
            because="an even power grows with the distance from 0",
            source="Moore 1966",
        ),
        boxes.line_above(
            f"{op.value}_upper",
            op,
            f,
            (l, u),
            because="an even power is convex: a line above it at both ends is above it throughout",
            source=_CROWN.format("upper"),
        ),
        Rule(
            name=f"{op.value}_lower",
            operator=op,
            given=(l, u),
            chosen=(s, t),
            derived=(Derived("b", least(line(l) - s * l, line(u) - s * u), Outward.DOWN),),
            point=(x,),
            sides=BOX,
            claims=(Claim("lower", s * x + b <= f(x)),),
            because="an even power is above its tangents, which are above this line in the box",
            source=_CROWN.format("tangent"),
        ),
    )


_LEFT = Side("tangent_left", t <= 0, because="right of 0 a tangent passes below the function")
_RIGHT = Side("tangent_right", t >= 0, because="left of 0 a tangent passes above the function")


def _odd(op: Op, n: int) -> tuple[Rule, ...]:
    f, line = power(op), tangent(op, n, t)

    def above(v: Term) -> Term:
        """The tangent left of 0, the function right of it."""
        return select(v, 0, line(v), f(v))

    def below(v: Term) -> Term:
        """The tangent right of 0, the function left of it."""
        return select(0, v, line(v), f(v))

    ends = (l, u, inside(0))
    return (
        boxes.interval(
            f"{op.value}_interval",
            op,
            f,
            (f(l), f(u)),
            because="an odd power is monotone",
            source="Moore 1966",
        ),
        Rule(
            name=f"{op.value}_upper",
            operator=op,
            given=(l, u),
            chosen=(s, t),
            derived=(Derived("b", greatest(*(above(e) - s * e for e in ends)), Outward.UP),),
            point=(x,),
            sides=(*BOX, _LEFT),
            claims=(Claim("upper", f(x) <= s * x + b),),
            because="left of 0 the power is below its tangents, right of 0 it is convex",
            source=_CROWN.format("upper"),
        ),
        Rule(
            name=f"{op.value}_lower",
            operator=op,
            given=(l, u),
            chosen=(s, t),
            derived=(Derived("b", least(*(below(e) - s * e for e in ends)), Outward.DOWN),),
            point=(x,),
            sides=(*BOX, _RIGHT),
            claims=(Claim("lower", s * x + b <= f(x)),),
            because="right of 0 the power is above its tangents, left of 0 it is concave",
            source=_CROWN.format("lower"),
        ),
    )


RULES = tuple(
    rule
    for exponents, rules in ((EVEN, _even), (ODD, _odd))
    for op, n in exponents
    for rule in rules(op, n)
)
