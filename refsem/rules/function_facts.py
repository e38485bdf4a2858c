"""The facts about named functions that rules may cite, one function after the other.

Ranges, symmetries and the definition of the square root rest on their statement. What follows
from the sign or the size of a derivative is checked where it is used (voucher `ball`). SiLU is
x·sigmoid(x) and GELU is x·(1 + erf(x/√2))/2: terms, not functions of their own. No rule cites
the facts about them and erf yet.

Legend: as in `refsem.rules.shapes`. Source: elementary calculus; each fact names the derivative.
"""

from gmpy2 import mpq

from refsem.exact.functions import Function
from refsem.ir.terms import applied, equal, maximum, term, variables
from refsem.rules.fact_forms import (
    BETWEEN,
    ORDERED,
    between_steep_ends,
    left,
    positive,
    right,
    shaped,
    stated,
)
from refsem.rules.facts import Fact, Shape

l, t, u, x = variables("l t u x")


_EXP = applied(Function.EXP, x)

exp_positive = stated(Function.EXP, "positive", Shape.RANGE, (), _EXP > 0, "a power is positive")
exp_monotone = shaped(Function.EXP, "monotone", Shape.MONOTONE, ORDERED, "exp′ = exp")
exp_tangent = shaped(Function.EXP, "tangent", Shape.TANGENT_BELOW, (), "exp″ = exp")
exp_chord = shaped(Function.EXP, "chord", Shape.CHORD_ABOVE, BETWEEN, "exp″ = exp")

log_monotone = shaped(
    Function.LOG,
    "monotone",
    Shape.MONOTONE,
    (*positive(x), *ORDERED),
    "ln′(x) = 1/x",
)
log_tangent = shaped(Function.LOG, "tangent", Shape.TANGENT_ABOVE, positive(t, x), "ln″(x) = −1/x²")
log_chord = shaped(
    Function.LOG,
    "chord",
    Shape.CHORD_BELOW,
    (*positive(l), *BETWEEN),
    "ln″(x) = −1/x²",
)

_SOFTPLUS = Function.SOFTPLUS
_SOFTPLUS_BENDS = "softplus″ = sigmoid·(1 − sigmoid)"
softplus_positive = stated(
    _SOFTPLUS, "positive", Shape.RANGE, (), applied(_SOFTPLUS, x) > 0, "1 + e^x is above 1"
)
softplus_monotone = shaped(_SOFTPLUS, "monotone", Shape.MONOTONE, ORDERED, "softplus′ = sigmoid")
softplus_tangent = shaped(_SOFTPLUS, "tangent", Shape.TANGENT_BELOW, (), _SOFTPLUS_BENDS)
softplus_chord = shaped(_SOFTPLUS, "chord", Shape.CHORD_ABOVE, BETWEEN, _SOFTPLUS_BENDS)


_TANH_BENDS = "tanh″ = −2·tanh·(1 − tanh²)"
_TANH = applied(Function.TANH, x)
tanh_above_minus_one = stated(
    Function.TANH, "above_minus_one", Shape.RANGE, (), _TANH > -1, "|sinh| is below cosh"
)
tanh_below_one = stated(
    Function.TANH, "below_one", Shape.RANGE, (), _TANH < 1, "|sinh| is below cosh"
)
tanh_odd = stated(
    Function.TANH,
    "odd",
    Shape.SYMMETRY,
    (),
    equal(applied(Function.TANH, -x), -_TANH),
    "sinh is odd and cosh is even",
)
tanh_monotone = shaped(Function.TANH, "monotone", Shape.MONOTONE, ORDERED, "tanh′ = 1 − tanh²")
tanh_least_slope = shaped(
    Function.TANH, "least_slope", Shape.LEAST_SLOPE, between_steep_ends(Function.TANH), _TANH_BENDS
)
tanh_tangent_left = shaped(
    Function.TANH, "tangent_left", Shape.TANGENT_BELOW, left(t, x), _TANH_BENDS
)
tanh_chord_left = shaped(
    Function.TANH, "chord_left", Shape.CHORD_ABOVE, (*BETWEEN, *left(u)), _TANH_BENDS
)
tanh_tangent_right = shaped(
    Function.TANH, "tangent_right", Shape.TANGENT_ABOVE, right(t, x), _TANH_BENDS
)
tanh_chord_right = shaped(
    Function.TANH, "chord_right", Shape.CHORD_BELOW, (*BETWEEN, *right(l)), _TANH_BENDS
)

