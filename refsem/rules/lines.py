"""Lines and intervals around a function, stated once for every function of a kind.

Each statement here becomes a rule once an operator and its facts are put in. Slopes are chosen
freely; an intercept is derived from rational bounds on a few values of the function, which enter
as given and whose sides say what they bound, so that nothing irrational is ever computed.

Legend: x in [l, u]; k a slope and b an intercept; t the point of a tangent; vl, vu, vt bounds on
the values at l, u and t; cl, cu bounds on the slope at t.
Source of all: convexity, as in CROWN (Zhang et al. 2018), restated for any slope.
"""

from refsem.ir.operators import Op, meaning
from refsem.ir.terms import Term, maximum, minimum, select, term, variables
from refsem.rules.facts import Cited, Fact
from refsem.rules.rule import Claim, Derived, Outward, Rule, Side

l, u, x, k, t, b = variables("l u x k t b")
vl, vu, vt, cl, cu, lo, hi = variables("vl vu vt cl cu lo hi")
bl, bu = variables("bl bu")

BOX = (
    Side("lower_end", l <= x, because="x lies in the box"),
    Side("upper_end", x <= u, because="x lies in the box"),
)
LEFT = Side("left", u <= 0, because="the function is convex left of 0, and not right of it")
RIGHT = Side("right", l >= 0, because="the function is concave right of 0, and not left of it")
T_LEFT = Side("tangent_left", t <= 0, because="right of 0 a tangent passes above the function")
T_RIGHT = Side("tangent_right", t >= 0, because="left of 0 a tangent passes below the function")
POSITIVE = Side("positive", l > 0, because="the function has a value only right of 0")


def value_below(name: str, bound: Term, value: Term) -> Side:
    """The side that a rational bounds a value of the function from below."""
    return Side(name, bound <= value, because="a lower bound of a value of the function")


def value_above(name: str, bound: Term, value: Term) -> Side:
    """The side that a rational bounds a value of the function from above."""
    return Side(name, value <= bound, because="an upper bound of a value of the function")


def slope_at_t(slope: Term) -> tuple[Side, Side]:
    """The sides that two rationals bound the slope at t."""
    return (
        Side("least_slope", cl <= slope, because="a lower bound of the slope at t"),
        Side("greatest_slope", slope <= cu, because="an upper bound of the slope at t"),
    )


def _greatest(lower: Term) -> Term:
    """The greatest excess, from `lower` to u, of a tangent at t over a line of slope k."""
    return maximum(0, maximum((cl - k) * (lower - t), (cu - k) * (u - t)))


def _least(upper: Term) -> Term:
    """The least excess, from l to `upper`, of a tangent at t over a line of slope k."""
    return minimum(0, minimum((cu - k) * (l - t), (cl - k) * (upper - t)))


def interval(
    name: str,
    op: Op,
    rising: Fact,
    where: tuple[Side, ...],
    *,
    least: Term,
    greatest: Term,
    ranges: tuple[Cited, ...],
) -> Rule:
    """The values at the ends, or `least` and `greatest` of them and of the function's range."""
    return Rule(
        name=name,
        operator=op,
        given=(l, u, vl, vu),
        chosen=(),
        derived=(Derived("lo", least, Outward.DOWN), Derived("hi", greatest, Outward.UP)),
        point=(x,),
        sides=(
            *BOX,
            *where,
            value_below("value_at_lower_end", vl, meaning(op, l)),
            value_above("value_at_upper_end", vu, meaning(op, u)),
        ),
        claims=(Claim("lower", lo <= meaning(op, x)), Claim("upper", meaning(op, x) <= hi)),
        because="the function is monotone and does not leave its range",
        source="IBP (Gowal et al. 2018), with given bounds of the values at the ends",
        cites=(rising.at(l, x), rising.at(x, u), *ranges),
    )


