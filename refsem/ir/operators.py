"""The operator catalogue: one row an operator, with the one real meaning it has.

A row states arity, attributes, the shape rule and the meaning. The meaning of an elementwise
operator is a term in x, y, z (its operands) and the names of its numeric attributes, applied to
every entry after broadcasting; that of the rest is a plan of index maps (`refsem.ir.plans`):
entries moved, folded, or multiplied and summed. A composite has neither: it means what its first
expansion into other operators means (`refsem.ir.composites`).

Edge cases: a sum over an axis of length zero is 0; tensors of size zero are allowed. Attributes
state everything: layout, axes counted from the front, every pad.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from fractions import Fraction

from refsem.exact.functions import Function
from refsem.ir import contractions, normalisations, rearrangements, reductions
from refsem.ir.plans import Fold, PlanRule
from refsem.ir.shapes import Attribute, Attributes, Shape, ShapeError, ShapeRule, integers
from refsem.ir.shapes import broadcast as _broadcast
from refsem.ir.shapes import declared as _declared
from refsem.ir.shapes import reshaped as _reshape
from refsem.ir.shapes import same as _same
from refsem.ir.terms import Term, applied, maximum, minimum, select, substitute, term, variables

__all__ = [
    "CATALOGUE",
    "OPERANDS",
    "ROW",
    "VARIADIC",
    "Attribute",
    "Attributes",
    "Op",
    "OperatorRow",
    "Shape",
    "ShapeError",
    "integers",
    "meaning",
]

VARIADIC = 2**16
"""How many further operands an operator of any number of them may have."""


class Op(Enum):
    """The operators a graph may contain; the value is the printed tag."""

    INPUT = "input"
    CONSTANT = "constant"
    ADD = "add"
    SUB = "sub"
    MUL = "mul"
    MATMUL = "matmul"
    GEMM = "gemm"
    RELU = "relu"
    NEG = "neg"
    DIV = "div"
    ABS = "abs"
    MAX = "max"
    MIN = "min"
    CLIP = "clip"
    LEAKY_RELU = "leaky_relu"
    PRELU = "prelu"
    HARD_SIGMOID = "hard_sigmoid"
    HARD_SWISH = "hard_swish"
    SQUARE = "square"
    CUBE = "cube"
    POWER4 = "power4"
    POWER5 = "power5"
    POWER6 = "power6"
    POWER7 = "power7"
    POWER8 = "power8"
    EXP = "exp"
    LOG = "log"
    SOFTPLUS = "softplus"
    TANH = "tanh"
    SIGMOID = "sigmoid"
    SIN = "sin"
    COS = "cos"
    TAN = "tan"
    SQRT = "sqrt"
    RECIPROCAL = "reciprocal"
    RESHAPE = "reshape"
    TRANSPOSE = "transpose"
    IDENTITY = "identity"
    ELU = "elu"
    SELU = "selu"
    CELU = "celu"
    SIGN = "sign"
    POSITIVE = "positive"
    NONNEGATIVE = "nonnegative"
    ZERO = "zero"
    FLOOR = "floor"
    CEIL = "ceil"
    ROUND = "round"
    TRUNC = "trunc"
    SOFTSIGN = "softsign"
    ERF = "erf"
    GELU = "gelu"
    GELU_TANH = "gelu_tanh"
    SILU = "silu"
    MISH = "mish"
    THRESHOLDED_RELU = "thresholded_relu"
    LESS = "less"
    LESS_EQUAL = "less_equal"
    EQUAL = "equal"
    NOT = "not"
    WHERE = "where"
    EXPAND = "expand"
    CONCAT = "concat"
    SLICE = "slice"
    GATHER = "gather"
    PAD = "pad"
    TILE = "tile"
    CONV = "conv"
    CONV_TRANSPOSE = "conv_transpose"
    MAX_POOL = "max_pool"
    AVERAGE_POOL = "average_pool"
    REDUCE_SUM = "reduce_sum"
    REDUCE_MEAN = "reduce_mean"
    REDUCE_MAX = "reduce_max"
    REDUCE_MIN = "reduce_min"
    SOFTMAX = "softmax"
    LOG_SOFTMAX = "log_softmax"
    LOG_SUM_EXP = "log_sum_exp"
    BATCH_NORM = "batch_norm"
    LAYER_NORM = "layer_norm"
    MSE = "mse"


@dataclass(frozen=True, slots=True)
class OperatorRow:
    """What an operator takes and means."""

    op: Op
    arity: int
    attributes: tuple[str, ...]
    shape: ShapeRule
    statement: str
    meaning: Term | None = None
    """The elementwise meaning in variables x, y, z and attributes' names; None for the rest."""
    plan: PlanRule | None = None
    """The meaning as index maps; None for elementwise operators and sources."""
    optional: int = 0
    """How many operands it may have beyond its arity."""