_LOGISTIC = Function.SIGMOID
_SIGMOID = applied(_LOGISTIC, x)
_SIGMOID_BENDS = "sigmoid″ = sigmoid·(1 − sigmoid)·(1 − 2·sigmoid)"
sigmoid_positive = stated(
    _LOGISTIC, "positive", Shape.RANGE, (), _SIGMOID > 0, "1 / (1 + e^−x), and e^−x is positive"
)
sigmoid_below_one = stated(
    _LOGISTIC, "below_one", Shape.RANGE, (), _SIGMOID < 1, "1 / (1 + e^−x), and e^−x is positive"
)
sigmoid_symmetric = stated(
    _LOGISTIC,
    "symmetric",
    Shape.SYMMETRY,
    (),
    equal(applied(_LOGISTIC, -x), 1 - _SIGMOID),
    "e^x / (1 + e^x) is 1 / (1 + e^−x)",
)
sigmoid_monotone = shaped(
    _LOGISTIC, "monotone", Shape.MONOTONE, ORDERED, "sigmoid′ = sigmoid·(1 − sigmoid)"
)
sigmoid_least_slope = shaped(
    _LOGISTIC, "least_slope", Shape.LEAST_SLOPE, between_steep_ends(_LOGISTIC), _SIGMOID_BENDS
)
sigmoid_tangent_left = shaped(
    _LOGISTIC, "tangent_left", Shape.TANGENT_BELOW, left(t, x), _SIGMOID_BENDS
)
sigmoid_chord_left = shaped(
    _LOGISTIC, "chord_left", Shape.CHORD_ABOVE, (*BETWEEN, *left(u)), _SIGMOID_BENDS
)
sigmoid_tangent_right = shaped(
    _LOGISTIC, "tangent_right", Shape.TANGENT_ABOVE, right(t, x), _SIGMOID_BENDS
)
sigmoid_chord_right = shaped(
    _LOGISTIC, "chord_right", Shape.CHORD_BELOW, (*BETWEEN, *right(l)), _SIGMOID_BENDS
)

_SIN, _COS = applied(Function.SIN, x), applied(Function.COS, x)
_CIRCLE = "the squares of sine and cosine add to 1"
sin_at_least_minus_one = stated(
    Function.SIN, "at_least_minus_one", Shape.RANGE, (), _SIN >= -1, _CIRCLE
)
sin_at_most_one = stated(Function.SIN, "at_most_one", Shape.RANGE, (), _SIN <= 1, _CIRCLE)
sin_odd = stated(
    Function.SIN,
    "odd",
    Shape.SYMMETRY,
    (),
    equal(applied(Function.SIN, -x), -_SIN),
    "its power series has odd powers only",
)
sin_steepness = shaped(Function.SIN, "steepness", Shape.STEEPNESS, (), "sin′ = cos")
sin_parabola_below = shaped(Function.SIN, "parabola_below", Shape.PARABOLA_BELOW, (), "sin″ = −sin")
sin_parabola_above = shaped(Function.SIN, "parabola_above", Shape.PARABOLA_ABOVE, (), "sin″ = −sin")

cos_at_least_minus_one = stated(
    Function.COS, "at_least_minus_one", Shape.RANGE, (), _COS >= -1, _CIRCLE
)
cos_at_most_one = stated(Function.COS, "at_most_one", Shape.RANGE, (), _COS <= 1, _CIRCLE)
cos_even = stated(
    Function.COS,
    "even",
    Shape.SYMMETRY,
    (),
    equal(applied(Function.COS, -x), _COS),
    "its power series has even powers only",
)
cos_steepness = shaped(Function.COS, "steepness", Shape.STEEPNESS, (), "cos′ = −sin")
cos_parabola_below = shaped(Function.COS, "parabola_below", Shape.PARABOLA_BELOW, (), "cos″ = −cos")
cos_parabola_above = shaped(Function.COS, "parabola_above", Shape.PARABOLA_ABOVE, (), "cos″ = −cos")

_ROOT = applied(Function.SQRT, x)
sqrt_nonnegative = stated(
    Function.SQRT, "nonnegative", Shape.DEFINITION, right(x), _ROOT >= 0, "of two roots, this one"
)
sqrt_monotone = shaped(
    Function.SQRT, "monotone", Shape.MONOTONE, (*right(x), *ORDERED), "√′(x) = 1/(2√x)"
)
sqrt_chord = shaped(
    Function.SQRT, "chord", Shape.CHORD_BELOW, (*right(l), *BETWEEN), "√″(x) = −1/(4x√x)"
)
sqrt_square = stated(
    Function.SQRT,
    "square",
    Shape.DEFINITION,
    right(x),
    equal(_ROOT * _ROOT, x),
    "it is a root",
)

_ERF = applied(Function.ERF, x)
_ERF_BENDS = "erf″(x) = −2x·erf′(x), and erf′(x) = 2/√π·e^(−x²)"
erf_above_minus_one = stated(
    Function.ERF, "above_minus_one", Shape.RANGE, (), _ERF > -1, "it rises, and −1 is its limit"
)
erf_below_one = stated(
    Function.ERF, "below_one", Shape.RANGE, (), _ERF < 1, "it rises, and 1 is its limit"
)
erf_odd = stated(
    Function.ERF,
    "odd",
    Shape.SYMMETRY,
    (),
    equal(applied(Function.ERF, -x), -_ERF),
    "its derivative is even and its value at 0 is 0",
)
erf_monotone = shaped(Function.ERF, "monotone", Shape.MONOTONE, ORDERED, _ERF_BENDS)
erf_chord_left = shaped(
    Function.ERF, "chord_left", Shape.CHORD_ABOVE, (*BETWEEN, *left(u)), _ERF_BENDS
)
erf_chord_right = shaped(
    Function.ERF, "chord_right", Shape.CHORD_BELOW, (*BETWEEN, *right(l)), _ERF_BENDS
)

