"""A network as layers of rows: what the Lean core's semantics of a network takes.

A layer is an affine map, its weights and constants as binary32 patterns, with or without a ReLU
after it. Affine nodes in a row are merged into one layer as long as every entry of the product is
still exactly a binary32 number; a matrix product and the constant added to it thus become one
layer whose patterns are the file's own (a zero is written +0). The last layer has no ReLU: where
the graph ends in one, or is empty, it is the identity. What is not a chain of affine nodes and
ReLUs is refused by name.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from gmpy2 import mpq

from refsem.errors import InputError
from refsem.exact import ExactTensor
from refsem.ir.affine import AffineNode
from refsem.ir.evaluation import Prepared
from refsem.ir.operators import Op
from refsem.rounding import BINARY32, Finite, Mode, decode, round_to_binary32

_TO_UNIT = mpq(2) ** 149


@dataclass(frozen=True, slots=True, eq=False)
class Layer:
    """An affine map in patterns, and the node whose values it gives."""

    node: str
    relu: bool
    rows: tuple[tuple[int, ...], ...]
    """A row an output: the pattern of its constant, then those of its weights."""

    @property
    def words(self) -> int:
        """How many patterns there are."""
        return sum(len(row) for row in self.rows)

    @property
    def width(self) -> int:
        """How many inputs the layer takes."""
        return len(self.rows[0]) - 1

    def values(self) -> list[list[int]]:
        """The values of the patterns, times 2^149: integers."""
        known: dict[int, int] = {}
        return [[known.setdefault(bits, _value(bits)) for bits in row] for row in self.rows]


def _value(bits: int) -> int:
    decoded = decode(BINARY32, bits)
    if not isinstance(decoded, Finite):
        raise TypeError(f"{bits:08x} is not finite")
    return int(decoded.value * _TO_UNIT)


@dataclass(frozen=True, slots=True, eq=False)
class _Map:
    """x ↦ matrix · x + constant, exact, and the node it ends at."""

    node: str
    matrix: ExactTensor
    constant: ExactTensor


def layers(prepared: Prepared, file: str) -> tuple[Layer, ...]:
    """The layers from the input to the output; `InputError` where the graph is no such chain."""
    source, sink = prepared.graph.inputs[0], prepared.graph.outputs[0]
    found: list[Layer] = []
    current: _Map | None = None
    for name in _chain(prepared, source, sink, file):
        if name in prepared.affine:
            step = _matrix_of(name, prepared)
            merged = step if current is None else _composed(current, step)
            if current is not None and _patterns(merged) is None:
                found.append(_layer(current, relu=False, file=file))
                merged = step
            current = merged
        else:
            before = current or _identity(prepared.operands(name)[0], prepared)
            found.append(_layer(_Map(name, before.matrix, before.constant), relu=True, file=file))
            current = None
    if current is None:
        current = _identity(sink, prepared)
    return (*found, _layer(current, relu=False, file=file))


def _chain(prepared: Prepared, source: str, sink: str, file: str) -> Iterable[str]:
    """The nodes after the input, in order, each the only operand of the next."""
    chain = [sink]
    while chain[-1] != source:
        name = chain[-1]
        if name in prepared.constants:
            raise InputError(file, f"tensor {name!r}", "does not depend on the input")
        operands = prepared.operands(name)
        if len(operands) != 1 or not (
            name in prepared.affine or prepared.nodes[name].op is Op.RELU
        ):
            message = "Lean theorems are exported for chains of affine nodes and ReLUs only"
            raise InputError(file, f"tensor {name!r}", message)
        chain.append(operands[0])
    return reversed(chain[:-1])


def _identity(name: str, prepared: Prepared) -> _Map:
    size = prepared.nodes[name].size
    return _Map(name, ExactTensor.identity(size), ExactTensor.full((1, size), mpq(0)))


def _matrix_of(name: str, prepared: Prepared) -> _Map:
    """The affine node as a matrix: its adjoint's image of every unit vector."""
    affine: AffineNode = prepared.affine[name]
    size = prepared.nodes[name].size
    unit = ExactTensor.identity(size)
    total: ExactTensor | None = None
    for piece in affine.pieces:
        part = piece.adjoint(unit)
        total = part if total is None else total + part
    if total is None:
        raise TypeError(f"{name!r} does not depend on the input")
    return _Map(name, total, affine.constant.broadcast_to((1, size)))


def _composed(first: _Map, second: _Map) -> _Map:
    constant = first.constant.matmul(second.matrix.transpose((1, 0))) + second.constant
    return _Map(second.node, second.matrix.matmul(first.matrix), constant)


def _layer(map_: _Map, *, relu: bool, file: str) -> Layer:
    rows = _patterns(map_)
    if rows is None:
        place = f"tensor {map_.node!r}"
        raise InputError(file, place, "a weight or constant of this node is no binary32 number")
    return Layer(map_.node, relu, rows)


def _patterns(map_: _Map) -> tuple[tuple[int, ...], ...] | None:
    """The rows as patterns; None if an entry is not exactly a binary32 number."""
    known: dict[mpq, int | None] = {}
    height, width = map_.matrix.shape
    weights, constants = map_.matrix.rationals(), map_.constant.rationals()
    rows = []
    for index in range(height):
        row = []
        for value in (constants[index], *weights[index * width : (index + 1) * width]):
            if value not in known:
                known[value] = pattern(value)
            bits = known[value]
            if bits is None:
                return None
            row.append(bits)
        rows.append(tuple(row))
    return tuple(rows)


def pattern(value: mpq) -> int | None:
    """The binary32 pattern of a number; None if it is none."""
    # Which mode is asked for does not matter: an exact number is not rounded.
    bits = round_to_binary32(Mode.RTZ, value, 0)
    return bits if decode(BINARY32, bits) == Finite(negative=value < 0, value=value) else None
