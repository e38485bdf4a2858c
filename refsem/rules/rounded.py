"""Rules on executed arithmetic, in which rounding is opaque.

What an operation delivers is a chosen value of which only named properties of rounding are known
(`refsem.rules.rounding_properties`): each such side cites one. So a rule holds for every format
in which the operations do not overflow: that the properties apply is what an application has to
establish. The rules named `step_` are steps of the arguments for those properties.

Legend: x, w a point and a weight; l, u ends of its box; b a bias; s an exact partial sum, a its
executed bound; p, q executed products at the ends; r an executed result. e, f executed values of
the exact t, v, with errors at most d, g, their absolute parts y, z; m, k bounds on size; i, j
neighbouring values of a format with a power of two, o, not above them in size; unit, least, growth:
relative and absolute errors.
"""

from refsem.ir.terms import Term, maximum, minimum, variables
from refsem.rules.rounding_properties import above, below, error, sum_error
from refsem.rules.rule import Claim, Derived, Outward, Rule, Side

a, b, d, e, f, g, i, j, k, l, m, o, p, q, r, s, t, u, v, w, x, y, z = variables(
    "a b d e f g i j k l m o p q r s t u v w x y z"
)
unit, least, bound, growth = variables("unit least bound growth")

_BOX = (
    Side("lower_end", l <= x, because="x lies in the box"),
    Side("upper_end", x <= u, because="x lies in the box"),
)
_DOWN = (
    below.side("product_at_lower_end", t=w * l, r=p),
    below.side("product_at_upper_end", t=w * u, r=q),
)
_UP = (
    above.side("product_at_lower_end", t=w * l, r=p),
    above.side("product_at_upper_end", t=w * u, r=q),
)
_UNIT = Side("unit_nonnegative", unit >= 0, because="the relative error is bounded by a size")
_ANY_LENGTH = (
    "a dot product of any length, by induction on its terms: the bias is its own bound, and each "
    "further term, in whatever order, is this rule"
)

affine_rounded_down = Rule(
    name="affine_rounded_down",
    operator=None,
    given=(l, u, w, b),
    chosen=(p, q, r),
    derived=(),
    point=(x,),
    sides=(*_BOX, *_DOWN, below.side("sum", t=minimum(p, q) + b, r=r)),
    claims=(Claim("lower", r <= w * x + b),),
    because="each operation rounded down leaves less than the exact value, and sums are monotone",
    source="directed rounding (Moore 1966); property `below`",
)

affine_rounded_up = Rule(
    name="affine_rounded_up",
    operator=None,
    given=(l, u, w, b),
    chosen=(p, q, r),
    derived=(),
    point=(x,),
    sides=(*_BOX, *_UP, above.side("sum", t=maximum(p, q) + b, r=r)),
    claims=(Claim("upper", w * x + b <= r),),
    because="each operation rounded up leaves more than the exact value, and sums are monotone",
    source="directed rounding (Moore 1966); property `above`",
)

dot_step_rounded_down = Rule(
    name="dot_step_rounded_down",
    operator=None,
    given=(l, u, w, a),
    chosen=(p, q, r),
    derived=(),
    point=(s, x),
    sides=(
        Side("partial_lower", a <= s, because="the executed partial sum bounds the exact one"),
        *_BOX,
        *_DOWN,
        below.side("sum", t=a + minimum(p, q), r=r),
    ),
    claims=(Claim("lower", r <= s + w * x),),
    because="one more product, rounded down, added to a lower bound, rounded down",
    source="directed rounding (Moore 1966); property `below`",
    lift=_ANY_LENGTH,
)

dot_step_rounded_up = Rule(
    name="dot_step_rounded_up",
    operator=None,
    given=(l, u, w, a),
    chosen=(p, q, r),
    derived=(),
    point=(s, x),
    sides=(
        Side("partial_upper", s <= a, because="the executed partial sum bounds the exact one"),
        *_BOX,
        *_UP,
        above.side("sum", t=a + maximum(p, q), r=r),
    ),
    claims=(Claim("upper", s + w * x <= r),),
    because="one more product, rounded up, added to an upper bound, rounded up",
    source="directed rounding (Moore 1966); property `above`",
    lift=_ANY_LENGTH,
)