def above_chord(name: str, op: Op, chord: Fact, rising: Fact, where: tuple[Side, ...]) -> Rule:
    """A line of any slope above a convex function."""
    return Rule(
        name=name,
        operator=op,
        given=(l, u, vl, vu),
        chosen=(k,),
        derived=(Derived("b", maximum(vl - k * l, vu - k * u), Outward.UP),),
        point=(x,),
        sides=(
            *BOX,
            *where,
            value_above("value_at_lower_end", vl, meaning(op, l)),
            value_above("value_at_upper_end", vu, meaning(op, u)),
        ),
        claims=(Claim("upper", meaning(op, x) <= k * x + b),),
        because="a line above a convex function at both ends of the box is above its chord",
        source="CROWN (Zhang et al. 2018), chord; intercept re-derived for any slope",
        cites=(chord.at(l, u, x), rising.at(x, u)),
    )


def below_chord(name: str, op: Op, chord: Fact, rising: Fact, where: tuple[Side, ...]) -> Rule:
    """A line of any slope below a concave function."""
    return Rule(
        name=name,
        operator=op,
        given=(l, u, vl, vu),
        chosen=(k,),
        derived=(Derived("b", minimum(vl - k * l, vu - k * u), Outward.DOWN),),
        point=(x,),
        sides=(
            *BOX,
            *where,
            value_below("value_at_lower_end", vl, meaning(op, l)),
            value_below("value_at_upper_end", vu, meaning(op, u)),
        ),
        claims=(Claim("lower", k * x + b <= meaning(op, x)),),
        because="a line below a concave function at both ends of the box is below its chord",
        source="CROWN (Zhang et al. 2018), chord; intercept re-derived for any slope",
        cites=(chord.at(l, u, x), rising.at(l, x)),
    )


def below_tangent(name: str, op: Op, tangent: Fact, slope: Term, where: tuple[Side, ...]) -> Rule:
    """A line of any slope below a convex function, from its tangent at any t."""
    return Rule(
        name=name,
        operator=op,
        given=(l, u, vt, cl, cu),
        chosen=(t, k),
        derived=(Derived("b", vt - k * t + _least(u), Outward.DOWN),),
        point=(x,),
        sides=(*BOX, *where, value_below("value_at_t", vt, meaning(op, t)), *slope_at_t(slope)),
        claims=(Claim("lower", k * x + b <= meaning(op, x)),),
        because="a convex function is above its tangents, which are above this line in the box",
        source="CROWN (Zhang et al. 2018), tangent; intercept re-derived for any slope",
        cites=(tangent.at(t, x),),
    )


def above_tangent(name: str, op: Op, tangent: Fact, slope: Term, where: tuple[Side, ...]) -> Rule:
    """A line of any slope above a concave function, from its tangent at any t."""
    return Rule(
        name=name,
        operator=op,
        given=(l, u, vt, cl, cu),
        chosen=(t, k),
        derived=(Derived("b", vt - k * t + _greatest(l), Outward.UP),),
        point=(x,),
        sides=(*BOX, *where, value_above("value_at_t", vt, meaning(op, t)), *slope_at_t(slope)),
        claims=(Claim("upper", meaning(op, x) <= k * x + b),),
        because="a concave function is below its tangents, which are below this line in the box",
        source="CROWN (Zhang et al. 2018), tangent; intercept re-derived for any slope",
        cites=(tangent.at(t, x),),
    )


