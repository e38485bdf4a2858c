"""Intervals and lines around sine and cosine, from bounds on their first two derivatives.

On a box of width w around t the lines leave a gap of w²/4 at most, and the interval is at most w
wider than the value at t; neither asks where the function bends.

Legend: as in `refsem.rules.lines`; wt is an upper bound on the value at t where vt is a lower one.
"""

from refsem.ir.operators import Op, meaning
from refsem.ir.terms import Term, maximum, minimum, variables
from refsem.rules import function_facts as facts
from refsem.rules.facts import Fact
from refsem.rules.lines import (
    BOX,
    b,
    cl,
    cu,
    hi,
    k,
    l,
    lo,
    slope_at_t,
    t,
    u,
    value_above,
    value_below,
    vt,
    x,
)
from refsem.rules.rule import Claim, Derived, Outward, Rule

(wt,) = variables("wt")


def _interval(name: str, op: Op, steepness: Fact, least: Fact, greatest: Fact) -> Rule:
    farthest = maximum(t - l, u - t)
    return Rule(
        name=name,
        operator=op,
        given=(l, u, vt, wt),
        chosen=(t,),
        derived=(
            Derived("lo", maximum(vt - farthest, -1), Outward.DOWN),
            Derived("hi", minimum(wt + farthest, 1), Outward.UP),
        ),
        point=(x,),
        sides=(
            *BOX,
            value_below("value_at_t_lower", vt, meaning(op, t)),
            value_above("value_at_t_upper", wt, meaning(op, t)),
        ),
        claims=(Claim("lower", lo <= meaning(op, x)), Claim("upper", meaning(op, x) <= hi)),
        because="the function changes by no more than its argument and stays between −1 and 1",
        source="mean value theorem",
        cites=(steepness.at(x, t), least.at(x), greatest.at(x)),
    )


def _upper(name: str, op: Op, parabola: Fact, slope: Term) -> Rule:
    return Rule(
        name=name,
        operator=op,
        given=(l, u, vt, cl, cu),
        chosen=(t, k),
        derived=(Derived("b", vt - k * t + _most(), Outward.UP),),
        point=(x,),
        sides=(*BOX, value_above("value_at_t", vt, meaning(op, t)), *slope_at_t(slope)),
        claims=(Claim("upper", meaning(op, x) <= k * x + b),),
        because="below a parabola, whose excess over the line is greatest at t or at an end",
        source="Taylor's theorem with a bound on the second derivative",
        cites=(parabola.at(t, x),),
    )


def _lower(name: str, op: Op, parabola: Fact, slope: Term) -> Rule:
    return Rule(
        name=name,
        operator=op,
        given=(l, u, vt, cl, cu),
        chosen=(t, k),
        derived=(Derived("b", vt - k * t + _least(), Outward.DOWN),),
        point=(x,),
        sides=(*BOX, value_below("value_at_t", vt, meaning(op, t)), *slope_at_t(slope)),
        claims=(Claim("lower", k * x + b <= meaning(op, x)),),
        because="above a parabola, whose excess over the line is least at t or at an end",
        source="Taylor's theorem with a bound on the second derivative",
        cites=(parabola.at(t, x),),
    )


def _bend(end: Term) -> Term:
    return (end - t) * (end - t) / 2


def _most() -> Term:
    """The greatest excess of the parabola over the line: at t, or at an end."""
    at_lower, at_upper = (cl - k) * (l - t) + _bend(l), (cu - k) * (u - t) + _bend(u)
    return maximum(0, maximum(at_lower, at_upper))


def _least() -> Term:
    """The least excess of the parabola over the line: at t, or at an end."""
    at_lower, at_upper = (cu - k) * (l - t) - _bend(l), (cl - k) * (u - t) - _bend(u)
    return minimum(0, minimum(at_lower, at_upper))


sin_interval = _interval(
    "sin_interval", Op.SIN, facts.sin_steepness, facts.sin_at_least_minus_one, facts.sin_at_most_one
)
sin_upper = _upper("sin_upper", Op.SIN, facts.sin_parabola_above, meaning(Op.COS, t))
sin_lower = _lower("sin_lower", Op.SIN, facts.sin_parabola_below, meaning(Op.COS, t))
cos_interval = _interval(
    "cos_interval", Op.COS, facts.cos_steepness, facts.cos_at_least_minus_one, facts.cos_at_most_one
)
cos_upper = _upper("cos_upper", Op.COS, facts.cos_parabola_above, -meaning(Op.SIN, t))
cos_lower = _lower("cos_lower", Op.COS, facts.cos_parabola_below, -meaning(Op.SIN, t))

RULES = (sin_interval, sin_upper, sin_lower, cos_interval, cos_upper, cos_lower)
