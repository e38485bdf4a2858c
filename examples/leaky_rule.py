"""A line below leaky ReLU, whose slope left of 0 is a: that of its left half. A side is missing."""

from refsem.ir.terms import select, variables
from refsem.rules import Claim, Rule, Side

a, x = variables("a x")

leaky_lower = Rule(
    name="leaky_lower",
    operator=None,
    given=(a,),
    chosen=(),
    derived=(),
    point=(x,),
    sides=(Side("nonnegative", a >= 0, because="the slope of a leak is not negative"),),
    claims=(Claim("lower", a * x <= select(0, x, x, a * x)),),
    because="the line of the left half passes below the right half",
    source="an example with a mistake",
)
