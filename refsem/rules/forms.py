"""Rules on affine forms: the steps of a backward and of a forward CROWN pass.

A form bounds a target t from one side by coefficients times tensors plus a constant. A backward
pass starts with the target itself, replaces each node by an affine equality or by the line that the
sign of its coefficient calls for, and is evaluated over a box at the end. A forward pass composes
the forms of a node's operands to those of the node, from the inputs on.

Legend: c a coefficient on h or y; x the operand; w, d weight and constant of an affine node;
su, bu / sl, bl slope and intercept of the line above / below, tu / tl the further slope of a plane,
on y; k (and j, on y), q slope and constant of the new form; l, u the box of x; m any number x is at
least; cl, bl / cu, bu the lower / upper form at concretisation.
"""

from refsem.ir.terms import equal, maximum, minimum, term, variables
from refsem.rules.rule import Claim, Derived, Outward, Rule, Side

c, d, h, j, k, l, m, q, t, u, w, x, y = variables("c d h j k l m q t u w x y")
su, tu, bu, sl, tl, bl, cl, cu = variables("su tu bu sl tl bl cl cu")
lo, hi = variables("lo hi")

_LINES = (
    Side("line_above", h <= su * x + bu, because="the upper line of the relaxed node"),
    Side("line_below", sl * x + bl <= h, because="the lower line of the relaxed node"),
)
_PLANES = (
    Side("plane_above", h <= su * x + tu * y + bu, because="the upper plane of the relaxed node"),
    Side("plane_below", sl * x + tl * y + bl <= h, because="the lower plane of the relaxed node"),
)
_BOX = (
    Side("lower_end", l <= x, because="x lies in the box"),
    Side("upper_end", x <= u, because="x lies in the box"),
)
_SUMMED = (
    "a row of coefficients of any length, by induction on its entries: inequalities add, so each "
    "entry is replaced by this rule and the constants are summed"
)
_COMPOSED = (
    "operands of any number, by induction on the terms of the sum that defines or bounds the node; "
    "su, bu, sl and bl are then forms of each operand in the inputs"
)

start_form = Rule(
    name="start_form",
    operator=None,
    given=(c,),
    chosen=(),
    derived=(Derived("q", term(0), Outward.EXACT),),
    point=(x,),
    sides=(),
    claims=(Claim("same", equal(c * x, c * x + q)),),
    because="a target is a form of itself",
    source="CROWN (Zhang et al. 2018), start of the backward pass",
    lift=_SUMMED,
)

substitute_affine = Rule(
    name="substitute_affine",
    operator=None,
    given=(c, w, d),
    chosen=(),
    derived=(Derived("k", c * w, Outward.EXACT), Derived("q", c * d, Outward.EXACT)),
    point=(x, y),
    sides=(Side("affine", equal(y, w * x + d), because="the node is affine"),),
    claims=(Claim("same", equal(c * y, k * x + q)),),
    because="equals may be replaced by equals",
    source="CROWN (Zhang et al. 2018), linear layers",
    lift="a matrix in place of w, by induction on the terms of each dot product: "
    "refsem.ir.affine's adjoint computes all coefficients at once",
)

substitute_upper = Rule(
    name="substitute_upper",
    operator=None,
    given=(c, su, bu, sl, bl),
    chosen=(),
    derived=(
        Derived("k", maximum(c, 0) * su + minimum(c, 0) * sl, Outward.EXACT),
        Derived("q", maximum(c, 0) * bu + minimum(c, 0) * bl, Outward.UP),
    ),
    point=(x, h),
    sides=_LINES,
    claims=(Claim("upper", c * h <= k * x + q),),
    because="a coefficient ≥ 0 keeps the upper line above, one ≤ 0 turns the lower line into one",
    source="CROWN (Zhang et al. 2018), Theorem 3.2: sign-dependent choice of the line",
    lift=_SUMMED,
)