_FLOOR, _CEIL = applied(Function.FLOOR, x), applied(Function.CEIL, x)
_ROUND, _TRUNC = applied(Function.ROUND, x), applied(Function.TRUNC, x)
_WHOLE = "the definition: {}"
floor_at_most, floor_at_least = (
    stated(Function.FLOOR, what, Shape.NEAR, (), near, _WHOLE.format("the greatest integer ≤ x"))
    for what, near in (("at_most", x >= _FLOOR), ("at_least", x < _FLOOR + 1))
)
ceil_at_most, ceil_at_least = (
    stated(Function.CEIL, what, Shape.NEAR, (), near, _WHOLE.format("the least integer ≥ x"))
    for what, near in (("at_most", x + 1 > _CEIL), ("at_least", x <= _CEIL))
)
round_at_most, round_at_least = (
    stated(Function.ROUND, what, Shape.NEAR, (), near, _WHOLE.format("no integer is nearer"))
    for what, near in (("at_most", 2 * x + 1 >= 2 * _ROUND), ("at_least", 2 * x <= 2 * _ROUND + 1))
)
trunc_at_most, trunc_at_least = (
    stated(Function.TRUNC, what, Shape.NEAR, (), near, _WHOLE.format("the integer part"))
    for what, near in (("at_most", x + 1 > _TRUNC), ("at_least", x < _TRUNC + 1))
)
floor_monotone, ceil_monotone, round_monotone, trunc_monotone = (
    shaped(function, "monotone", Shape.MONOTONE, ORDERED, "greater numbers, no smaller integers")
    for function in (Function.FLOOR, Function.CEIL, Function.ROUND, Function.TRUNC)
)

_SILU = x * _SIGMOID
silu_at_most_relu = stated(
    _LOGISTIC,
    "times_x_at_most_relu",
    Shape.RANGE,
    (),
    maximum(x, 0) >= _SILU,
    "SiLU is x times a factor between 0 and 1",
)
silu_at_least = stated(
    _LOGISTIC,
    "times_x_at_least",
    Shape.RANGE,
    (),
    10 * _SILU >= -3,
    "the least value of SiLU is −0.2784…, near x = −1.278",
)

_GELU = x * (1 + applied(Function.ERF, x * applied(Function.SQRT, 2) * term(mpq(1, 2))))
"""Twice GELU."""
gelu_at_most_relu = stated(
    Function.ERF,
    "gelu_at_most_relu",
    Shape.RANGE,
    (),
    2 * maximum(x, 0) >= _GELU,
    "GELU is x times a factor between 0 and 1",
)
gelu_at_least = stated(
    Function.ERF,
    "gelu_at_least",
    Shape.RANGE,
    (),
    5 * _GELU >= -2,
    "the least value of GELU is −0.1699…, near x = −0.7518",
)

FACTS: tuple[Fact, ...] = (
    exp_positive,
    exp_monotone,
    exp_tangent,
    exp_chord,
    log_monotone,
    log_tangent,
    log_chord,
    softplus_positive,
    softplus_monotone,
    softplus_tangent,
    softplus_chord,
    tanh_above_minus_one,
    tanh_below_one,
    tanh_odd,
    tanh_monotone,
    tanh_least_slope,
    tanh_tangent_left,
    tanh_chord_left,
    tanh_tangent_right,
    tanh_chord_right,
    sigmoid_positive,
    sigmoid_below_one,
    sigmoid_symmetric,
    sigmoid_monotone,
    sigmoid_least_slope,
    sigmoid_tangent_left,
    sigmoid_chord_left,
    sigmoid_tangent_right,
    sigmoid_chord_right,
    sin_at_least_minus_one,
    sin_at_most_one,
    sin_odd,
    sin_steepness,
    sin_parabola_below,
    sin_parabola_above,
    cos_at_least_minus_one,
    cos_at_most_one,
    cos_even,
    cos_steepness,
    cos_parabola_below,
    cos_parabola_above,
    sqrt_nonnegative,
    sqrt_monotone,
    sqrt_chord,
    sqrt_square,
    erf_above_minus_one,
    erf_below_one,
    erf_odd,
    erf_monotone,
    erf_chord_left,
    erf_chord_right,
    floor_at_most,
    floor_at_least,
    ceil_at_most,
    ceil_at_least,
    round_at_most,
    round_at_least,
    trunc_at_most,
    trunc_at_least,
    floor_monotone,
    ceil_monotone,
    round_monotone,
    trunc_monotone,
    silu_at_most_relu,
    silu_at_least,
    gelu_at_most_relu,
    gelu_at_least,
)
