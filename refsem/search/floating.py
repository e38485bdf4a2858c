"""A prepared graph in host floats, many points at once: values, and gradients by reverse passes.

A reading of the same affine maps and terms as the exact one, rounded: it says where to look.
The derivative of an elementwise operator is a difference quotient of its own term, so no operator
has a derivative of its own here; where a step leaves none, it counts as rising. Untrusted.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import assert_never

import numpy as np
import numpy.typing as npt

from refsem.exact import ExactTensor
from refsem.ir.affine import attribute_values, spread_steps
from refsem.ir.evaluation import Prepared
from refsem.ir.floats import evaluate_floats
from refsem.ir.operators import OPERANDS, ROW, Op
from refsem.ir.plans import ABSENT
from refsem.ir.steps import Gather, Matrix, Scale, Step, Total

Floats = npt.NDArray[np.float64]

_NEARBY = 1e-6
"""How far apart the ends of a difference quotient are, relative to the number or to 1."""

_RISING = frozenset({Op.FLOOR, Op.CEIL, Op.ROUND, Op.TRUNC, Op.SIGN, Op.POSITIVE, Op.NONNEGATIVE})
"""Steps: without a gradient, but a greater argument gives no lesser value."""


@dataclass(frozen=True, slots=True, eq=False)
class _Weights:
    """A matrix step: weights of shape (blocks, inner, outer), `rows` rows a block."""

    rows: int
    weights: Floats

    def forward(self, value: Floats) -> Floats:
        return self._times(value, self.weights)

    def adjoint(self, coefficients: Floats) -> Floats:
        return self._times(coefficients, self.weights.swapaxes(1, 2))

    def _times(self, value: Floats, weights: Floats) -> Floats:
        shaped = value.reshape(len(value), len(weights), self.rows, weights.shape[1])
        return np.asarray((shaped @ weights).reshape(len(value), -1))


@dataclass(frozen=True, slots=True, eq=False)
class _Factor:
    """A scaling step."""

    factor: Floats

    def forward(self, value: Floats) -> Floats:
        return value * self.factor

    adjoint = forward


_Mapped = _Weights | _Factor | Gather | Total
_Piece = tuple[str, tuple[_Mapped, ...]]


@dataclass(frozen=True, slots=True, eq=False)
class FloatGraph:
    """A graph ready to be evaluated in floats.

    `affine` has for each affine node its pieces (an operand and the steps applied to it) and its
    constant; `bound` what the term of any other node takes besides its variable operands.
    """

    prepared: Prepared
    affine: Mapping[str, tuple[tuple[_Piece, ...], Floats]]
    bound: Mapping[str, Mapping[str, Floats]]

    @classmethod
    def of(cls, prepared: Prepared) -> "FloatGraph":
        """The nearest floats of a graph's maps and constants."""
        affine, bound = {}, {}
        for name, node in prepared.nodes.items():
            if name in prepared.affine:
                map_ = prepared.affine[name]
                pieces = tuple((p.operand, tuple(map(_in_floats, p.steps))) for p in map_.pieces)
                affine[name] = pieces, map_.constant.nearest_float64()
            elif node.op is not Op.INPUT:
                known = {key: one.nearest_float64() for key, one in attribute_values(node).items()}
                for place, operand in zip(OPERANDS, node.operands, strict=False):
                    if operand in prepared.constants:
                        value = prepared.constants[operand].nearest_float64()
                        known[place] = _spread(value, prepared, operand, name)
                bound[name] = known
        return cls(prepared, affine, bound)

    @property
    def size(self) -> int:
        """Numbers that a point takes."""
        return sum(node.size for node in self.prepared.nodes.values())

    def values(self, points: Floats) -> dict[str, Floats]:
        """Every tensor at each point, a row each; infinities and NaN where floats do not reach."""
        values = {self.prepared.graph.inputs[0]: points}
        with np.errstate(all="ignore"):
            for name, node in self.prepared.nodes.items():
                if name in self.affine:
                    pieces, constant = self.affine[name]
                    parts = (_forward(steps, values[operand]) for operand, steps in pieces)
                    values[name] = np.broadcast_to(sum(parts, constant), (len(points), node.size))
                elif node.op is not Op.INPUT:
                    values[name] = self._applied(name, self._operands(name, values))
            for name in self.prepared.graph.outputs:
                if name not in values:
                    values[name] = self.prepared.constants[name].nearest_float64()
        return values

    def gradient(self, values: Mapping[str, Floats], rows: Mapping[str, Floats]) -> Floats:
        """Of Σ rows[tensor] · tensor, by the input; a row of `values` and of `rows` each point."""
        (source,) = self.prepared.graph.inputs
        pulled = {name: part for name, part in rows.items() if name in self.prepared.nodes}
        with np.errstate(all="ignore"):
            for name in reversed(tuple(self.prepared.nodes)):
                if name == source or name not in pulled:
                    continue
                for operand, part in self._pulled_back(name, pulled.pop(name), values):
                    pulled[operand] = pulled[operand] + part if operand in pulled else part
        return np.nan_to_num(pulled.get(source, np.zeros_like(values[source])))

    def _operands(self, name: str, values: Mapping[str, Floats]) -> dict[str, Floats]:
        """What the variables of a node's term are bound to, of one shape each."""
        node = self.prepared.nodes[name]
        found = dict(self.bound[name])
        for place, operand in zip(OPERANDS, node.operands, strict=False):
            if place not in found:
                found[place] = _spread(values[operand], self.prepared, operand, name)
        count = max(len(value) for value in found.values())
        return {key: np.broadcast_to(one, (count, node.size)) for key, one in found.items()}

    def _applied(self, name: str, operands: Mapping[str, Floats]) -> Floats:
        meaning = ROW[self.prepared.nodes[name].op].meaning
        if meaning is None:
            raise TypeError(f"{name!r} is neither affine nor elementwise")
        return np.asarray(evaluate_floats(meaning, operands))

    def _pulled_back(
        self, name: str, coefficients: Floats, values: Mapping[str, Floats]
    ) -> list[tuple[str, Floats]]:
        """The gradient by each operand of a node, given that by the node."""
        if name in self.affine:
            return [
                (operand, _adjoint(steps, coefficients)) for operand, steps in self.affine[name][0]
            ]
        node, found = self.prepared.nodes[name], list[tuple[str, Floats]]()
        operands = self._operands(name, values)
        for number, (place, operand) in enumerate(zip(OPERANDS, node.operands, strict=False)):
            if operand in self.prepared.constants or (node.op is Op.WHERE and number == 0):
                continue
            part = coefficients
            if node.op not in _RISING:
                part = np.nan_to_num(coefficients * self._slope(name, operands, place))
            steps = spread_steps(self.prepared.shapes[operand], node.shape)
            found.append((operand, _adjoint(tuple(map(_in_floats, steps)), part)))
        return found

    def _slope(self, name: str, operands: Mapping[str, Floats], place: str) -> Floats:
        """The difference quotient of a node's term in one of its operands."""
        at = operands[place]
        apart = _NEARBY * np.maximum(1.0, np.abs(at))
        above, below = at + apart, at - apart
        high = self._applied(name, {**operands, place: above})
        low = self._applied(name, {**operands, place: below})
        return np.asarray((high - low) / (above - below))


