"""The names of the operators, and what a row of the catalogue says of one.

The rows are in `elementwise_operators` and `tensor_operators`; `operators` has them all.
"""

from dataclasses import dataclass
from enum import Enum

from refsem.ir.plans import PlanRule
from refsem.ir.shapes import ShapeRule
from refsem.ir.terms import Term

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
