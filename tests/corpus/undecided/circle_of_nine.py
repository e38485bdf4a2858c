"""The square of a sum of nine squares, less four times the products of neighbours on a circle.

It is never negative (Motzkin and Straus 1965: the circle has no triangle), and no sum of squares
of polynomials. At the default limits no proof is found and z3 gives up, so an honest audit says
that it does not know.
"""

from functools import reduce
from operator import add

from refsem.ir.terms import term, variables
from refsem.rules import Claim, Rule

UNDECIDED = "circle_of_nine/sound/nonnegative"

POINT = variables("a b c d e f g h i")
SQUARES = [v * v for v in POINT]
SUM = reduce(add, SQUARES)
NEIGHBOURS = reduce(add, (SQUARES[k - 1] * SQUARES[k] for k in range(len(SQUARES))))

RULE = Rule(
    name="circle_of_nine",
    operator=None,
    given=(),
    chosen=(),
    derived=(),
    point=POINT,
    sides=(),
    claims=(Claim("nonnegative", term(0) <= SUM * SUM - 4 * NEIGHBOURS),),
    because="products of neighbours weigh most where only two neighbours are not 0",
    source="Motzkin and Straus 1965",
)
