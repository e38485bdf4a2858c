"""Which lift takes which rule to tensors: every rule that a Trace may apply is listed here."""

from collections.abc import Mapping

from refsem.rules.lifts import boxes, branches, curves, enclosed, forms, forward, pairs
from refsem.rules.lifts.context import Lift
from refsem.rules.trace import Norm, Side

SMOOTH_INTERVALS = (
    *("exp_interval", "log_interval", "softplus_interval", "sqrt_interval"),
    *("reciprocal_interval_positive", "reciprocal_interval_negative"),
    *("tanh_interval", "sigmoid_interval", "sin_interval", "cos_interval"),
)
SMOOTH_UPPER = (
    *("exp_upper", "log_upper", "softplus_upper", "sqrt_upper"),
    *("reciprocal_upper_positive", "reciprocal_upper_negative"),
    *("tanh_upper", "sigmoid_upper", "sin_upper", "cos_upper"),
)
SMOOTH_LOWER = (
    *("exp_lower", "log_lower", "softplus_lower", "sqrt_lower"),
    *("reciprocal_lower_positive", "reciprocal_lower_negative"),
    *("tanh_lower", "sigmoid_lower", "sin_lower", "cos_lower"),
)
"""Rules that are applied entry by entry, by what they claim: lo and hi, or a line k·x + b."""

ALGEBRAIC = (
    *("leaky_relu", "prelu", "abs", "clip", "hard_sigmoid", "hard_swish"),
    *("square", "cube", "power4", "power5", "power6", "power7", "power8"),
    *("sign", "positive", "nonnegative", "zero"),
)
"""Families of algebraic rules about one operand, each with an interval and two lines."""

_PAIRED = ("max", "min", "product")
"""Families of rules about two operands, each with an interval and two planes."""

WHOLE = ("floor_step", "ceil_step", "round_step", "trunc_step")
"""Families of rules about a step function, applied as those about functions are."""

LIFTS: Mapping[str, Lift] = {
    "input_interval": boxes.input_interval,
    "constant_interval": boxes.constant_interval,
    "dot_product_interval": boxes.dot_product_interval,
    "relu_interval": curves.relu_interval,
    "intersect": boxes.intersect,
    "relu_upper": curves.relu_upper,
    "relu_lower": curves.relu_lower,
    "start_form": forms.start_form,
    "substitute_affine": forms.substitute_affine,
    "substitute_upper": forms.substitute(Side.UPPER),
    "substitute_lower": forms.substitute(Side.LOWER),
    "substitute_plane_upper": forms.substitute_plane(Side.UPPER),
    "substitute_plane_lower": forms.substitute_plane(Side.LOWER),
    "compose_upper": forward.compose(Side.UPPER),
    "compose_lower": forward.compose(Side.LOWER),
    "floor_lower": forms.one_sided(Side.LOWER),
    "ceiling_upper": forms.one_sided(Side.UPPER),
    "concretise": forms.concretise,
    "l1_ball_lower": forms.in_ball(Side.LOWER, Norm.L1, "g"),
    "l1_ball_upper": forms.in_ball(Side.UPPER, Norm.L1, "g"),
    "l2_ball_lower": forms.in_ball(Side.LOWER, Norm.L2, "s"),
    "l2_ball_upper": forms.in_ball(Side.UPPER, Norm.L2, "s"),
    "split_interval": boxes.split_interval,
    "multiplier_lower": forms.multiplier_lower,
    **dict.fromkeys(SMOOTH_INTERVALS, curves.smooth_interval),
    **dict.fromkeys(SMOOTH_UPPER, curves.smooth_line(Side.UPPER)),
    **dict.fromkeys(SMOOTH_LOWER, curves.smooth_line(Side.LOWER)),
    **{f"{family}_interval": curves.smooth_interval for family in WHOLE},
    **{f"{family}_upper": curves.smooth_line(Side.UPPER) for family in WHOLE},
    **{f"{family}_lower": curves.smooth_line(Side.LOWER) for family in WHOLE},
    **{f"{family}_interval": curves.algebraic_interval for family in ALGEBRAIC},
    **{f"{family}_upper": curves.algebraic_line(Side.UPPER) for family in ALGEBRAIC},
    **{f"{family}_lower": curves.algebraic_line(Side.LOWER) for family in ALGEBRAIC},
    "where_interval": branches.branch_interval,
    "where_upper": branches.branch_plane(Side.UPPER),
    "where_lower": branches.branch_plane(Side.LOWER),
    "enclosed_interval": enclosed.enclosed_interval,
    "enclosed_upper": enclosed.enclosed_line(Side.UPPER),
    "enclosed_lower": enclosed.enclosed_line(Side.LOWER),
    **{f"{family}_interval": pairs.pair_interval for family in _PAIRED},
    **{f"{family}_upper": pairs.pair_plane(Side.UPPER) for family in _PAIRED},
    **{f"{family}_lower": pairs.pair_plane(Side.LOWER) for family in _PAIRED},
}
"""The lift of every rule that replay applies."""