def above_everywhere(
    name: str, op: Op, *, chord: Fact, tangent: Fact, rising: Fact, slope: Term
) -> Rule:
    """A line above an S-shaped function on any box: a chord left of 0, a tangent right of it."""
    right, left, last = maximum(x, 0), minimum(x, 0), minimum(u, 0)
    at_upper_end = select(u, 0, vu - k * u, vt - k * t + _greatest(term(0)))
    return Rule(
        name=name,
        operator=op,
        given=(l, u, vl, vu, vt, cl, cu),
        chosen=(t, k),
        derived=(Derived("b", maximum(vl - k * l, at_upper_end), Outward.UP),),
        point=(x,),
        sides=(
            *BOX,
            T_RIGHT,
            value_above("value_at_lower_end", vl, meaning(op, l)),
            value_above("value_at_upper_end", vu, meaning(op, u)),
            value_above("value_at_t", vt, meaning(op, t)),
            *slope_at_t(slope),
        ),
        claims=(Claim("upper", meaning(op, x) <= k * x + b),),
        because="right of 0 the line is above a tangent; left of 0 it is above the function at l "
        "and at the lesser of 0 and u, so above the chord between them",
        source="CROWN (Zhang et al. 2018), S-shaped functions; intercept re-derived for any slope",
        cites=(
            tangent.at(t, right, named="tangent_right_of_0"),
            tangent.at(t, 0, named="tangent_at_0"),
            chord.at(minimum(l, 0), last, left, named="chord_left_of_0"),
            rising.at(x, u),
            rising.at(left, last, named="rising_left_of_0"),
        ),
    )


def below_everywhere(
    name: str, op: Op, *, chord: Fact, tangent: Fact, rising: Fact, slope: Term
) -> Rule:
    """A line below an S-shaped function on any box: a chord right of 0, a tangent left of it."""
    right, left, first = maximum(x, 0), minimum(x, 0), maximum(0, l)
    at_lower_end = select(0, l, vl - k * l, vt - k * t + _least(term(0)))
    return Rule(
        name=name,
        operator=op,
        given=(l, u, vl, vu, vt, cl, cu),
        chosen=(t, k),
        derived=(Derived("b", minimum(vu - k * u, at_lower_end), Outward.DOWN),),
        point=(x,),
        sides=(
            *BOX,
            T_LEFT,
            value_below("value_at_lower_end", vl, meaning(op, l)),
            value_below("value_at_upper_end", vu, meaning(op, u)),
            value_below("value_at_t", vt, meaning(op, t)),
            *slope_at_t(slope),
        ),
        claims=(Claim("lower", k * x + b <= meaning(op, x)),),
        because="left of 0 the line is below a tangent; right of 0 it is below the function at u "
        "and at the greater of 0 and l, so below the chord between them",
        source="CROWN (Zhang et al. 2018), S-shaped functions; intercept re-derived for any slope",
        cites=(
            tangent.at(t, left, named="tangent_left_of_0"),
            tangent.at(t, 0, named="tangent_at_0"),
            chord.at(first, maximum(u, 0), right, named="chord_right_of_0"),
            rising.at(l, x),
            rising.at(first, right, named="rising_right_of_0"),
        ),
    )


def parallel(name: str, op: Op, steep: Fact, slope_at_l: Term, slope_at_u: Term) -> Rule:
    """Two lines of one slope around an S-shaped function on any box, each through an end."""
    return Rule(
        name=name,
        operator=op,
        given=(l, u, vl, vu),
        chosen=(k,),
        derived=(
            Derived("bl", vl - k * l, Outward.DOWN),
            Derived("bu", vu - k * u, Outward.UP),
        ),
        point=(x,),
        sides=(
            *BOX,
            Side("slope_at_lower_end", k <= slope_at_l, because="no steeper than at the ends"),
            Side("slope_at_upper_end", k <= slope_at_u, because="no steeper than at the ends"),
            value_below("value_at_lower_end", vl, meaning(op, l)),
            value_above("value_at_upper_end", vu, meaning(op, u)),
        ),
        claims=(
            Claim("lower", k * x + bl <= meaning(op, x)),
            Claim("upper", meaning(op, x) <= k * x + bu),
        ),
        because="the function grows at least as fast as the lines, between the ends too",
        source="DeepZ (Singh et al. 2018), with a slope that is chosen",
        cites=(
            steep.at(k, l, u, l, x),
            steep.at(k, l, u, x, u),
        ),
    )
