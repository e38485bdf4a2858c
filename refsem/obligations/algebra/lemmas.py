"""Lemmas worth proving first: what the search does not think of by itself, as data.

Each is a relation in the variables of a rule. It is proved from the rule's sides before it is
used, so that nothing here is believed: a wrong line costs a proof, never makes a false one pass.

Legend: as in the rule files; a power is above or below its tangents, its lower powers are in the
same order, a quotient is between planes for each end of its dividend.
"""

from collections.abc import Mapping

from refsem.ir.operators import Op
from refsem.ir.terms import Relation, Term, maximum, select, term
from refsem.rules import balls
from refsem.rules.boxes import inside, l, t, u, x
from refsem.rules.clips import alpha
from refsem.rules.powers import EVEN, ODD, power, tangent, times_itself


def _convex(op: Op, n: int, v: Term) -> Relation:
    """The tangent at x is at most the power at v."""
    return tangent(op, n, x)(v) <= power(op)(v)


def _squares(powers: tuple[int, ...]) -> tuple[Relation, ...]:
    """Lower powers than this one lie between the same two ends."""
    return tuple(
        relation
        for k in powers
        for relation in (
            times_itself(inside(0), k) <= times_itself(x, k),
            times_itself(x, k) <= maximum(times_itself(l, k), times_itself(u, k)),
        )
    )


def _monotone(n: int) -> tuple[Relation, ...]:
    """The power at x lies between those at the ends."""
    return (times_itself(l, n) <= times_itself(x, n), times_itself(x, n) <= times_itself(u, n))


def _right(op: Op, n: int) -> tuple[Relation, ...]:
    f, line = power(op), tangent(op, n, t)

    def positive(v: Term) -> Term:
        return select(v, 0, 0, v)

    left, at = select(x, 0, x, 0), tangent(op, n, positive(x))
    return (
        *(at(positive(e)) <= f(positive(e)) for e in (l, u)),
        f(left) <= line(left),
        term(0) <= line(term(0)),
    )


def _left(op: Op, n: int) -> tuple[Relation, ...]:
    f, line = power(op), tangent(op, n, t)

    def negative(v: Term) -> Term:
        return select(0, v, 0, v)

    right, at = select(0, x, x, 0), tangent(op, n, negative(x))
    return (
        *(f(negative(e)) <= at(negative(e)) for e in (l, u)),
        line(right) <= f(right),
        line(term(0)) <= term(0),
    )


_PRODUCT = (balls.c - balls.k) * (balls.x - balls.m)
_SQUARES = balls.p * (balls.c - balls.k) * (balls.c - balls.k) + balls.s * balls.w

_SCALED = (alpha * l <= alpha * x, alpha * x <= alpha * u)

LEMMAS: Mapping[str, tuple[Relation, ...]] = {
    "hard_sigmoid_interval": _SCALED,
    "hard_sigmoid_upper": _SCALED,
    "hard_sigmoid_lower": _SCALED,
    "hard_swish_lower": tuple(
        (2 * t + 3) * v - t * t <= v * (v + 3) for v in (x, term(3), -term(3))
    ),
    "l2_ball_lower": (-_SQUARES <= _PRODUCT,),
    "l2_ball_upper": (_PRODUCT <= _SQUARES,),
    "power6_interval": _squares((2,)),
    "power8_interval": _squares((2, 4)),
    **{f"{op.value}_upper": (_convex(op, n, l), _convex(op, n, u)) for op, n in EVEN},
    **{f"{op.value}_lower": (tangent(op, n, t)(x) <= power(op)(x),) for op, n in EVEN},
    **{f"{op.value}_interval": _monotone(n) for op, n in ODD},
    **{f"{op.value}_upper": _right(op, n) for op, n in ODD},
    **{f"{op.value}_lower": _left(op, n) for op, n in ODD},
}
"""Lemmas by the name of the rule."""
