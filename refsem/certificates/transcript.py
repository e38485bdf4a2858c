"""The binary32 transcript of a node-wise certificate: what TorchLean's checker computes, as bits.

Boxes: every operation rounded outward (down for lower ends, up for upper ones). Forms: every
operation rounded to nearest, so that they are a transcript and no enclosure. Every sum is a left
fold from +0 in row-major order; products are rounded before they are added, never fused; a bias is
added last. Slopes of a ReLU: 1 above 0, 0 below, else u / (u − l) with intercept (−slope)·l above
and the stated slope below (default: 1 where u > −l, else 0); a row is multiplied by its slope and
its constant is slope·c + intercept. Other operators' forms are their boxes.

Source: TorchLean's α-CROWN step and interval rules (eras B to D); arithmetic: `refsem.kernel`.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from refsem.ir.evaluation import Prepared
from refsem.ir.graph import Node
from refsem.ir.operators import Op, integers
from refsem.kernel import arrays
from refsem.kernel.orders import Products, Start, left_to_right
from refsem.kernel.reductions import reduce_sum
from refsem.rounding import BINARY32, RISCV, Mode

Bits = npt.NDArray[np.uint32]
Ends = tuple[Bits, Bits]

_ONE = np.uint32(0x3F800000)
_SIGN = np.uint32(0x80000000)


class NoTranscriptError(ValueError):
    """An operator of which no transcript is defined here; `node` names its tensor."""

    def __init__(self, node: str, message: str) -> None:
        super().__init__(f"tensor {node!r}: {message}")
        self.node = node


def _add(mode: Mode, x: Bits, y: Bits) -> Bits:
    return np.asarray(arrays.add(mode, x, y, RISCV)[0], np.uint32)


def _mul(mode: Mode, x: Bits, y: Bits) -> Bits:
    return np.asarray(arrays.mul(mode, x, y, RISCV)[0], np.uint32)


def _least(x: Bits, y: Bits) -> Bits:
    return np.asarray(arrays.minimum(x, y, RISCV)[0], np.uint32)


def _greatest(x: Bits, y: Bits) -> Bits:
    return np.asarray(arrays.maximum(x, y, RISCV)[0], np.uint32)


def _fold(mode: Mode, terms: Bits) -> Bits:
    """Left folds from +0 over the last axis."""
    if terms.shape[-1] == 0:
        return np.zeros(terms.shape[:-1], np.uint32)
    tree = left_to_right(terms.shape[-1], BINARY32, Start.ZERO, Products.ROUNDED)
    return np.asarray(reduce_sum(mode, terms, tree, RISCV)[0], np.uint32)


def positive(bits: Bits) -> npt.NDArray[np.bool_]:
    """Which finite values are above 0."""
    return np.asarray((bits < _SIGN) & (bits != 0), np.bool_)


# boxes


def box_transcript(prepared: Prepared, given: Mapping[str, Ends]) -> dict[str, Ends]:
    """The outward-rounded boxes of every tensor, in its shape; `NoTranscriptError` names one."""
    graph = prepared.graph
    known: dict[str, Ends] = {}
    for node in graph.nodes:
        if node.op is Op.CONSTANT:
            known[node.name] = graph.constants[node.name], graph.constants[node.name]
        elif node.op is Op.INPUT:
            lower, upper = given[node.name]
            known[node.name] = lower.reshape(node.shape), upper.reshape(node.shape)
        else:
            operands = [known[name] for name in node.operands]
            known[node.name] = _box_step(prepared, node, operands)
    return known


def _box_step(prepared: Prepared, node: Node, operands: list[Ends]) -> Ends:
    low, high = operands[0]
    match node.op:
        case Op.ADD:
            low, high = _sum(operands[0], operands[1])
        case Op.SUB:
            low, high = _sum(operands[0], (operands[1][1] ^ _SIGN, operands[1][0] ^ _SIGN))
        case Op.MUL:
            low, high = _product(operands[0], operands[1])
        case Op.RELU:
            zero = np.zeros((), np.uint32)
            low, high = _greatest(low, zero), _greatest(high, zero)
        case Op.RESHAPE | Op.IDENTITY:
            pass
        case Op.TRANSPOSE:
            axes = integers(node.attribute("axes"))
            low, high = low.transpose(axes), high.transpose(axes)
        case Op.MATMUL | Op.GEMM:
            weight, bias = _weights(prepared, node)
            terms = [end.reshape(-1, 1, weight.shape[1]) for end in (low, high)]
            low, high = _product((terms[0], terms[1]), (weight[None], weight[None]))
            low, high = _fold(Mode.RTN, low), _fold(Mode.RTP, high)
            if bias is not None:
                low, high = _sum((low, high), (bias, bias))
        case _:
            raise NoTranscriptError(node.name, f"no transcript of {node.op.value} is defined")
    return low.reshape(node.shape), high.reshape(node.shape)


def _sum(x: Ends, y: Ends) -> Ends:
    return _add(Mode.RTN, x[0], y[0]), _add(Mode.RTP, x[1], y[1])


def _product(x: Ends, y: Ends) -> Ends:
    """The four products, rounded down and up, and the extreme ones."""
    corners = [(a, b) for a in x for b in y]
    down = [_mul(Mode.RTN, *corner) for corner in corners]
    up = [_mul(Mode.RTP, *corner) for corner in corners]
    low = _least(_least(down[0], down[1]), _least(down[2], down[3]))
    return low, _greatest(_greatest(up[0], up[1]), _greatest(up[2], up[3]))


def _weights(prepared: Prepared, node: Node) -> tuple[Bits, Bits | None]:
    """A product's constant matrix, a row an output, and its bias, shaped to be added, if any."""
    constants = prepared.graph.constants
    weight = constants.get(node.operands[1])
    if weight is None or weight.ndim != 2 or node.operands[0] in prepared.constants:
        raise NoTranscriptError(node.name, "only a product with a constant matrix has one")
    if node.op is Op.MATMUL:
        return np.ascontiguousarray(weight.T), None
    plain = [node.attribute(name) for name in ("alpha", "beta", "transA")] == [1, 1, 0]
    bias = constants.get(node.operands[2])
    if not plain or bias is None:
        raise NoTranscriptError(node.name, "only x·W + b with constant W and b has one")
    turned = weight if node.attribute("transB") else np.ascontiguousarray(weight.T)
    return turned, bias