dot_step_fused_down = Rule(
    name="dot_step_fused_down",
    operator=None,
    given=(l, u, w, a),
    chosen=(p, q),
    derived=(),
    point=(s, x),
    sides=(
        Side("partial_lower", a <= s, because="the executed partial sum bounds the exact one"),
        *_BOX,
        below.side("fused_at_lower_end", t=a + w * l, r=p),
        below.side("fused_at_upper_end", t=a + w * u, r=q),
    ),
    claims=(Claim("lower", minimum(p, q) <= s + w * x),),
    because="a fused multiply-add rounds once",
    source="directed rounding (Moore 1966); property `below`",
    lift=_ANY_LENGTH,
)

dot_step_fused_up = Rule(
    name="dot_step_fused_up",
    operator=None,
    given=(l, u, w, a),
    chosen=(p, q),
    derived=(),
    point=(s, x),
    sides=(
        Side("partial_upper", s <= a, because="the executed partial sum bounds the exact one"),
        *_BOX,
        above.side("fused_at_lower_end", t=a + w * l, r=p),
        above.side("fused_at_upper_end", t=a + w * u, r=q),
    ),
    claims=(Claim("upper", s + w * x <= maximum(p, q)),),
    because="a fused multiply-add rounds once",
    source="directed rounding (Moore 1966); property `above`",
    lift=_ANY_LENGTH,
)

leaf_error = Rule(
    name="leaf_error",
    operator=None,
    given=(m, unit, least),
    chosen=(r,),
    derived=(Derived("bound", unit * m + least, Outward.UP),),
    point=(w, x),
    sides=(
        Side("size", abs(w * x) <= m, because="the product is no larger"),
        _UNIT,
        error.side("product", t=w * x, r=r, unit=unit, least=least),
    ),
    claims=(Claim("error", abs(r - w * x) <= bound),),
    because="a product is rounded once",
    source="Higham 2002, §3.1; property `error`",
)

tree_error = Rule(
    name="tree_error",
    operator=None,
    given=(d, g, unit),
    chosen=(e, f, r),
    derived=(Derived("bound", d + g + unit * abs(e + f), Outward.UP),),
    point=(t, v),
    sides=(
        Side("left", abs(e - t) <= d, because="the error of the left subtree"),
        Side("right", abs(f - v) <= g, because="the error of the right subtree"),
        sum_error.side("sum", x=e, y=f, r=r, unit=unit),
    ),
    claims=(Claim("error", abs(r - (t + v)) <= bound),),
    because="the errors of both subtrees add, and the sum is rounded once",
    source="Higham 2002, §4.2, running error bound; property `sum_error`",
    lift="a reduction tree of any shape, by induction on the tree: its leaves are leaf_error, or "
    "exact, and each inner node is this rule",
)

tree_growth = Rule(
    name="tree_growth",
    operator=None,
    given=(m, k, d, g, y, z, unit, growth),
    chosen=(e, f),
    derived=(
        Derived(
            "bound",
            (growth + unit + unit * growth) * (m + k) + (1 + unit) * (y + z),
            Outward.UP,
        ),
    ),
    point=(t, v),
    sides=(
        Side("left_size", abs(t) <= m, because="the exact value of the left subtree"),
        Side("right_size", abs(v) <= k, because="the exact value of the right subtree"),
        Side("left", abs(e - t) <= d, because="the error of the left subtree"),
        Side("right", abs(f - v) <= g, because="the error of the right subtree"),
        Side("left_growth", d <= growth * m + y, because="relative to the size, and absolute"),
        Side("right_growth", g <= growth * k + z, because="relative to the size, and absolute"),
        _UNIT,
    ),
    claims=(Claim("error", d + g + unit * abs(e + f) <= bound),),
    because="the executed sum is no larger than the exact sizes and the errors",
    source="Higham 2002, §4.2: a tree of depth n has growth (1 + unit)ⁿ − 1",
    lift="a reduction tree of any shape, by induction: growth becomes growth + unit + unit·growth "
    "at every level, and a smaller growth may be replaced by a greater one",
)