substitute_lower = Rule(
    name="substitute_lower",
    operator=None,
    given=(c, su, bu, sl, bl),
    chosen=(),
    derived=(
        Derived("k", maximum(c, 0) * sl + minimum(c, 0) * su, Outward.EXACT),
        Derived("q", maximum(c, 0) * bl + minimum(c, 0) * bu, Outward.DOWN),
    ),
    point=(x, h),
    sides=_LINES,
    claims=(Claim("lower", k * x + q <= c * h),),
    because="a coefficient ≥ 0 keeps the lower line below, one ≤ 0 turns the upper line into one",
    source="CROWN (Zhang et al. 2018), Theorem 3.2: sign-dependent choice of the line",
    lift=_SUMMED,
)

substitute_plane_upper = Rule(
    name="substitute_plane_upper",
    operator=None,
    given=(c, su, tu, bu, sl, tl, bl),
    chosen=(),
    derived=(
        Derived("k", maximum(c, 0) * su + minimum(c, 0) * sl, Outward.EXACT),
        Derived("j", maximum(c, 0) * tu + minimum(c, 0) * tl, Outward.EXACT),
        Derived("q", maximum(c, 0) * bu + minimum(c, 0) * bl, Outward.UP),
    ),
    point=(x, y, h),
    sides=_PLANES,
    claims=(Claim("upper", c * h <= k * x + j * y + q),),
    because="a coefficient ≥ 0 keeps the upper plane above, one ≤ 0 turns the lower one into one",
    source="substitute_upper with a plane in place of a line, as DeepPoly (Singh et al. 2019) does",
    lift=_SUMMED,
)

substitute_plane_lower = Rule(
    name="substitute_plane_lower",
    operator=None,
    given=(c, su, tu, bu, sl, tl, bl),
    chosen=(),
    derived=(
        Derived("k", maximum(c, 0) * sl + minimum(c, 0) * su, Outward.EXACT),
        Derived("j", maximum(c, 0) * tl + minimum(c, 0) * tu, Outward.EXACT),
        Derived("q", maximum(c, 0) * bl + minimum(c, 0) * bu, Outward.DOWN),
    ),
    point=(x, y, h),
    sides=_PLANES,
    claims=(Claim("lower", k * x + j * y + q <= c * h),),
    because="a coefficient ≥ 0 keeps the lower plane below, one ≤ 0 turns the upper one into one",
    source="substitute_lower with a plane in place of a line, as DeepPoly (Singh et al. 2019) does",
    lift=_SUMMED,
)

_NODE = "the node is at most this affine expression in its operand, as by its line or itself"
_NODE_BELOW = "the node is at least this affine expression in its operand"

compose_upper = Rule(
    name="compose_upper",
    operator=None,
    given=(c, d, su, bu, sl, bl),
    chosen=(),
    derived=(
        Derived("k", maximum(c, 0) * su + minimum(c, 0) * sl, Outward.EXACT),
        Derived("q", maximum(c, 0) * bu + minimum(c, 0) * bl + d, Outward.UP),
    ),
    point=(x, h, y),
    sides=(Side("node_above", y <= c * h + d, because=_NODE), *_LINES),
    claims=(Claim("upper", y <= k * x + q),),
    because="a coefficient ≥ 0 keeps the upper form above, one ≤ 0 turns the lower form into one",
    source="forward LiRPA (Xu et al. 2020): substitute_upper in the order of the graph",
    lift=_COMPOSED,
)

compose_lower = Rule(
    name="compose_lower",
    operator=None,
    given=(c, d, su, bu, sl, bl),
    chosen=(),
    derived=(
        Derived("k", maximum(c, 0) * sl + minimum(c, 0) * su, Outward.EXACT),
        Derived("q", maximum(c, 0) * bl + minimum(c, 0) * bu + d, Outward.DOWN),
    ),
    point=(x, h, y),
    sides=(Side("node_below", c * h + d <= y, because=_NODE_BELOW), *_LINES),
    claims=(Claim("lower", k * x + q <= y),),
    because="a coefficient ≥ 0 keeps the lower form below, one ≤ 0 turns the upper form into one",
    source="forward LiRPA (Xu et al. 2020): substitute_lower in the order of the graph",
    lift=_COMPOSED,
)

