"""Clipping and what is made of it: ReLU6 and hard-tanh, hard-sigmoid, hard-swish.

A clip moves x up to p and down to q: ReLU6 is the clip of 0 and 6, hard-tanh that of -1 and 1; as
p and q are given, one statement serves all.

Legend: x in [l, u]; p, q the ends of a clip; s a slope; b an intercept; t the point of a tangent;
v any number.
"""

from gmpy2 import mpq

from refsem.ir.operators import Op, meaning
from refsem.ir.terms import Term, select, variables
from refsem.rules import boxes
from refsem.rules.boxes import b, inside, l, least, s, t, u, x
from refsem.rules.rule import Claim, Derived, Outward, Rule

p, q = variables("p q")
_SOURCE = "CROWN (Zhang et al. 2018), lines; restated for any slope and every breakpoint inside"


def clip(v: Term) -> Term:
    """The catalogue's clip between p and q."""
    return meaning(Op.CLIP, v, low=p, high=q)


_CLIP_ENDS = (l, u, inside(p), inside(q))
_LINEAR = "between its breakpoints the function is linear: a line need only bound it there"

clip_interval = boxes.interval(
    "clip_interval",
    Op.CLIP,
    clip,
    (clip(l), clip(u)),
    because="a clip is monotone",
    source="IBP (Gowal et al. 2018)",
    given=(p, q),
)
clip_upper = boxes.line_above(
    "clip_upper", Op.CLIP, clip, _CLIP_ENDS, _LINEAR, _SOURCE, given=(p, q)
)
clip_lower = boxes.line_below(
    "clip_lower", Op.CLIP, clip, _CLIP_ENDS, _LINEAR, _SOURCE, given=(p, q)
)


def hard_sigmoid(v: Term) -> Term:
    """The catalogue's hard-sigmoid, of slope 1/6 as in MobileNetV3."""
    return meaning(Op.HARD_SIGMOID, v, alpha=Term(mpq(1, 6)), beta=Term(mpq(1, 2)))


def hard_swish(v: Term) -> Term:
    """The catalogue's hard-swish."""
    return meaning(Op.HARD_SWISH, v)


_KINKS = (l, u, inside(-3), inside(3))

hard_sigmoid_interval = boxes.interval(
    "hard_sigmoid_interval",
    Op.HARD_SIGMOID,
    hard_sigmoid,
    (hard_sigmoid(l), hard_sigmoid(u)),
    because="a clip is monotone",
    source="IBP (Gowal et al. 2018)",
)
hard_sigmoid_upper = boxes.line_above(
    "hard_sigmoid_upper", Op.HARD_SIGMOID, hard_sigmoid, _KINKS, _LINEAR, _SOURCE
)
hard_sigmoid_lower = boxes.line_below(
    "hard_sigmoid_lower", Op.HARD_SIGMOID, hard_sigmoid, _KINKS, _LINEAR, _SOURCE
)

hard_swish_interval = boxes.interval(
    "hard_swish_interval",
    Op.HARD_SWISH,
    hard_swish,
    (hard_swish(inside(Term(mpq(-3, 2)))), boxes.greatest(hard_swish(l), hard_swish(u))),
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
    parabola = Term(mpq(1, 6)) * ((2 * t + 3) * v - t * t)
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