x, y, z, low, high, alpha, beta, gamma = variables("x y z low high alpha beta gamma")
_HALF = term(Fraction(1, 2))
_ROOT_OF_2_OVER_PI = applied(Function.SQRT, _HALF / applied(Function.ATAN, 1))


def _clip(value: Term, least: Term | int, greatest: Term | int) -> Term:
    """The value moved up to the least, then down to the greatest."""
    return minimum(maximum(value, least), greatest)


def _leaky(value: Term, slope: Term) -> Term:
    return select(0, value, value, slope * value)


def _power(value: Term, exponent: int) -> Term:
    """The power by repeated squaring: 4 and 8 are squares of squares."""
    if exponent == 1:
        return value
    root = _power(value, exponent // 2)
    return root * root * value if exponent % 2 else root * root


_WINDOW = ("layout", "strides", "dilations", "pads")

CATALOGUE: tuple[OperatorRow, ...] = (
    OperatorRow(Op.INPUT, 0, ("shape",), _declared, "a real in the region", None),
    OperatorRow(Op.CONSTANT, 0, ("shape",), _declared, "the value of a binary32 pattern", None),
    OperatorRow(Op.ADD, 2, (), _broadcast, "x + y, broadcast", x + y),
    OperatorRow(Op.SUB, 2, (), _broadcast, "x - y, broadcast", x - y),
    OperatorRow(Op.MUL, 2, (), _broadcast, "x · y, broadcast", x * y),
    OperatorRow(
        Op.MATMUL,
        2,
        (),
        contractions.matmul_shape,
        "out[.., i, j] = Σ_k x[.., i, k] · y[.., k, j]",
        plan=contractions.matmul_plan,
    ),
    OperatorRow(
        Op.GEMM,
        3,
        ("alpha", "beta", "transA", "transB"),
        contractions.gemm_shape,
        "out[i, j] = alpha · Σ_k x'[i, k] · y'[k, j] + beta · z[i, j]",
        plan=contractions.gemm_plan,
    ),
    OperatorRow(Op.RELU, 1, (), _same, "max(x, 0)", maximum(x, 0)),
    OperatorRow(Op.NEG, 1, (), _same, "-x", -x),
    OperatorRow(Op.DIV, 2, (), _broadcast, "x / y, broadcast, where y ≠ 0", x / y),
    OperatorRow(Op.ABS, 1, (), _same, "|x|", abs(x)),
    OperatorRow(Op.MAX, 2, (), _broadcast, "max(x, y), broadcast", maximum(x, y)),
    OperatorRow(Op.MIN, 2, (), _broadcast, "min(x, y), broadcast", minimum(x, y)),
    OperatorRow(Op.CLIP, 1, ("low", "high"), _same, "min(max(x, low), high)", _clip(x, low, high)),
    OperatorRow(
        Op.LEAKY_RELU, 1, ("alpha",), _same, "x where 0 ≤ x, else alpha · x", _leaky(x, alpha)
    ),
    OperatorRow(Op.PRELU, 2, (), _broadcast, "x where 0 ≤ x, else y · x, broadcast", _leaky(x, y)),
    OperatorRow(
        Op.HARD_SIGMOID,
        1,
        ("alpha", "beta"),
        _same,
        "alpha · x + beta, between 0 and 1",
        _clip(alpha * x + beta, 0, 1),
    ),
    OperatorRow(
        Op.HARD_SWISH,
        1,
        (),
        _same,
        "x · (x + 3, between 0 and 6) / 6",
        Fraction(1, 6) * (x * _clip(x + 3, 0, 6)),
    ),
    OperatorRow(Op.SQUARE, 1, (), _same, "x²", _power(x, 2)),
    OperatorRow(Op.CUBE, 1, (), _same, "x³", _power(x, 3)),
    OperatorRow(Op.POWER4, 1, (), _same, "x⁴", _power(x, 4)),
    OperatorRow(Op.POWER5, 1, (), _same, "x⁵", _power(x, 5)),
    OperatorRow(Op.POWER6, 1, (), _same, "x⁶", _power(x, 6)),
    OperatorRow(Op.POWER7, 1, (), _same, "x⁷", _power(x, 7)),
    OperatorRow(Op.POWER8, 1, (), _same, "x⁸", _power(x, 8)),
    OperatorRow(Op.EXP, 1, (), _same, "e^x", applied(Function.EXP, x)),
    OperatorRow(Op.LOG, 1, (), _same, "ln x, where 0 < x", applied(Function.LOG, x)),
    OperatorRow(Op.SOFTPLUS, 1, (), _same, "ln(1 + e^x)", applied(Function.SOFTPLUS, x)),
    OperatorRow(Op.TANH, 1, (), _same, "(e^x - e^-x) / (e^x + e^-x)", applied(Function.TANH, x)),
    OperatorRow(Op.SIGMOID, 1, (), _same, "1 / (1 + e^-x)", applied(Function.SIGMOID, x)),
    OperatorRow(Op.SIN, 1, (), _same, "the sine of x radians", applied(Function.SIN, x)),
    OperatorRow(Op.COS, 1, (), _same, "the cosine of x radians", applied(Function.COS, x)),
    OperatorRow(
        Op.TAN, 1, (), _same, "the tangent of x radians, where cos x ≠ 0", applied(Function.TAN, x)
    ),
    OperatorRow(Op.SQRT, 1, (), _same, "√x, where 0 ≤ x", applied(Function.SQRT, x)),
    OperatorRow(Op.RECIPROCAL, 1, (), _same, "1 / x, where x ≠ 0", 1 / x),
    OperatorRow(
        Op.RESHAPE,
        1,
        ("shape",),
        _reshape,
        "the same entries, row-major",
        plan=rearrangements.unchanged_plan,
    ),
    OperatorRow(
        Op.TRANSPOSE,
        1,
        ("axes",),
        rearrangements.transpose_shape,
        "out axis i is operand axis axes[i]",
        plan=rearrangements.transpose_plan,
    ),
    OperatorRow(Op.IDENTITY, 1, (), _same, "x", x),
    OperatorRow(
        Op.ELU,
        1,
        ("alpha",),
        _same,
        "x where 0 ≤ x, else alpha · (e^x - 1)",
        select(0, x, x, alpha * applied(Function.EXPM1, x)),
    ),
    OperatorRow(
        Op.SELU,
        1,
        ("alpha", "gamma"),
        _same,
        "gamma · (x where 0 ≤ x, else alpha · (e^x - 1))",
        gamma * select(0, x, x, alpha * applied(Function.EXPM1, x)),
    ),
    OperatorRow(
        Op.CELU,
        1,
        ("alpha",),
        _same,
        "x where 0 ≤ x, else alpha · (e^(x / alpha) - 1), where alpha ≠ 0",
        select(0, x, x, alpha * applied(Function.EXPM1, x / alpha)),
    ),
    OperatorRow(
        Op.SIGN, 1, (), _same, "1, 0 or -1: the sign of x", select(x, 0, select(0, x, 0, -1), 1)
    ),
    OperatorRow(Op.POSITIVE, 1, (), _same, "1 where 0 < x, else 0", select(x, 0, 0, 1)),
    OperatorRow(Op.NONNEGATIVE, 1, (), _same, "1 where 0 ≤ x, else 0", select(0, x, 1, 0)),
    OperatorRow(
        Op.ZERO, 1, (), _same, "1 where x = 0, else 0", select(x, 0, select(0, x, 1, 0), 0)
    ),
    OperatorRow(Op.FLOOR, 1, (), _same, "the greatest integer ≤ x", applied(Function.FLOOR, x)),
    OperatorRow(Op.CEIL, 1, (), _same, "the least integer ≥ x", applied(Function.CEIL, x)),
    OperatorRow(
        Op.ROUND,
        1,
        (),
        _same,
        "the nearest integer, of two the even one",
        applied(Function.ROUND, x),
    ),
    OperatorRow(Op.TRUNC, 1, (), _same, "the integer part of x", applied(Function.TRUNC, x)),
    OperatorRow(Op.SOFTSIGN, 1, (), _same, "x / (1 + |x|)", x / (1 + abs(x))),
    OperatorRow(Op.ERF, 1, (), _same, "2/√π · ∫ e^(-t²) from 0 to x", applied(Function.ERF, x)),
    OperatorRow(
        Op.GELU,
        1,
        (),
        _same,
        "x/2 · (1 + erf(x / √2))",
        _HALF * x * (1 + applied(Function.ERF, x * applied(Function.SQRT, _HALF))),
    ),
    OperatorRow(
        Op.GELU_TANH,
        1,
        (),
        _same,
        "x/2 · (1 + tanh(√(2/π) · (x + 0.044715 · x³)))",
        _HALF
        * x
        * (
            1
            + applied(Function.TANH, _ROOT_OF_2_OVER_PI * (x + Fraction(44715, 10**6) * x * x * x))
        ),
    ),
    OperatorRow(
        Op.SILU,
        1,
        ("alpha",),
        _same,
        "x / (1 + e^(-alpha · x))",
        x * applied(Function.SIGMOID, alpha * x),
    ),
    OperatorRow(
        Op.MISH,
        1,
        (),
        _same,
        "x · tanh(ln(1 + e^x))",
        x * applied(Function.TANH, applied(Function.SOFTPLUS, x)),
    ),
    OperatorRow(
        Op.THRESHOLDED_RELU,
        1,
        ("alpha",),
        _same,
        "x where alpha < x, else 0",
        select(x, alpha, 0, x),
    ),
    OperatorRow(Op.LESS, 2, (), _broadcast, "1 where x < y, else 0", select(y, x, 0, 1)),
    OperatorRow(Op.LESS_EQUAL, 2, (), _broadcast, "1 where x ≤ y, else 0", select(x, y, 1, 0)),
    OperatorRow(
        Op.EQUAL, 2, (), _broadcast, "1 where x = y, else 0", select(x, y, select(y, x, 1, 0), 0)
    ),
    OperatorRow(Op.NOT, 1, (), _same, "1 - x: of truth values, 0 or 1", 1 - x),
    OperatorRow(Op.WHERE, 3, (), _broadcast, "y where x is 1, z where x is 0", select(x, 0, z, y)),
    OperatorRow(
        Op.EXPAND,
        1,
        ("shape",),
        rearrangements.expand_shape,
        "x broadcast to the shape",
        plan=rearrangements.expand_plan,
    ),
    OperatorRow(
        Op.CONCAT,
        1,
        ("axis",),
        rearrangements.concat_shape,
        "the operands one after another along the axis",
        plan=rearrangements.concat_plan,
        optional=VARIADIC,
    ),
    OperatorRow(
        Op.SLICE,
        1,
        ("starts", "lengths", "steps"),
        rearrangements.slice_shape,
        "along axis a, lengths[a] entries from starts[a] on, steps[a] apart",
        plan=rearrangements.slice_plan,
    ),
    OperatorRow(
        Op.GATHER,
        1,
        ("axis", "indices", "shape"),
        rearrangements.gather_shape,
        "the slices along the axis that the indices (of that shape) name",
        plan=rearrangements.gather_plan,
    ),
    OperatorRow(
        Op.PAD,
        1,
        ("mode", "pads"),
        rearrangements.pad_shape,
        "x, with entries added around: y, or repeated ones",
        plan=rearrangements.pad_plan,
        optional=1,
    ),
    OperatorRow(
        Op.TILE,
        1,
        ("repeats",),
        rearrangements.tile_shape,
        "x again and again along each axis",
        plan=rearrangements.tile_plan,
    ),
    OperatorRow(
        Op.CONV,
        2,
        (*_WINDOW, "groups"),
        contractions.conv_shape,
        "out[n, m, o] = Σ_{c, d} x[n, c, o · stride + d · dilation - pad] · y[m, c, d] + z[m]",
        plan=contractions.conv_plan,
        optional=1,
    ),
    OperatorRow(
        Op.CONV_TRANSPOSE,
        2,
        (*_WINDOW, "groups", "output_pads"),
        contractions.conv_transpose_shape,
        "out[n, m, q · stride + d · dilation - pad] sums x[n, c, q] · y[c, m, d], + z[m]",
        plan=contractions.conv_transpose_plan,
        optional=1,
    ),
    OperatorRow(
        Op.MAX_POOL,
        1,
        (*_WINDOW, "kernel", "ceil"),
        reductions.pool_shape,
        "the greatest entry of each window",
        plan=reductions.max_pool_plan,
    ),
    OperatorRow(
        Op.AVERAGE_POOL,
        1,
        (*_WINDOW, "kernel", "ceil", "count_include_pad"),
        reductions.pool_shape,
        "the mean of the entries of each window",
        plan=reductions.average_pool_plan,
    ),
    *(
        OperatorRow(
            op,
            1,
            ("axes", "keepdims"),
            reductions.reduce_shape(fold),
            f"the {what} of the entries along the axes",
            plan=reductions.reduce_plan(fold),
        )
        for op, fold, what in (
            (Op.REDUCE_SUM, Fold.SUM, "sum"),
            (Op.REDUCE_MEAN, Fold.MEAN, "mean"),
            (Op.REDUCE_MAX, Fold.MAX, "greatest"),
            (Op.REDUCE_MIN, Fold.MIN, "least"),
        )
    ),
    OperatorRow(
        Op.SOFTMAX,
        1,
        ("axes",),
        normalisations.along_axes,
        "e^x over the sum of e^x along the axes",
    ),
    OperatorRow(
        Op.LOG_SOFTMAX,
        1,
        ("axes",),
        normalisations.along_axes,
        "x minus ln of the sum of e^x along the axes",
    ),
    OperatorRow(
        Op.LOG_SUM_EXP,
        1,
        ("axes", "keepdims"),
        reductions.reduce_shape(Fold.MAX),
        "ln of the sum of e^x along the axes",
    ),
    OperatorRow(
        Op.BATCH_NORM,
        5,
        ("axis", "epsilon"),
        normalisations.batch_norm_shape,
        "(x - mean) / √(variance + epsilon) · y + z; operands x, y, z, mean, variance, by channel",
    ),
    OperatorRow(
        Op.LAYER_NORM,
        3,
        ("axes", "epsilon"),
        normalisations.layer_norm_shape,
        "(x - mean) / √(variance + epsilon) · y + z, mean and variance of x along the axes",
    ),
    OperatorRow(Op.MSE, 2, (), normalisations.mse_shape, "the mean of (x - y)² over all entries"),
)

ROW: Mapping[Op, OperatorRow] = {row.op: row for row in CATALOGUE}


OPERANDS = "xyz"
"""The names of operands in the meanings of elementwise operators."""


def meaning(op: Op, *arguments: Term, **attributes: Term) -> Term:
    """The catalogue's term for an elementwise operator, at these arguments and attributes."""
    statement = ROW[op].meaning
    if statement is None:
        raise TypeError(f"{op.value} has no elementwise meaning")
    return substitute(statement, dict(zip(OPERANDS, arguments, strict=False)) | attributes)
