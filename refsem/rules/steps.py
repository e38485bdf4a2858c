"""Step functions: floor, ceil, round and the integer part; the sign; and comparisons with 0.

The first four stay near their argument, between x - p and x + q, and are monotone: over a box
they lie between two lines of slope 1 and between their values at the ends. A line of any slope is
a bound if it bounds the lesser of the two at the ends and where they cross.

Names: `floor_step_lower` is about the operator; `floor_lower` of `refsem.rules.forms` is not.
Legend: x in [l, u]; k and s slopes; b an intercept; vl, vu bounds on the values at l and u.
"""

from fractions import Fraction

from refsem.ir.operators import Op, meaning
from refsem.ir.terms import Term, maximum, minimum, term
from refsem.rules import boxes, lines
from refsem.rules import function_facts as facts
from refsem.rules.boxes import greatest, inside, least, s
from refsem.rules.facts import Fact
from refsem.rules.lines import BOX, b, k, l, u, vl, vu, x
from refsem.rules.rule import Claim, Derived, Outward, Rule

_NONE, _HALF, _ONE = Fraction(0), Fraction(1, 2), Fraction(1)
_BECAUSE = "the function stays near its argument and does not pass its value at the end of the box"
_SOURCE = "the definition of the function; a line of any slope, as in CROWN (Zhang et al. 2018)"


def _upper(op: Op, near: Fact, rising: Fact, most: Fraction) -> Rule:
    """A line of any slope above a step function that is at most x + most."""

    def bound(v: Term) -> Term:
        return minimum(v + term(most), vu)

    ends = (l, u, inside(vu - term(most)))
    return Rule(
        name=f"{op.value}_step_upper",
        operator=op,
        given=(l, u, vu),
        chosen=(k,),
        derived=(Derived("b", greatest(*(bound(end) - k * end for end in ends)), Outward.UP),),
        point=(x,),
        sides=(*BOX, lines.value_above("value_at_upper_end", vu, meaning(op, u))),
        claims=(Claim("upper", meaning(op, x) <= k * x + b),),
        because=_BECAUSE,
        source=_SOURCE,
        cites=(near.at(x), rising.at(x, u)),
    )


def _lower(op: Op, near: Fact, rising: Fact, most: Fraction) -> Rule:
    """A line of any slope below a step function that is at least x - most."""

    def bound(v: Term) -> Term:
        return maximum(v - term(most), vl)

    ends = (l, u, inside(vl + term(most)))
    return Rule(
        name=f"{op.value}_step_lower",
        operator=op,
        given=(l, u, vl),
        chosen=(k,),
        derived=(Derived("b", least(*(bound(end) - k * end for end in ends)), Outward.DOWN),),
        point=(x,),
        sides=(*BOX, lines.value_below("value_at_lower_end", vl, meaning(op, l))),
        claims=(Claim("lower", k * x + b <= meaning(op, x)),),
        because=_BECAUSE,
        source=_SOURCE,
        cites=(near.at(x), rising.at(l, x)),
    )


def _whole(
    op: Op, near: tuple[Fact, Fact], rising: Fact, far: tuple[Fraction, Fraction]
) -> tuple[Rule, ...]:
    """The rules about a step function that is at most x + far[0] and at least x - far[1]."""
    interval = lines.interval(
        f"{op.value}_step_interval", op, rising, (), least=vl, greatest=vu, ranges=()
    )
    at_most, at_least = near
    return interval, _upper(op, at_most, rising, far[0]), _lower(op, at_least, rising, far[1])


WHOLE = (
    *_whole(
        Op.FLOOR, (facts.floor_at_most, facts.floor_at_least), facts.floor_monotone, (_NONE, _ONE)
    ),
    *_whole(Op.CEIL, (facts.ceil_at_most, facts.ceil_at_least), facts.ceil_monotone, (_ONE, _NONE)),
    *_whole(
        Op.ROUND, (facts.round_at_most, facts.round_at_least), facts.round_monotone, (_HALF, _HALF)
    ),
    *_whole(
        Op.TRUNC, (facts.trunc_at_most, facts.trunc_at_least), facts.trunc_monotone, (_ONE, _ONE)
    ),
)


def _jump(op: Op) -> tuple[Rule, ...]:
    """The rules about a function that is constant on either side of 0, and rises there."""

    def f(v: Term) -> Term:
        return meaning(op, v)

    why = "the function rises at 0 and nowhere else"
    return (
        boxes.interval(f"{op.value}_interval", op, f, (f(l), f(u)), why, _SOURCE),
        _jump_line(op, "upper", greatest(f(l) - s * l, f(u) - s * u, f(u) - s * inside(0)), why),
        _jump_line(op, "lower", least(f(l) - s * l, f(u) - s * u, f(l) - s * inside(0)), why),
    )


def _jump_line(op: Op, side: str, intercept: Term, why: str) -> Rule:
    line, value = s * x + b, meaning(op, x)
    return Rule(
        name=f"{op.value}_{side}",
        operator=op,
        given=(l, u),
        chosen=(s,),
        derived=(Derived("b", intercept, Outward.UP if side == "upper" else Outward.DOWN),),
        point=(x,),
        sides=BOX,
        claims=(Claim(side, value <= line if side == "upper" else line <= value),),
        because=why,
        source=_SOURCE,
    )


def _zero(v: Term) -> Term:
    return meaning(Op.ZERO, v)


_AT_ZERO = "only at 0 is the function 1"
_ZERO_LEAST, _ZERO_MOST = least(_zero(l), _zero(u)), _zero(inside(0))
ZERO = (
    boxes.interval("zero_interval", Op.ZERO, _zero, (_ZERO_LEAST, _ZERO_MOST), _AT_ZERO, _SOURCE),
    boxes.line_above(
        "zero_upper", Op.ZERO, _zero, (l, u), _AT_ZERO, _SOURCE, bound=lambda _: _ZERO_MOST
    ),
    boxes.line_below(
        "zero_lower", Op.ZERO, _zero, (l, u), _AT_ZERO, _SOURCE, bound=lambda _: _ZERO_LEAST
    ),
)

RULES = (*WHOLE, *_jump(Op.SIGN), *_jump(Op.POSITIVE), *_jump(Op.NONNEGATIVE), *ZERO)
