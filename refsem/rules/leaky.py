"""Leaky ReLU and PReLU: intervals, and lines above and below.

Leaky ReLU's lines are for slopes up to 1 left of 0; PReLU's for any.

The two operators mean the same; the slope left of 0 is an attribute of one and an operand of the
other, and given here.

Legend: x in [l, u]; alpha the slope of leaky ReLU left of 0, y that of PReLU; s the slope of a
line, b its intercept.
"""

from refsem.ir.operators import Op, meaning
from refsem.ir.terms import Term, term, variables
from refsem.rules import boxes
from refsem.rules.boxes import b, greatest, inside, l, least, s, u, x
from refsem.rules.rule import Claim, Derived, Outward, Rule, Side

alpha, y = variables("alpha y")


def leaky(argument: Term) -> Term:
    """The catalogue's leaky ReLU, of slope alpha left of 0."""
    return meaning(Op.LEAKY_RELU, argument, alpha=alpha)


def parametric(argument: Term) -> Term:
    """The catalogue's PReLU, of slope y left of 0."""
    return meaning(Op.PRELU, argument, y)


_ENDS = (l, u)
_SHALLOW = Side("shallow", alpha <= 1, because="left of 0 a steeper line bends the function down")
_CONVEX = "up to slope 1 the function is convex: a line above it at both ends is above it"

leaky_relu_interval = boxes.interval(
    "leaky_relu_interval",
    Op.LEAKY_RELU,
    leaky,
    (leaky(l), leaky(u)),
    because="the function is monotone where no slope of it falls",
    source="IBP (Gowal et al. 2018)",
    given=(alpha,),
    sides=(Side("rising", alpha >= 0, because="left of 0 the function falls otherwise"),),
)

leaky_relu_upper = boxes.line_above(
    "leaky_relu_upper",
    Op.LEAKY_RELU,
    leaky,
    _ENDS,
    because=_CONVEX,
    source="CROWN (Zhang et al. 2018), ReLU upper line; restated for leaky ReLU and any slope",
    given=(alpha,),
    sides=(_SHALLOW,),
)

leaky_relu_lower = Rule(
    name="leaky_relu_lower",
    operator=Op.LEAKY_RELU,
    given=(alpha,),
    chosen=(s,),
    derived=(Derived("b", term(0), Outward.DOWN),),
    point=(x,),
    sides=(
        Side(
            "shallow",
            alpha <= 1,
            because="there is a slope between alpha and 1",
            stays="the slope's sides imply it; it says for which functions there is a slope",
        ),
        Side("slope_at_least_alpha", alpha <= s, because="below 0 a shallower line passes above"),
        Side("slope_at_most_one", s <= 1, because="above 0 a steeper line passes above"),
    ),
    claims=(Claim("lower", s * x + b <= leaky(x)),),
    because="s·x lies between alpha·x and x for every slope in [alpha, 1], whatever the box",
    source="CROWN (Zhang et al. 2018), ReLU lower line; restated for leaky ReLU",
)

prelu_interval = boxes.interval(
    "prelu_interval",
    Op.PRELU,
    parametric,
    (
        least(parametric(l), parametric(u), parametric(inside(0))),
        greatest(parametric(l), parametric(u), parametric(inside(0))),
    ),
    because="the function is linear on either side of 0, whichever way it slopes",
    source="IBP (Gowal et al. 2018); PReLU is that of He et al. 2015",
    given=(y,),
)

_KINK = "less a line the function is linear on either side of 0: extreme at an end or the kink"

prelu_upper = boxes.line_above(
    "prelu_upper",
    Op.PRELU,
    parametric,
    (*_ENDS, inside(0)),
    because=_KINK,
    source="CROWN (Zhang et al. 2018), piecewise linear functions; for any slope of either",
    given=(y,),
)

prelu_lower = boxes.line_below(
    "prelu_lower",
    Op.PRELU,
    parametric,
    (*_ENDS, inside(0)),
    because=_KINK,
    source="CROWN (Zhang et al. 2018), piecewise linear functions; for any slope of either",
    given=(y,),
)

RULES = (
    leaky_relu_interval,
    leaky_relu_upper,
    leaky_relu_lower,
    prelu_interval,
    prelu_upper,
    prelu_lower,
)