# forms


@dataclass(frozen=True, slots=True, eq=False)
class FormBits:
    """Forms as bits: lower and upper, each (inputs + 1, entries), constants last."""

    lower: Bits
    upper: Bits


@dataclass(frozen=True, slots=True, eq=False)
class Slopes:
    """What a certificate states of a ReLU: lower slopes as bits, or None for the default."""

    lower: Bits | None


def form_transcript(
    prepared: Prepared,
    boxes: Mapping[str, Ends],
    slopes: Mapping[str, Slopes],
    numbered: frozenset[str],
) -> dict[str, FormBits]:
    """The nearest-rounded forms of every tensor; `NoTranscriptError` names one without any.

    An addition is affine only as the bias of a product that has no number of its own.
    """
    source = prepared.graph.inputs[0]
    inputs = prepared.nodes[source].size
    known: dict[str, FormBits] = {}
    for node in prepared.graph.nodes:
        operand = known.get(node.operands[0]) if node.operands else None
        if node.op is Op.INPUT:
            identity = np.zeros((inputs + 1, inputs), np.uint32)
            identity[np.arange(inputs), np.arange(inputs)] = _ONE
            known[node.name] = FormBits(identity, identity)
        elif node.op is Op.RELU and operand is not None:
            bounds = boxes[node.operands[0]]
            known[node.name] = _relu(operand, bounds, slopes.get(node.name, Slopes(None)))
        elif node.op in {Op.MATMUL, Op.GEMM} and operand is not None:
            known[node.name] = _linear(prepared, node, operand)
        elif node.op in {Op.RESHAPE, Op.IDENTITY} and operand is not None:
            known[node.name] = operand
        elif node.op is Op.ADD and _is_bias(prepared, node, numbered) and operand is not None:
            bias = prepared.graph.constants[node.operands[1]]
            known[node.name] = _with_bias(operand, bias, node)
        else:
            known[node.name] = _constant(inputs, boxes[node.name])
    return known


def _is_bias(prepared: Prepared, node: Node, numbered: frozenset[str]) -> bool:
    left, right = node.operands
    known = right in prepared.graph.constants
    return left not in numbered and left in prepared.nodes and known


def _constant(inputs: int, box: Ends) -> FormBits:
    sides = []
    for end in box:
        columns = np.zeros((inputs + 1, end.size), np.uint32)
        columns[-1] = end.ravel()
        sides.append(columns)
    return FormBits(sides[0], sides[1])


def _linear(prepared: Prepared, node: Node, operand: FormBits) -> FormBits:
    """W⁺·upper + W⁻·lower above, W⁺·lower + W⁻·upper below: two folds, then one addition."""
    weight, bias = _weights(prepared, node)
    inner = weight.shape[1]
    plus = np.where(positive(weight), weight, np.uint32(0))
    minus = np.where(weight > _SIGN, weight, np.uint32(0))

    def folded(factor: Bits, side: Bits) -> Bits:
        rows = []
        for row in side:  # one at a time: all products at once would not fit
            terms = row.reshape(-1, 1, inner)
            rows.append(_fold(Mode.RNE, _mul(Mode.RNE, factor[None], terms)).ravel())
        return np.stack(rows)

    upper = _add(Mode.RNE, folded(plus, operand.upper), folded(minus, operand.lower))
    lower = _add(Mode.RNE, folded(plus, operand.lower), folded(minus, operand.upper))
    product = FormBits(lower, upper)
    return product if bias is None else _with_bias(product, bias, node)


def _with_bias(operand: FormBits, bias: Bits, node: Node) -> FormBits:
    bias = np.broadcast_to(bias, node.shape).ravel()
    sides = []
    for side in (operand.lower, operand.upper):
        columns = side.copy()
        columns[-1] = _add(Mode.RNE, side[-1], bias)
        sides.append(columns)
    return FormBits(sides[0], sides[1])


def _relu(operand: FormBits, box: Ends, stated: Slopes) -> FormBits:
    low, high = box[0].ravel(), box[1].ravel()
    falls, rises = ~positive(high), positive(low)
    zero = np.zeros(low.shape, np.uint32)
    width = _add(Mode.RNE, high, low ^ _SIGN)
    chord = np.asarray(arrays.div(Mode.RNE, high, width, RISCV)[0], np.uint32)
    above = np.where(falls, zero, np.where(rises, _ONE, chord))
    crossing = ~falls & ~rises
    intercept = np.where(crossing, _mul(Mode.RNE, chord ^ _SIGN, low), zero)
    default = np.where(positive(_add(Mode.RNE, high, low)), _ONE, zero)
    slope = default if stated.lower is None else stated.lower
    under = np.where(falls, zero, np.where(rises, _ONE, slope))
    return FormBits(_scaled(operand.lower, under, zero), _scaled(operand.upper, above, intercept))


def _scaled(columns: Bits, slope: Bits, intercept: Bits) -> Bits:
    products = _mul(Mode.RNE, columns, np.broadcast_to(slope, columns.shape))
    products[-1] = _add(Mode.RNE, products[-1], intercept)
    return products