product_error = Rule(
    name="product_error",
    operator=None,
    given=(m, k, d, g, unit, least),
    chosen=(e, f, r),
    derived=(
        Derived("bound", (1 + unit) * (m * g + k * d + d * g) + unit * m * k + least, Outward.UP),
    ),
    point=(t, v),
    sides=(
        Side("left_size", abs(t) <= m, because="the exact left value"),
        Side("right_size", abs(v) <= k, because="the exact right value"),
        Side("left", abs(e - t) <= d, because="the error of the executed left value"),
        Side("right", abs(f - v) <= g, because="the error of the executed right value"),
        _UNIT,
        error.side("product", t=e * f, r=r, unit=unit, least=least),
    ),
    claims=(Claim("error", abs(r - t * v) <= bound),),
    because="each error is scaled with the other value, and the product is rounded once",
    source="Higham 2002, §3.1; property `error`",
)

maximum_error = Rule(
    name="maximum_error",
    operator=None,
    given=(d,),
    chosen=(e, f),
    derived=(),
    point=(t, v),
    sides=(
        Side("left", abs(e - t) <= d, because="the error of the executed left value"),
        Side("right", abs(f - v) <= d, because="the error of the executed right value"),
    ),
    claims=(
        Claim("maximum", abs(maximum(e, f) - maximum(t, v)) <= d),
        Claim("minimum", abs(minimum(e, f) - minimum(t, v)) <= d),
    ),
    because="a maximum or minimum moves no further than what it is taken of",
    source="maximum and minimum are not expansive",
)

step_nearest = Rule(
    name="step_nearest",
    operator=None,
    given=(i, j, o, unit),
    chosen=(r,),
    derived=(),
    point=(t,),
    sides=(
        Side("nearer_than_lower", abs(r - t) <= t - i, because="r is a nearest value"),
        Side("nearer_than_upper", abs(r - t) <= j - t, because="r is a nearest value"),
        Side("gap", j - i <= 2 * unit * o, because="the distance of values from 2^e on"),
        Side("binade", o <= i, because="2^e is not above the values"),
        _UNIT,
    ),
    claims=(Claim("error", abs(r - t) <= unit * t),),
    because="the nearer of two neighbours is at most half their distance away",
    source="Muller et al. 2018, §2.2: the argument for `error` in the nearest modes",
)

step_directed = Rule(
    name="step_directed",
    operator=None,
    given=(i, j, o, unit),
    chosen=(r,),
    derived=(),
    point=(t,),
    sides=(
        Side("above_value", i <= t, because="t lies between two neighbouring values"),
        Side("below_value", t <= j, because="t lies between two neighbouring values"),
        Side("not_below", i <= r, because="r is one of them"),
        Side("not_above", r <= j, because="r is one of them"),
        Side("gap", j - i <= unit * o, because="the distance of values from 2^e on"),
        Side("binade", o <= i, because="2^e is not above the values"),
        _UNIT,
    ),
    claims=(Claim("error", abs(r - t) <= unit * t),),
    because="either neighbour is at most their distance away",
    source="Muller et al. 2018, §2.2: the argument for `error` in the directed modes",
)

RULES = (
    affine_rounded_down,
    affine_rounded_up,
    dot_step_rounded_down,
    dot_step_rounded_up,
    dot_step_fused_down,
    dot_step_fused_up,
    leaf_error,
    tree_error,
    tree_growth,
    product_error,
    maximum_error,
    step_nearest,
    step_directed,
)


def unrolled(length: int) -> tuple[tuple[Side, ...], Term, Term]:
    """The sides of so many steps of dot_step_rounded_down, its last bound, and the exact sum.

    The i-th term has the weight w_i, the point x_i in [l_i, u_i], executed products p_i and q_i,
    and the executed partial sum r_i; the bias is b.
    """
    sides: list[Side] = []
    partial, exact = b, b
    for number in range(1, length + 1):
        names = {one: Term(f"{one}_{number}") for one in ("w", "x", "l", "u", "p", "q", "r")}
        low, weight, point, high = (names[one] for one in ("l", "w", "x", "u"))
        sides += [
            Side(f"lower_end_{number}", low <= point, because="x lies in the box"),
            Side(f"upper_end_{number}", point <= high, because="x lies in the box"),
            below.side(f"product_at_lower_end_{number}", t=weight * low, r=names["p"]),
            below.side(f"product_at_upper_end_{number}", t=weight * high, r=names["q"]),
            below.side(f"sum_{number}", t=partial + minimum(names["p"], names["q"]), r=names["r"]),
        ]
        partial, exact = names["r"], exact + weight * point
    return tuple(sides), partial, exact
