"""Products, quotients, differences and negatives of operands: intervals, and planes of products.

A product less a plane is linear in each operand, so over a box it is extreme at corners: that
bounds it by any plane. The four planes of McCormick touch it along two sides of the box each.

Legend: x in [lx, ux], y in [ly, uy]; b an intercept; v, w any numbers.
"""

from refsem.ir.operators import Op, meaning
from refsem.ir.terms import Term
from refsem.rules import boxes
from refsem.rules.boxes import BOX_XY, b, l, lx, ly, u, ux, uy, x, y
from refsem.rules.rule import Claim, Derived, Outward, Rule, Side


def _difference(v: Term, w: Term) -> Term:
    return meaning(Op.SUB, v, w)


def product(v: Term, w: Term) -> Term:
    """The catalogue's product."""
    return meaning(Op.MUL, v, w)


def quotient(v: Term, w: Term) -> Term:
    """The catalogue's quotient."""
    return meaning(Op.DIV, v, w)


neg_interval = boxes.interval(
    "neg_interval",
    Op.NEG,
    lambda v: meaning(Op.NEG, v),
    (meaning(Op.NEG, u), meaning(Op.NEG, l)),
    because="a change of sign exchanges the ends",
    source="Moore 1966",
)

sub_interval = boxes.interval_of_two(
    "sub_interval",
    Op.SUB,
    _difference,
    (_difference(lx, uy), _difference(ux, ly)),
    because="a difference rises with its first operand and falls with its second",
    source="Moore 1966",
)

product_interval = boxes.interval_of_two(
    "product_interval",
    Op.MUL,
    product,
    boxes.corners(product),
    because="a product is linear in each operand, so it is extreme at a corner",
    source="Moore 1966",
)

_BILINEAR = "a product less a plane is linear in each operand, so it is extreme at a corner"
_ANY_PLANE = "McCormick 1976, bilinear terms; restated for any plane"

product_upper = boxes.plane_above("product_upper", Op.MUL, product, _BILINEAR, _ANY_PLANE)
product_lower = boxes.plane_below("product_lower", Op.MUL, product, _BILINEAR, _ANY_PLANE)


def _mccormick(name: str, v: Term, w: Term, sides: tuple[int, int], outward: Outward) -> Rule:
    """The plane that touches the product where x is v and where y is w."""
    below = outward is Outward.DOWN
    line = w * x + v * y + b
    claim = (
        Claim("lower", line <= product(x, y)) if below else Claim("upper", product(x, y) <= line)
    )
    return Rule(
        name=name,
        operator=Op.MUL,
        given=(v, w),
        chosen=(),
        derived=(Derived("b", -(v * w), outward),),
        point=(x, y),
        sides=tuple(BOX_XY[index] for index in sides),
        claims=(claim,),
        because="the product of two distances from sides of the box is not negative",
        source="McCormick 1976",
    )


mccormick_lower_left = _mccormick("mccormick_lower_left", lx, ly, (0, 2), Outward.DOWN)
mccormick_lower_right = _mccormick("mccormick_lower_right", ux, uy, (1, 3), Outward.DOWN)
mccormick_upper_left = _mccormick("mccormick_upper_left", lx, uy, (0, 3), Outward.UP)
mccormick_upper_right = _mccormick("mccormick_upper_right", ux, ly, (1, 2), Outward.UP)

_POSITIVE = Side("positive", ly > 0, because="across 0 a quotient is unbounded")
_NEGATIVE = Side("negative", uy < 0, because="across 0 a quotient is unbounded")
_MONOTONE = "where the divisor keeps its sign a quotient is monotone in each operand"


def _division_interval(name: str, sign: Side) -> Rule:
    return boxes.interval_of_two(
        name, Op.DIV, quotient, boxes.corners(quotient), _MONOTONE, "Moore 1966", sides=(sign,)
    )


division_interval_positive = _division_interval("division_interval_positive", _POSITIVE)
division_interval_negative = _division_interval("division_interval_negative", _NEGATIVE)


RULES = (
    neg_interval,
    sub_interval,
    product_interval,
    product_upper,
    product_lower,
    mccormick_lower_left,
    mccormick_lower_right,
    mccormick_upper_left,
    mccormick_upper_right,
    division_interval_positive,
    division_interval_negative,
)
