"""Linear relaxations of ReLU: lines above it with any slope, lines below it, and the triangle.

Legend: x in [l, u]; s a slope; b an intercept.
"""

from refsem.ir.operators import Op, meaning
from refsem.ir.terms import Term, maximum, term, variables
from refsem.rules.rule import Claim, Derived, Outward, Rule, Side

l, u, x, s, b = variables("l u x s b")


def relu(argument: Term) -> Term:
    """The catalogue's ReLU."""
    return meaning(Op.RELU, argument)


_BOX = (
    Side("lower_end", l <= x, because="x lies in the box"),
    Side("upper_end", x <= u, because="x lies in the box"),
)

relu_upper = Rule(
    name="relu_upper",
    operator=Op.RELU,
    given=(l, u),
    chosen=(s,),
    derived=(Derived("b", maximum(relu(l) - s * l, relu(u) - s * u), Outward.UP),),
    point=(x,),
    sides=_BOX,
    claims=(Claim("upper", relu(x) <= s * x + b),),
    because="ReLU is convex, so a line above it at both ends of the box is above it throughout",
    source="CROWN (Zhang et al. 2018), ReLU upper line; intercept re-derived for any slope",
)

relu_lower = Rule(
    name="relu_lower",
    operator=Op.RELU,
    given=(),
    chosen=(s,),
    derived=(Derived("b", term(0), Outward.DOWN),),
    point=(x,),
    sides=(
        Side("slope_nonnegative", s >= 0, because="below 0 a falling line passes above ReLU"),
        Side("slope_at_most_one", s <= 1, because="above 0 a steeper line passes above ReLU"),
    ),
    claims=(Claim("lower", s * x + b <= relu(x)),),
    because="s·x lies between 0 and x for every slope in [0, 1], whatever the box",
    source="CROWN (Zhang et al. 2018), ReLU lower line; slopes of alpha-CROWN (Xu et al. 2021)",
)

relu_triangle = Rule(
    name="relu_triangle",
    operator=Op.RELU,
    given=(l, u),
    chosen=(),
    derived=(),
    point=(x,),
    sides=(
        *_BOX,
        Side("straddles_below", l <= 0, because="the chord is that of an unstable neuron"),
        Side("straddles_above", u >= 0, because="the chord is that of an unstable neuron"),
        Side("positive_width", l < u, because="a chord needs two different ends"),
    ),
    claims=(Claim("upper", relu(x) <= u / (u - l) * (x - l)),),
    because="the chord of a convex function lies above it between the ends",
    source="Ehlers 2017, triangle relaxation; exact slope, for reference: see relu_upper for use",
)

RULES = (relu_upper, relu_lower, relu_triangle)
