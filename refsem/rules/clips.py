"""Clipping and what is made of it: ReLU6 and hard-tanh, hard-sigmoid, hard-swish.

A clip moves x up to low and down to high: ReLU6 is the clip of 0 and 6, hard-tanh that of -1 and
1; as low and high are given, one statement serves all. Hard-sigmoid is the clip of z = alpha·x +
beta between 0 and 1, for any alpha of at least 0.

Legend: x in [l, u]; low, high the ends of a clip; s a slope (of a line in z for hard-sigmoid, k
that of the line in x); b an intercept; t the point of a tangent; v any number.
"""

from fractions import Fraction

from refsem.ir.operators import Op, meaning
from refsem.ir.terms import Term, maximum, minimum, select, term, variables
from refsem.rules import boxes
from refsem.rules.boxes import b, inside, l, least, s, t, u, x
from refsem.rules.rule import Claim, Derived, Outward, Rule, Side

low, high, alpha, beta, k = variables("low high alpha beta k")
_SOURCE = "CROWN (Zhang et al. 2018), lines; restated for any slope and every breakpoint inside"


def clip(v: Term) -> Term:
    """The catalogue's clip between low and high."""
    return meaning(Op.CLIP, v, low=low, high=high)


_CLIP_ENDS = (l, u, inside(low), inside(high))
_LINEAR = "between its breakpoints the function is linear: a line need only bound it there"

clip_interval = boxes.interval(
    "clip_interval",
    Op.CLIP,
    clip,
    (clip(l), clip(u)),
    because="a clip is monotone",
    source="IBP (Gowal et al. 2018)",
    given=(low, high),
)
clip_upper = boxes.line_above(
    "clip_upper", Op.CLIP, clip, _CLIP_ENDS, _LINEAR, _SOURCE, given=(low, high)
)
clip_lower = boxes.line_below(
    "clip_lower", Op.CLIP, clip, _CLIP_ENDS, _LINEAR, _SOURCE, given=(low, high)
)


def hard_sigmoid(v: Term) -> Term:
    """The catalogue's hard-sigmoid."""
    return meaning(Op.HARD_SIGMOID, v, alpha=alpha, beta=beta)


def hard_swish(v: Term) -> Term:
    """The catalogue's hard-swish."""
    return meaning(Op.HARD_SWISH, v)


_KINKS = (l, u, inside(-3), inside(3))

_RISING = Side("rising", alpha >= 0, because="the ends of the box of z are exchanged otherwise")
_Z = tuple(alpha * end + beta for end in (l, u))
_Z_ENDS = (*_Z, *(minimum(maximum(kink, _Z[0]), _Z[1]) for kink in (0, 1)))


def _gap(z: Term) -> Term:
    """What is missing from a line of slope s through 0 to the clip at z."""
    return minimum(maximum(z, 0), 1) - s * z


def _hard_sigmoid_line(name: str, intercept: Term, outward: Outward) -> Rule:
    below = outward is Outward.DOWN
    line = k * x + b
    claim = line <= hard_sigmoid(x) if below else hard_sigmoid(x) <= line
    return Rule(
        name=name,
        operator=Op.HARD_SIGMOID,
        given=(l, u, alpha, beta),
        chosen=(s,),
        derived=(
            Derived("k", s * alpha, Outward.EXACT),
            Derived("b", s * beta + intercept, outward),
        ),
        point=(x,),
        sides=(*boxes.BOX, _RISING),
        claims=(Claim("lower" if below else "upper", claim),),
        because=_LINEAR,
        source=_SOURCE,
    )


hard_sigmoid_interval = boxes.interval(
    "hard_sigmoid_interval",
    Op.HARD_SIGMOID,
    hard_sigmoid,
    (hard_sigmoid(l), hard_sigmoid(u)),
    because="a clip is monotone",
    source="IBP (Gowal et al. 2018)",
    given=(alpha, beta),
    sides=(_RISING,),
)
hard_sigmoid_upper = _hard_sigmoid_line(
    "hard_sigmoid_upper", boxes.greatest(*map(_gap, _Z_ENDS)), Outward.UP
)
hard_sigmoid_lower = _hard_sigmoid_line(
    "hard_sigmoid_lower", least(*map(_gap, _Z_ENDS)), Outward.DOWN
)

hard_swish_interval = boxes.interval(
    "hard_swish_interval",
    Op.HARD_SWISH,
    hard_swish,
    (hard_swish(inside(term(Fraction(-3, 2)))), boxes.greatest(hard_swish(l), hard_swish(u))),
    because="the function falls up to -3/2 and rises from there",
    source="IBP (Gowal et al. 2018); hard-swish is that of Howard et al. 2019",
)
hard_swish_upper = boxes.line_above(
    "hard_swish_upper",
    Op.HARD_SWISH,
    hard_swish,
    _KINKS,
    because="between its breakpoints the function is convex: a line need only be above it there",
    source=_SOURCE,
)


def _below_hard_swish(v: Term) -> Term:
    """At most hard-swish: the tangent at t of its parabola from -3 to 3, and itself elsewhere."""
    parabola = term(Fraction(1, 6)) * ((2 * t + 3) * v - t * t)
    return select(-3, v, select(v, 3, parabola, v), 0)


hard_swish_lower = Rule(
    name="hard_swish_lower",
    operator=Op.HARD_SWISH,
    given=(l, u),
    chosen=(s, t),
    derived=(
        Derived("b", least(*(_below_hard_swish(end) - s * end for end in _KINKS)), Outward.DOWN),
    ),
    point=(x,),
    sides=boxes.BOX,
    claims=(Claim("lower", s * x + b <= hard_swish(x)),),
    because="from -3 to 3 the function is a parabola, above its tangent at any t; elsewhere linear",
    source="CROWN (Zhang et al. 2018), tangent line; restated for any slope and any tangent",
)

RULES = (
    clip_interval,
    clip_upper,
    clip_lower,
    hard_sigmoid_interval,
    hard_sigmoid_upper,
    hard_sigmoid_lower,
    hard_swish_interval,
    hard_swish_upper,
    hard_swish_lower,
)
