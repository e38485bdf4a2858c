"""Intervals and lines around tanh and sigmoid: each side of 0, across it, and parallel lines.

Both are convex left of 0 and concave right of it. Legend: as in `refsem.rules.lines`.
"""

from refsem.ir.operators import Op, meaning
from refsem.ir.terms import Term, maximum, minimum
from refsem.rules import function_facts as facts
from refsem.rules import lines
from refsem.rules.lines import LEFT, RIGHT, T_LEFT, T_RIGHT, l, t, u, vl, vu, x


def tanh_slope(at: Term) -> Term:
    """The derivative of tanh."""
    value = meaning(Op.TANH, at)
    return 1 - value * value


def sigmoid_slope(at: Term) -> Term:
    """The derivative of the sigmoid."""
    value = meaning(Op.SIGMOID, at)
    return value * (1 - value)


tanh_interval = lines.interval(
    "tanh_interval",
    Op.TANH,
    facts.tanh_monotone,
    (),
    least=maximum(vl, -1),
    greatest=minimum(vu, 1),
    ranges=(facts.tanh_above_minus_one.at(x), facts.tanh_below_one.at(x)),
)
tanh_upper_left = lines.above_chord(
    "tanh_upper_left", Op.TANH, facts.tanh_chord_left, facts.tanh_monotone, (LEFT,)
)
tanh_lower_left = lines.below_tangent(
    "tanh_lower_left", Op.TANH, facts.tanh_tangent_left, tanh_slope(t), (LEFT, T_LEFT)
)
tanh_lower_right = lines.below_chord(
    "tanh_lower_right", Op.TANH, facts.tanh_chord_right, facts.tanh_monotone, (RIGHT,)
)
tanh_upper_right = lines.above_tangent(
    "tanh_upper_right", Op.TANH, facts.tanh_tangent_right, tanh_slope(t), (RIGHT, T_RIGHT)
)
tanh_upper = lines.above_everywhere(
    "tanh_upper",
    Op.TANH,
    chord=facts.tanh_chord_left,
    tangent=facts.tanh_tangent_right,
    rising=facts.tanh_monotone,
    slope=tanh_slope(t),
)
tanh_lower = lines.below_everywhere(
    "tanh_lower",
    Op.TANH,
    chord=facts.tanh_chord_right,
    tangent=facts.tanh_tangent_left,
    rising=facts.tanh_monotone,
    slope=tanh_slope(t),
)
tanh_parallel = lines.parallel(
    "tanh_parallel", Op.TANH, facts.tanh_least_slope, tanh_slope(l), tanh_slope(u)
)

sigmoid_interval = lines.interval(
    "sigmoid_interval",
    Op.SIGMOID,
    facts.sigmoid_monotone,
    (),
    least=maximum(vl, 0),
    greatest=minimum(vu, 1),
    ranges=(facts.sigmoid_positive.at(x), facts.sigmoid_below_one.at(x)),
)
sigmoid_upper_left = lines.above_chord(
    "sigmoid_upper_left", Op.SIGMOID, facts.sigmoid_chord_left, facts.sigmoid_monotone, (LEFT,)
)
sigmoid_lower_left = lines.below_tangent(
    "sigmoid_lower_left", Op.SIGMOID, facts.sigmoid_tangent_left, sigmoid_slope(t), (LEFT, T_LEFT)
)
sigmoid_lower_right = lines.below_chord(
    "sigmoid_lower_right", Op.SIGMOID, facts.sigmoid_chord_right, facts.sigmoid_monotone, (RIGHT,)
)
sigmoid_upper_right = lines.above_tangent(
    "sigmoid_upper_right",
    Op.SIGMOID,
    facts.sigmoid_tangent_right,
    sigmoid_slope(t),
    (RIGHT, T_RIGHT),
)
sigmoid_upper = lines.above_everywhere(
    "sigmoid_upper",
    Op.SIGMOID,
    chord=facts.sigmoid_chord_left,
    tangent=facts.sigmoid_tangent_right,
    rising=facts.sigmoid_monotone,
    slope=sigmoid_slope(t),
)
sigmoid_lower = lines.below_everywhere(
    "sigmoid_lower",
    Op.SIGMOID,
    chord=facts.sigmoid_chord_right,
    tangent=facts.sigmoid_tangent_left,
    rising=facts.sigmoid_monotone,
    slope=sigmoid_slope(t),
)
sigmoid_parallel = lines.parallel(
    "sigmoid_parallel", Op.SIGMOID, facts.sigmoid_least_slope, sigmoid_slope(l), sigmoid_slope(u)
)

RULES = (
    tanh_interval,
    tanh_upper_left,
    tanh_lower_left,
    tanh_lower_right,
    tanh_upper_right,
    tanh_upper,
    tanh_lower,
    tanh_parallel,
    sigmoid_interval,
    sigmoid_upper_left,
    sigmoid_lower_left,
    sigmoid_lower_right,
    sigmoid_upper_right,
    sigmoid_upper,
    sigmoid_lower,
    sigmoid_parallel,
)