def _spread(value: Floats, prepared: Prepared, operand: str, name: str) -> Floats:
    steps = spread_steps(prepared.shapes[operand], prepared.nodes[name].shape)
    return _forward(tuple(map(_in_floats, steps)), value)


def _in_floats(step: Step) -> _Mapped:
    match step:
        case Gather() | Total():
            return step
        case Scale(factor):
            return _Factor(factor.nearest_float64())
        case Matrix(rows, blocks, exponent, odd):
            weights = [
                np.array([[int(entry) for entry in row] for row in block.whole.tolist()], object)
                for block in blocks
            ]
            return _Weights(rows, ExactTensor(np.stack(weights), exponent, odd).nearest_float64())
        case _:
            assert_never(step)


def _forward(steps: Sequence[_Mapped], value: Floats) -> Floats:
    for step in steps:
        match step:
            case Gather(index):
                beyond = np.zeros((len(value), 1))
                value = np.concatenate((value, beyond), axis=1)[:, index]
            case Total(outputs, terms):
                value = value.reshape(len(value), outputs, terms).sum(axis=2)
            case _:
                value = step.forward(value)
    return value


def _adjoint(steps: Sequence[_Mapped], coefficients: Floats) -> Floats:
    for step in reversed(steps):
        match step:
            case Gather(index, inputs):
                gathered = np.zeros((inputs, len(coefficients)))
                present = np.flatnonzero(index != ABSENT)
                np.add.at(gathered, index[present], coefficients[:, present].T)
                coefficients = gathered.T
            case Total(_, terms):
                coefficients = np.repeat(coefficients, terms, axis=1)
            case _:
                coefficients = step.adjoint(coefficients)
    return coefficients
