"""The absolute value: its interval, and lines above and below with any slope that can have one.

Legend: x in [l, u]; s a slope; b an intercept.
"""

from refsem.ir.operators import Op, meaning
from refsem.ir.terms import Term, term
from refsem.rules import boxes
from refsem.rules.boxes import b, greatest, inside, l, s, u, x
from refsem.rules.rule import Claim, Derived, Outward, Rule, Side


def absolute(argument: Term) -> Term:
    """The catalogue's absolute value."""
    return meaning(Op.ABS, argument)


abs_interval = boxes.interval(
    "abs_interval",
    Op.ABS,
    absolute,
    (absolute(inside(0)), greatest(absolute(l), absolute(u))),
    because="the distance from 0 is least at the number of the box nearest to 0, and greatest "
    "at an end",
    source="Moore 1966",
)

abs_upper = boxes.line_above(
    "abs_upper",
    Op.ABS,
    absolute,
    (l, u),
    because="the absolute value is convex: a line above it at both ends is above it throughout",
    source="CROWN (Zhang et al. 2018), ReLU upper line; restated for the absolute value",
)

abs_lower = Rule(
    name="abs_lower",
    operator=Op.ABS,
    given=(),
    chosen=(s,),
    derived=(Derived("b", term(0), Outward.DOWN),),
    point=(x,),
    sides=(
        Side("slope_at_least", s >= -1, because="below 0 a steeper falling line passes above"),
        Side("slope_at_most", s <= 1, because="above 0 a steeper rising line passes above"),
    ),
    claims=(Claim("lower", s * x + b <= absolute(x)),),
    because="s·x is at most |s|·|x| for every slope, and |s| is at most 1",
    source="CROWN (Zhang et al. 2018), ReLU lower line; restated for the absolute value",
)

RULES = (abs_interval, abs_upper, abs_lower)
