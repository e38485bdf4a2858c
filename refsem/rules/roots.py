"""Intervals and lines around the square root and the reciprocal.

The reciprocal is a quotient and cites nothing. A box that straddles 0 has no rule here.

Legend: as in `refsem.rules.lines`; a is the reciprocal of the point of a tangent, whose intercept
2a needs no rounding.
"""

from refsem.ir.operators import Op, meaning
from refsem.ir.terms import Term, maximum, minimum, variables
from refsem.rules import function_facts as facts
from refsem.rules import lines
from refsem.rules.lines import BOX, b, hi, k, l, lo, u, vl, vu, x
from refsem.rules.rule import Claim, Derived, Outward, Rule, Side

(a,) = variables("a")


_NONNEGATIVE = Side("nonnegative", l >= 0, because="the square root has no value left of 0")

sqrt_interval = lines.interval(
    "sqrt_interval",
    Op.SQRT,
    facts.sqrt_monotone,
    (_NONNEGATIVE,),
    least=maximum(vl, 0),
    greatest=vu,
    ranges=(facts.sqrt_nonnegative.at(x),),
)
sqrt_lower = lines.below_chord(
    "sqrt_lower", Op.SQRT, facts.sqrt_chord, facts.sqrt_monotone, (_NONNEGATIVE,)
)

sqrt_upper = Rule(
    name="sqrt_upper",
    operator=Op.SQRT,
    given=(),
    chosen=(k,),
    derived=(Derived("b", 1 / (4 * k), Outward.UP),),
    point=(x,),
    sides=(
        Side("argument_nonnegative", x >= 0, because="the square root has no value left of 0"),
        Side("rising", k > 0, because="the square root grows beyond every line that does not rise"),
    ),
    claims=(Claim("upper", meaning(Op.SQRT, x) <= k * x + b),),
    because="4k·(k·x + b − √x) is a square, of 2k·√x − 1, where b is 1/(4k)",
    source="arithmetic and geometric mean",
    cites=(facts.sqrt_square.at(x),),
)


def _reciprocal(argument: Term) -> Term:
    return meaning(Op.RECIPROCAL, argument)


_POSITIVE = Side("positive", l > 0, because="the reciprocal is convex right of 0, and not at it")
_NEGATIVE = Side("negative", u < 0, because="the reciprocal is concave left of 0, and not at it")


def _reciprocal_interval(name: str, where: Side) -> Rule:
    return Rule(
        name=name,
        operator=Op.RECIPROCAL,
        given=(l, u),
        chosen=(),
        derived=(Derived("lo", 1 / u, Outward.DOWN), Derived("hi", 1 / l, Outward.UP)),
        point=(x,),
        sides=(*BOX, where),
        claims=(Claim("lower", lo <= _reciprocal(x)), Claim("upper", _reciprocal(x) <= hi)),
        because="the reciprocal falls on each side of 0",
        source="Moore 1966",
    )


reciprocal_interval_positive = _reciprocal_interval("reciprocal_interval_positive", _POSITIVE)
reciprocal_interval_negative = _reciprocal_interval("reciprocal_interval_negative", _NEGATIVE)

_CHORD = "CROWN (Zhang et al. 2018), chord; intercept re-derived for any slope"

reciprocal_upper_positive = Rule(
    name="reciprocal_upper_positive",
    operator=Op.RECIPROCAL,
    given=(l, u),
    chosen=(k,),
    derived=(Derived("b", maximum(1 / l - k * l, 1 / u - k * u), Outward.UP),),
    point=(x,),
    sides=(*BOX, _POSITIVE),
    claims=(Claim("upper", _reciprocal(x) <= k * x + b),),
    because="right of 0 the reciprocal is convex: below its chord",
    source=_CHORD,
)

reciprocal_lower_positive = Rule(
    name="reciprocal_lower_positive",
    operator=Op.RECIPROCAL,
    given=(),
    chosen=(a, k),
    derived=(Derived("b", 2 * a, Outward.EXACT),),
    point=(x,),
    sides=(
        Side("argument_positive", x > 0, because="left of 0 the reciprocal is negative"),
        Side("steep_enough", k <= -(a * a), because="the tangent at 1/a has slope −a²"),
    ),
    claims=(Claim("lower", k * x + b <= _reciprocal(x)),),
    because="x·(1/x − 2a + a²·x) is a square, of 1 − a·x: the tangent at 1/a is below",
    source="arithmetic and geometric mean",
)

reciprocal_upper_negative = Rule(
    name="reciprocal_upper_negative",
    operator=Op.RECIPROCAL,
    given=(),
    chosen=(a, k),
    derived=(Derived("b", 2 * a, Outward.EXACT),),
    point=(x,),
    sides=(
        Side("argument_negative", x < 0, because="right of 0 the reciprocal is positive"),
        Side("steep_enough", k <= -(a * a), because="the tangent at 1/a has slope −a²"),
    ),
    claims=(Claim("upper", _reciprocal(x) <= k * x + b),),
    because="x·(1/x − 2a + a²·x) is a square, of 1 − a·x: the tangent at 1/a is above",
    source="arithmetic and geometric mean",
)

reciprocal_lower_negative = Rule(
    name="reciprocal_lower_negative",
    operator=Op.RECIPROCAL,
    given=(l, u),
    chosen=(k,),
    derived=(Derived("b", minimum(1 / l - k * l, 1 / u - k * u), Outward.DOWN),),
    point=(x,),
    sides=(*BOX, _NEGATIVE),
    claims=(Claim("lower", k * x + b <= _reciprocal(x)),),
    because="left of 0 the reciprocal is concave: above its chord",
    source=_CHORD,
)

RULES = (
    sqrt_interval,
    sqrt_lower,
    sqrt_upper,
    reciprocal_interval_positive,
    reciprocal_interval_negative,
    reciprocal_upper_positive,
    reciprocal_lower_positive,
    reciprocal_upper_negative,
    reciprocal_lower_negative,
)