reslope_upper = Rule(
    name="reslope_upper",
    operator=None,
    given=(c, l, u),
    chosen=(k,),
    derived=(Derived("q", maximum((c - k) * l, (c - k) * u), Outward.UP),),
    point=(x,),
    sides=_BOX,
    claims=(Claim("upper", c * x <= k * x + q),),
    because="(c − k)·x is at most its greater end over the box",
    source="design of this project: any coefficient may be replaced if the constant absorbs it",
    lift=_SUMMED,
)

reslope_lower = Rule(
    name="reslope_lower",
    operator=None,
    given=(c, l, u),
    chosen=(k,),
    derived=(Derived("q", minimum((c - k) * l, (c - k) * u), Outward.DOWN),),
    point=(x,),
    sides=_BOX,
    claims=(Claim("lower", k * x + q <= c * x),),
    because="(c − k)·x is at least its lesser end over the box",
    source="design of this project: any coefficient may be replaced if the constant absorbs it",
    lift=_SUMMED,
)

floor_lower = Rule(
    name="floor_lower",
    operator=None,
    given=(c, m),
    chosen=(k,),
    derived=(Derived("q", (c - k) * m, Outward.DOWN),),
    point=(x,),
    sides=(
        Side("at_least", m <= x, because="x stays above what it is measured from"),
        Side("rounded_down", k <= c, because="only a lesser coefficient gives away something"),
    ),
    claims=(Claim("lower", k * x + q <= c * x),),
    because="(c − k)·(x − m) is a product of two numbers that are not negative; with m = 0, as "
    "after a ReLU, a coefficient is rounded down at no cost",
    source="design of this project: one-sided reslope, for integers inside floats",
    lift=_SUMMED,
)

ceiling_upper = Rule(
    name="ceiling_upper",
    operator=None,
    given=(c, m),
    chosen=(k,),
    derived=(Derived("q", (c - k) * m, Outward.UP),),
    point=(x,),
    sides=(
        Side("at_least", m <= x, because="x stays above what it is measured from"),
        Side("rounded_up", c <= k, because="only a greater coefficient gives away something"),
    ),
    claims=(Claim("upper", c * x <= k * x + q),),
    because="(k − c)·(x − m) is a product of two numbers that are not negative",
    source="design of this project: one-sided reslope, for integers inside floats",
    lift=_SUMMED,
)

concretise = Rule(
    name="concretise",
    operator=None,
    given=(cl, bl, cu, bu, l, u),
    chosen=(),
    derived=(
        Derived("lo", minimum(cl * l, cl * u) + bl, Outward.DOWN),
        Derived("hi", maximum(cu * l, cu * u) + bu, Outward.UP),
    ),
    point=(x, t),
    sides=(
        Side("form_below", cl * x + bl <= t, because="the lower form bounds the target"),
        Side("form_above", t <= cu * x + bu, because="the upper form bounds the target"),
        *_BOX,
    ),
    claims=(Claim("lower", lo <= t), Claim("upper", t <= hi)),
    because="an affine function over a box is extreme at a corner",
    source="CROWN (Zhang et al. 2018), closed-form bound over the input box",
    lift="any number of inputs, by induction: the terms are those of dot_product_interval",
)

RULES = (
    start_form,
    substitute_affine,
    substitute_upper,
    substitute_lower,
    substitute_plane_upper,
    substitute_plane_lower,
    compose_upper,
    compose_lower,
    reslope_upper,
    reslope_lower,
    floor_lower,
    ceiling_upper,
    concretise,
)
