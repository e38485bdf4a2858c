"""The ONNX operators that are read, version by version, as operators of the catalogue.

A row says from which operator-set version on it applies, how many inputs and outputs and which
attributes the node may have, and what it becomes. A node is read by the last row not newer than
the model's operator set; an attribute or operator without a row is refused by name, never
ignored. Where an early version broadcasts by an attribute, the first row is a later one.

Source: the operator statements of ONNX up to operator set `NEWEST_OPSET`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from gmpy2 import mpq

from refsem.ir import onnx_constants as constants
from refsem.ir import onnx_elementwise as elementwise
from refsem.ir import onnx_images as images
from refsem.ir import onnx_rearranging as rearranging
from refsem.ir import onnx_reducing as reducing
from refsem.ir import onnx_resizing as resizing
from refsem.ir.onnx_application import Application, Applied, Meaning
from refsem.ir.onnx_values import Kind
from refsem.ir.operators import Attribute, Op

NEWEST_OPSET = 28
"""The newest operator-set version whose statements were read."""
ANY_NUMBER = 2**31 - 1
"""How many inputs an operator of any number of them may have."""

Translator: TypeAlias = Callable[[Application], Meaning | tuple[Meaning, ...]]


@dataclass(frozen=True, slots=True)
class Version:
    """How an operator is read from an operator-set version on: with one output, or several."""

    since: int
    inputs: tuple[int, int]
    attributes: Mapping[str, Kind]
    translate: Translator
    several: bool = False
    until: int = NEWEST_OPSET
    """The last operator set that has the operator."""
    idle: int = 0
    """How many further outputs may be named, which mean nothing unless something uses them."""


def version_at(op_type: str, opset: int) -> Version | None:
    """The row by which an operator is read; None when it is not read at this operator set."""
    rows = [row for row in OPERATORS.get(op_type, ()) if row.since <= opset]
    return rows[-1] if rows and opset <= rows[-1].until else None


def _gemm(node: Application) -> Meaning:
    addend = node.tensor(2) if node.given(2) else node.zero
    attributes: dict[str, Attribute] = {
        "alpha": node.factor("alpha"),
        "beta": node.factor("beta"),
        "transA": node.flag("transA"),
        "transB": node.flag("transB"),
    }
    return Applied(Op.GEMM, (node.tensor(0), node.tensor(1), addend), attributes)


def _binary32(value: str) -> mpq:
    """The exact value of a default that the statements write as a hexadecimal float."""
    significand, exponent = value.split("p")
    return mpq(int(significand, 16)) * mpq(2) ** int(exponent)


# defaults of attributes, as the binary32 values of 0.01, 0.2, and SELU's two constants
_LEAKY = {"alpha": _binary32("a3d70ap-30")}
_HARD = {"alpha": _binary32("cccccdp-26"), "beta": mpq(1, 2)}
_SELU = {"alpha": _binary32("d62d7dp-23"), "gamma": _binary32("867d5fp-23")}
_ONE = {"alpha": mpq(1)}

INT, INTS, FLOAT, STRING = Kind.INT, Kind.INTS, Kind.FLOAT, Kind.STRING
_GEMM = {"alpha": FLOAT, "beta": FLOAT, "transA": INT, "transB": INT}
_AXIS, _AXES = {"axis": INT}, {"axes": INTS}
_ALPHA = {"alpha": FLOAT}
_VALUE = {"value": Kind.TENSOR}
_VALUES = _VALUE | {
    "value_float": FLOAT,
    "value_floats": Kind.FLOATS,
    "value_int": INT,
    "value_ints": INTS,
}
_WINDOW = {"auto_pad": STRING, "kernel_shape": INTS, "pads": INTS, "strides": INTS}
_CONV = _WINDOW | {"dilations": INTS, "group": INT}
_CONV_TRANSPOSE = _CONV | {"output_padding": INTS, "output_shape": INTS}
_EPSILON = {"epsilon": FLOAT}
_BATCH = _EPSILON | {"momentum": FLOAT}
_REDUCE = _AXES | {"keepdims": INT}
_REDUCE_INPUT = {"keepdims": INT, "noop_with_empty_axes": INT}


def _one_row(since: int, inputs: tuple[int, int], translate: Translator) -> tuple[Version, ...]:
    return (Version(since, inputs, {}, translate),)


def _unary(op: Op, since: int) -> tuple[Version, ...]:
    return _one_row(since, (1, 1), elementwise.unary(op))


def _shaped(
    op: Op, since: int, kinds: Mapping[str, Kind], defaults: Mapping[str, mpq]
) -> tuple[Version, ...]:
    return (Version(since, (1, 1), kinds, elementwise.unary(op, defaults)),)


def _compared(op: Op, since: int, *, swapped: bool, negated: bool) -> tuple[Version, ...]:
    translate = elementwise.comparison(op, swapped=swapped, negated=negated)
    return _one_row(since, (2, 2), translate)


def _reduced(translate: Translator, since: int) -> tuple[Version, ...]:
    """A reduction whose axes are an attribute, and from a version on an input."""
    return (
        Version(1, (1, 1), _REDUCE, translate),
        Version(since, (1, 2), _REDUCE_INPUT, translate),
    )


def _along(op: Op) -> tuple[Version, ...]:
    return (
        Version(1, (1, 1), _AXIS, reducing.softmax(op, flattening=True)),
        Version(13, (1, 1), _AXIS, reducing.softmax(op, flattening=False)),
    )


_ELEMENTWISE: Mapping[str, tuple[Version, ...]] = {
    "Add": _one_row(7, (2, 2), elementwise.binary(Op.ADD)),
    "Sub": _one_row(7, (2, 2), elementwise.binary(Op.SUB)),
    "Mul": _one_row(7, (2, 2), elementwise.binary(Op.MUL)),
    "Div": _one_row(7, (2, 2), elementwise.quotient),
    "Relu": _unary(Op.RELU, 1),
    "Neg": _unary(Op.NEG, 6),
    "Abs": _unary(Op.ABS, 6),
    "Sqrt": _unary(Op.SQRT, 6),
    "Reciprocal": _unary(Op.RECIPROCAL, 6),
    "Exp": _unary(Op.EXP, 6),
    "Log": _unary(Op.LOG, 6),
    "Sin": _unary(Op.SIN, 7),
    "Cos": _unary(Op.COS, 7),
    "Tan": _unary(Op.TAN, 7),
    "Tanh": _unary(Op.TANH, 6),
    "Sigmoid": _unary(Op.SIGMOID, 6),
    "Softplus": _unary(Op.SOFTPLUS, 1),
    "Softsign": _unary(Op.SOFTSIGN, 1),
    "Erf": _unary(Op.ERF, 9),
    "Sign": _unary(Op.SIGN, 9),
    "Floor": _unary(Op.FLOOR, 6),
    "Ceil": _unary(Op.CEIL, 6),
    "Round": _unary(Op.ROUND, 11),
    "HardSwish": _unary(Op.HARD_SWISH, 14),
    "Mish": _unary(Op.MISH, 18),
    "Elu": _shaped(Op.ELU, 6, _ALPHA, _ONE),
    "Celu": _shaped(Op.CELU, 12, _ALPHA, _ONE),
    "Swish": _shaped(Op.SILU, 24, _ALPHA, _ONE),
    "LeakyRelu": _shaped(Op.LEAKY_RELU, 6, _ALPHA, _LEAKY),
    "ThresholdedRelu": _shaped(Op.THRESHOLDED_RELU, 10, _ALPHA, _ONE),
    "HardSigmoid": _shaped(Op.HARD_SIGMOID, 6, _ALPHA | {"beta": FLOAT}, _HARD),
    "Selu": _shaped(Op.SELU, 6, _ALPHA | {"gamma": FLOAT}, _SELU),
    "Gelu": (Version(20, (1, 1), {"approximate": STRING}, elementwise.gelu),),
    "PRelu": _one_row(7, (2, 2), elementwise.prelu),
    "Pow": _one_row(7, (2, 2), elementwise.power),
    "Max": _one_row(8, (1, ANY_NUMBER), elementwise.chained(Op.MAX)),
    "Min": _one_row(8, (1, ANY_NUMBER), elementwise.chained(Op.MIN)),
    "Sum": _one_row(8, (1, ANY_NUMBER), elementwise.chained(Op.ADD)),
    "Mean": _one_row(8, (1, ANY_NUMBER), elementwise.mean),
    "Clip": (
        Version(6, (1, 1), {"min": FLOAT, "max": FLOAT}, elementwise.clip_attributes),
        Version(11, (1, 3), {}, elementwise.clip_inputs),
    ),
    "Less": _compared(Op.LESS, 7, swapped=False, negated=False),
    "Greater": _compared(Op.LESS, 7, swapped=True, negated=False),
    "LessOrEqual": _compared(Op.LESS_EQUAL, 12, swapped=False, negated=False),
    "GreaterOrEqual": _compared(Op.LESS_EQUAL, 12, swapped=True, negated=False),
    "Equal": _compared(Op.EQUAL, 7, swapped=False, negated=False),
    "Not": _one_row(1, (1, 1), elementwise.logical(Op.NOT)),
    "And": _one_row(7, (2, 2), elementwise.logical(Op.MIN)),
    "Or": _one_row(7, (2, 2), elementwise.logical(Op.MAX)),
    "Where": _one_row(9, (3, 3), elementwise.where),
    "Cast": (
        Version(6, (1, 1), {"to": INT}, elementwise.cast),
        Version(19, (1, 1), {"to": INT, "saturate": INT}, elementwise.cast),
        Version(24, (1, 1), {"to": INT, "saturate": INT, "round_mode": STRING}, elementwise.cast),
    ),
}

_PRODUCTS: Mapping[str, tuple[Version, ...]] = {
    "MatMul": _one_row(1, (2, 2), elementwise.binary(Op.MATMUL)),
    "Gemm": (Version(7, (3, 3), _GEMM, _gemm), Version(11, (2, 3), _GEMM, _gemm)),
    "Conv": (Version(1, (2, 3), _CONV, images.conv),),
    "ConvTranspose": (Version(1, (2, 3), _CONV_TRANSPOSE, images.conv_transpose),),
}

_POOL = _WINDOW | {"storage_order": INT}
_AVERAGE = _WINDOW | {"count_include_pad": INT}
_SPATIAL = {"spatial": 1}

_IMAGES: Mapping[str, tuple[Version, ...]] = {
    "MaxPool": (
        Version(1, (1, 1), _WINDOW, images.pool(Op.MAX_POOL)),
        Version(8, (1, 1), _POOL, images.pool(Op.MAX_POOL), idle=1),
        Version(
            10,
            (1, 1),
            _POOL | {"dilations": INTS, "ceil_mode": INT},
            images.pool(Op.MAX_POOL),
            idle=1,
        ),
    ),
    "AveragePool": (
        Version(1, (1, 1), _WINDOW, images.pool(Op.AVERAGE_POOL)),
        Version(7, (1, 1), _AVERAGE, images.pool(Op.AVERAGE_POOL)),
        Version(10, (1, 1), _AVERAGE | {"ceil_mode": INT}, images.pool(Op.AVERAGE_POOL)),
        Version(
            19,
            (1, 1),
            _AVERAGE | {"ceil_mode": INT, "dilations": INTS},
            images.pool(Op.AVERAGE_POOL),
        ),
    ),
    "GlobalAveragePool": _one_row(1, (1, 1), images.global_pool(Op.REDUCE_MEAN)),
    "GlobalMaxPool": _one_row(1, (1, 1), images.global_pool(Op.REDUCE_MAX)),
    "BatchNormalization": (
        Version(
            6,
            (5, 5),
            _BATCH | {"is_test": INT, "spatial": INT},
            images.batch_normalisation({"is_test": 1, "spatial": 1}),
        ),
        Version(7, (5, 5), _BATCH | {"spatial": INT}, images.batch_normalisation(_SPATIAL)),
        Version(9, (5, 5), _BATCH, images.batch_normalisation({})),
        Version(
            14,
            (5, 5),
            _BATCH | {"training_mode": INT},
            images.batch_normalisation({"training_mode": 0}),
        ),
    ),
}

_REDUCTIONS: Mapping[str, tuple[Version, ...]] = {
    "ReduceSum": _reduced(reducing.reduced(Op.REDUCE_SUM), 13),
    "ReduceMean": _reduced(reducing.reduced(Op.REDUCE_MEAN), 18),
    "ReduceMax": _reduced(reducing.reduced(Op.REDUCE_MAX), 18),
    "ReduceMin": _reduced(reducing.reduced(Op.REDUCE_MIN), 18),
    "ReduceLogSumExp": _reduced(reducing.reduced(Op.LOG_SUM_EXP), 18),
    "ReduceL1": _reduced(reducing.of_elements(Op.ABS), 18),
    "ReduceSumSquare": _reduced(reducing.of_elements(Op.SQUARE), 18),
    "ReduceL2": _reduced(reducing.after_sum(Op.SQRT, Op.SQUARE), 18),
    "ReduceLogSum": _reduced(reducing.after_sum(Op.LOG, None), 18),
    "Softmax": _along(Op.SOFTMAX),
    "LogSoftmax": _along(Op.LOG_SOFTMAX),
    "LayerNormalization": (
        Version(
            17,
            (2, 3),
            _AXIS | _EPSILON | {"stash_type": INT},
            reducing.layer_normalisation,
            idle=2,
        ),
    ),
}

_CONSTANTS: Mapping[str, tuple[Version, ...]] = {
    "Constant": (
        Version(1, (0, 0), _VALUE, constants.constant),
        Version(12, (0, 0), _VALUES, constants.constant),
    ),
    "Identity": _one_row(1, (1, 1), constants.identity),
    "Dropout": (
        Version(6, (1, 1), {"ratio": FLOAT, "is_test": INT}, constants.dropout_unless_told, idle=1),
        Version(7, (1, 1), {"ratio": FLOAT}, constants.dropout, idle=1),
        Version(12, (1, 3), {"seed": INT}, constants.dropout, idle=1),
    ),
    "Shape": (
        Version(1, (1, 1), {}, constants.shape),
        Version(15, (1, 1), {"start": INT, "end": INT}, constants.shape),
    ),
    "Size": _one_row(1, (1, 1), constants.size),
    "ConstantOfShape": (Version(9, (1, 1), _VALUE, constants.constant_of_shape),),
    "Range": (
        Version(11, (3, 3), {}, constants.range_of),
        Version(27, (3, 3), {"stash_type": INT}, constants.range_of),
    ),
}

_PAD = {"mode": STRING}
_RESIZE = {
    "mode": STRING,
    "coordinate_transformation_mode": STRING,
    "nearest_mode": STRING,
    "cubic_coeff_a": FLOAT,
    "exclude_outside": INT,
    "extrapolation_value": FLOAT,
}
_RESIZE_AXES = _RESIZE | {"antialias": INT, "axes": INTS, "keep_aspect_ratio_policy": STRING}

_REARRANGEMENTS: Mapping[str, tuple[Version, ...]] = {
    "Transpose": (Version(1, (1, 1), {"perm": INTS}, rearranging.transpose),),
    "Flatten": (
        Version(1, (1, 1), _AXIS, rearranging.flatten(negative=False)),
        Version(11, (1, 1), _AXIS, rearranging.flatten(negative=True)),
    ),
    "Reshape": (
        Version(1, (1, 1), {"shape": INTS}, rearranging.reshape_attribute),
        Version(5, (2, 2), {}, rearranging.reshape_input),
        Version(14, (2, 2), {"allowzero": INT}, rearranging.reshape_input),
    ),
    "Squeeze": (
        Version(1, (1, 1), _AXES, rearranging.squeeze_attribute(negative=False)),
        Version(11, (1, 1), _AXES, rearranging.squeeze_attribute(negative=True)),
        Version(13, (1, 2), {}, rearranging.squeeze_input),
    ),
    "Unsqueeze": (
        Version(1, (1, 1), _AXES, rearranging.unsqueeze_attribute(negative=False)),
        Version(11, (1, 1), _AXES, rearranging.unsqueeze_attribute(negative=True)),
        Version(13, (2, 2), {}, rearranging.unsqueeze_input),
    ),
    "Concat": (
        Version(1, (1, ANY_NUMBER), _AXIS, rearranging.concat(negative=False, otherwise=1)),
        Version(4, (1, ANY_NUMBER), _AXIS, rearranging.concat(negative=False, otherwise=None)),
        Version(11, (1, ANY_NUMBER), _AXIS, rearranging.concat(negative=True, otherwise=None)),
    ),
    "Expand": _one_row(8, (2, 2), rearranging.expand),
    "Tile": _one_row(6, (2, 2), rearranging.tile),
    "Gather": (
        Version(1, (2, 2), _AXIS, rearranging.gather(negative=False)),
        Version(11, (2, 2), _AXIS, rearranging.gather(negative=True)),
    ),
    "Slice": (
        Version(1, (1, 1), _AXES | {"starts": INTS, "ends": INTS}, rearranging.slice_attributes),
        Version(10, (3, 5), {}, rearranging.slice_inputs),
    ),
    "Split": (
        Version(2, (1, 1), _AXIS | {"split": INTS}, rearranging.split, several=True),
        Version(13, (1, 2), _AXIS, rearranging.split, several=True),
        Version(18, (1, 2), _AXIS | {"num_outputs": INT}, rearranging.split, several=True),
    ),
    "Pad": (
        Version(
            2,
            (1, 1),
            _PAD | {"pads": INTS, "value": FLOAT},
            rearranging.pad_attributes,
        ),
        Version(11, (2, 3), _PAD, rearranging.pad_inputs),
        Version(18, (2, 4), _PAD, rearranging.pad_inputs),
    ),
    "Upsample": (
        Version(
            7,
            (1, 1),
            {"mode": STRING, "scales": Kind.FLOATS},
            resizing.upsample_attribute,
        ),
        Version(9, (2, 2), {"mode": STRING}, resizing.upsample_input, until=9),
    ),
    "Resize": (
        Version(10, (2, 2), {"mode": STRING}, resizing.upsample_input),
        Version(11, (3, 4), _RESIZE, resizing.resize),
        Version(13, (1, 4), _RESIZE, resizing.resize),
        Version(18, (1, 4), _RESIZE_AXES, resizing.resize),
    ),
}

OPERATORS: Mapping[str, tuple[Version, ...]] = (
    {**_ELEMENTWISE, **_PRODUCTS, **_IMAGES} | {**_REDUCTIONS, **_CONSTANTS} | {**_REARRANGEMENTS}
)
