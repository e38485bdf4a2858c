"""Interval rules: constant, sum, scaling, dot product, ReLU, and the intersection of two boxes.

Legend: x, y points; l, u their lower and upper ends (indexed where there are several); c a
constant coefficient; s a partial sum; lo, hi the derived ends.
Source of all: interval arithmetic (Moore 1966), restated with outward directions.
"""

from refsem.ir.operators import Op, meaning
from refsem.ir.terms import equal, maximum, minimum, variables
from refsem.rules.rule import Claim, Derived, Outward, Rule, Side

c, l, u, x, y = variables("c l u x y")
lx, ux, ly, uy, s, ls, us = variables("lx ux ly uy s ls us")
l1, u1, l2, u2, lo, hi = variables("l1 u1 l2 u2 lo hi")

_BOX = (
    Side("lower_end", l <= x, because="x lies in the box"),
    Side("upper_end", x <= u, because="x lies in the box"),
)

constant_interval = Rule(
    name="constant_interval",
    operator=Op.CONSTANT,
    given=(c,),
    chosen=(),
    derived=(Derived("lo", c, Outward.DOWN), Derived("hi", c, Outward.UP)),
    point=(x,),
    sides=(Side("value", equal(x, c), because="x is the constant"),),
    claims=(Claim("lower", lo <= x), Claim("upper", x <= hi)),
    because="a constant is its own interval, and may be rounded outward",
    source="Moore 1966",
)

input_interval = Rule(
    name="input_interval",
    operator=None,
    given=(l, u),
    chosen=(),
    derived=(Derived("lo", l, Outward.DOWN), Derived("hi", u, Outward.UP)),
    point=(x,),
    sides=_BOX,
    claims=(Claim("lower", lo <= x), Claim("upper", x <= hi)),
    because="the region is what is assumed, and may be rounded outward",
    source="definition of a region",
)

add_interval = Rule(
    name="add_interval",
    operator=Op.ADD,
    given=(lx, ux, ly, uy),
    chosen=(),
    derived=(Derived("lo", lx + ly, Outward.DOWN), Derived("hi", ux + uy, Outward.UP)),
    point=(x, y),
    sides=(
        Side("lower_end_x", lx <= x, because="x lies in its box"),
        Side("upper_end_x", x <= ux, because="x lies in its box"),
        Side("lower_end_y", ly <= y, because="y lies in its box"),
        Side("upper_end_y", y <= uy, because="y lies in its box"),
    ),
    claims=(
        Claim("lower", lo <= meaning(Op.ADD, x, y)),
        Claim("upper", meaning(Op.ADD, x, y) <= hi),
    ),
    because="a sum is monotone in both terms",
    source="Moore 1966",
)

scale_interval = Rule(
    name="scale_interval",
    operator=Op.MUL,
    given=(l, u, c),
    chosen=(),
    derived=(
        Derived("lo", minimum(c * l, c * u), Outward.DOWN),
        Derived("hi", maximum(c * l, c * u), Outward.UP),
    ),
    point=(x,),
    sides=_BOX,
    claims=(
        Claim("lower", lo <= meaning(Op.MUL, c, x)),
        Claim("upper", meaning(Op.MUL, c, x) <= hi),
    ),
    because="c·x is monotone in x, increasing or decreasing with the sign of c",
    source="Moore 1966",
)

dot_product_interval = Rule(
    name="dot_product_interval",
    operator=Op.MATMUL,
    given=(ls, us, l, u, c),
    chosen=(),
    derived=(
        Derived("lo", ls + minimum(c * l, c * u), Outward.DOWN),
        Derived("hi", us + maximum(c * l, c * u), Outward.UP),
    ),
    point=(s, x),
    sides=(
        Side("partial_lower", ls <= s, because="the partial sum is bounded below"),
        Side("partial_upper", s <= us, because="the partial sum is bounded above"),
        *_BOX,
    ),
    claims=(Claim("lower", lo <= s + c * x), Claim("upper", s + c * x <= hi)),
    because="one more product is one more scaled interval",
    source="Moore 1966",
    lift="a dot product of any length, by induction on its terms: the empty sum is the constant "
    "added, and each further term is this rule; refsem.ir.affine computes the whole sum at once",
)

relu_interval = Rule(
    name="relu_interval",
    operator=Op.RELU,
    given=(l, u),
    chosen=(),
    derived=(
        Derived("lo", meaning(Op.RELU, l), Outward.DOWN),
        Derived("hi", meaning(Op.RELU, u), Outward.UP),
    ),
    point=(x,),
    sides=_BOX,
    claims=(
        Claim("lower", lo <= meaning(Op.RELU, x)),
        Claim("upper", meaning(Op.RELU, x) <= hi),
    ),
    because="ReLU is monotone",
    source="IBP (Gowal et al. 2018)",
)

intersect = Rule(
    name="intersect",
    operator=None,
    given=(l1, u1, l2, u2),
    chosen=(),
    derived=(
        Derived("lo", maximum(l1, l2), Outward.DOWN),
        Derived("hi", minimum(u1, u2), Outward.UP),
    ),
    point=(x,),
    sides=(
        Side("first_lower", l1 <= x, because="the first box contains x"),
        Side("first_upper", x <= u1, because="the first box contains x"),
        Side("second_lower", l2 <= x, because="the second box contains x"),
        Side("second_upper", x <= u2, because="the second box contains x"),
    ),
    claims=(Claim("lower", lo <= x), Claim("upper", x <= hi)),
    because="what lies in both boxes lies in their intersection",
    source="set theory",
)

RULES = (
    constant_interval,
    input_interval,
    add_interval,
    scale_interval,
    dot_product_interval,
    relu_interval,
    intersect,
)
