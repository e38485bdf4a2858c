"""Maximum and minimum of two operands, and the fold that makes them those of any number.

A maximum of n numbers is folded from the first: m becomes max(m, x) with each further number x.
The three fold rules are one such step, from a bound of the partial maximum to one of the next;
max-pool of any window is their repetition, and so nothing here depends on a width.

Legend: x in [lx, ux], y in [ly, uy]; s, t slopes; b an intercept; m the partial maximum, in
[lm, um]; p a bound of m from below and q one from above, q in [lq, uq].
"""

from refsem.ir.operators import Op, meaning
from refsem.ir.terms import Term, maximum, term, variables
from refsem.rules import boxes
from refsem.rules.boxes import b, hi, l, lo, lx, ly, s, t, u, ux, uy, x, y
from refsem.rules.rule import Claim, Derived, Outward, Rule, Side

m, lm, um, p, q, lq, uq = variables("m lm um p q lq uq")


def _max(v: Term, w: Term) -> Term:
    return meaning(Op.MAX, v, w)


def _min(v: Term, w: Term) -> Term:
    return meaning(Op.MIN, v, w)


_SHARE = (
    Side("share_at_least_zero", s >= 0, because="an average weighs nothing negatively"),
    Side("share_at_most_one", s <= 1, because="an average weighs nothing negatively"),
)

max_interval = boxes.interval_of_two(
    "max_interval",
    Op.MAX,
    _max,
    (_max(lx, ly), _max(ux, uy)),
    because="the maximum is monotone in both operands",
    source="Moore 1966",
)

min_interval = boxes.interval_of_two(
    "min_interval",
    Op.MIN,
    _min,
    (_min(lx, ly), _min(ux, uy)),
    because="the minimum is monotone in both operands",
    source="Moore 1966",
)

max_upper = boxes.plane_above(
    "max_upper",
    Op.MAX,
    _max,
    because="the maximum is convex: a plane above it at the corners is above it throughout",
    source="CROWN (Zhang et al. 2018), convex functions; restated for any plane",
)

max_lower = Rule(
    name="max_lower",
    operator=Op.MAX,
    given=(),
    chosen=(s,),
    derived=(Derived("t", 1 - s, Outward.EXACT), Derived("b", term(0), Outward.DOWN)),
    point=(x, y),
    sides=_SHARE,
    claims=(Claim("lower", s * x + t * y + b <= _max(x, y)),),
    because="an average of two numbers is at most the greater",
    source="DeepPoly (Singh et al. 2019), max-pool; any average in place of one operand",
)

min_lower = boxes.plane_below(
    "min_lower",
    Op.MIN,
    _min,
    because="the minimum is concave: a plane below it at the corners is below it throughout",
    source="CROWN (Zhang et al. 2018), convex functions; mirrored, for any plane",
)

min_upper = Rule(
    name="min_upper",
    operator=Op.MIN,
    given=(),
    chosen=(s,),
    derived=(Derived("t", 1 - s, Outward.EXACT), Derived("b", term(0), Outward.UP)),
    point=(x, y),
    sides=_SHARE,
    claims=(Claim("upper", _min(x, y) <= s * x + t * y + b),),
    because="an average of two numbers is at least the lesser",
    source="DeepPoly (Singh et al. 2019), max-pool; mirrored, any average",
)

_FOLD = (
    "a maximum of any number of entries, by induction on their number: the first entry bounds "
    "itself, and each further one is this rule, with the bounds of the one before"
)

max_fold_interval = Rule(
    name="max_fold_interval",
    operator=Op.MAX,
    given=(lm, um, l, u),
    chosen=(),
    derived=(
        Derived("lo", maximum(lm, l), Outward.DOWN),
        Derived("hi", maximum(um, u), Outward.UP),
    ),
    point=(m, x),
    sides=(
        Side("partial_lower", lm <= m, because="the partial maximum is bounded below"),
        Side("partial_upper", m <= um, because="the partial maximum is bounded above"),
        *boxes.BOX,
    ),
    claims=(Claim("lower", lo <= _max(m, x)), Claim("upper", _max(m, x) <= hi)),
    because="one more number is one more maximum of two",
    source="Moore 1966",
    lift=_FOLD,
)

max_fold_upper = Rule(
    name="max_fold_upper",
    operator=Op.MAX,
    given=(lq, uq, l, u),
    chosen=(s, t),
    derived=(
        Derived(
            "b",
            boxes.greatest(*(_max(v, w) - s * v - t * w for v in (lq, uq) for w in (l, u))),
            Outward.UP,
        ),
    ),
    point=(m, q, x),
    sides=(
        Side("form_above", m <= q, because="the upper form bounds the partial maximum"),
        Side("form_lower", lq <= q, because="the upper form has a box"),
        Side("form_upper", q <= uq, because="the upper form has a box"),
        *boxes.BOX,
    ),
    claims=(Claim("upper", _max(m, x) <= s * q + t * x + b),),
    because="the maximum grows with the partial one, and a plane above it at corners is above it",
    source="design of this project: the plane of max_upper over the form instead of the operand",
    lift=_FOLD,
)

max_fold_lower = Rule(
    name="max_fold_lower",
    operator=Op.MAX,
    given=(),
    chosen=(s,),
    derived=(Derived("b", term(0), Outward.DOWN),),
    point=(m, p, x),
    sides=(
        Side("form_below", p <= m, because="the lower form bounds the partial maximum"),
        *_SHARE,
    ),
    claims=(Claim("lower", s * p + (1 - s) * x + b <= _max(m, x)),),
    because="an average of a lower bound and the further number is at most the greater",
    source="DeepPoly (Singh et al. 2019), max-pool; any average in place of one operand",
    lift=_FOLD,
)

RULES = (
    max_interval,
    max_upper,
    max_lower,
    min_interval,
    min_upper,
    min_lower,
    max_fold_interval,
    max_fold_upper,
    max_fold_lower,
)
