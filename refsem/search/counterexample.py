"""Candidate counterexamples: centre, corners, and corners reached by following gradients.

Untrusted: every candidate is evaluated exactly by the caller, and one that is no counterexample
costs only time. A search that finds none shows nothing.
"""

from collections.abc import Iterator, Mapping

import numpy as np
import numpy.typing as npt
from gmpy2 import mpq

from refsem.exact import ExactTensor
from refsem.exact.tensor import concatenate
from refsem.ir.evaluation import Prepared, evaluate_graph
from refsem.ir.graph import Node
from refsem.ir.operators import Op
from refsem.properties.claims import RegionClaims
from refsem.rules.pairs import PAIRS
from refsem.rules.trace import Form

RANDOM_CORNERS = 64
GRADIENT_STEPS = 12
_ZERO, _ONE = (ExactTensor.full((1, 1), mpq(value)) for value in (0, 1))


_RISING = frozenset({Op.FLOOR, Op.CEIL, Op.ROUND, Op.TRUNC, Op.SIGN, Op.POSITIVE, Op.NONNEGATIVE})
"""Steps: without a gradient, but a greater argument gives no lesser value."""


def corners(claims: RegionClaims, signs: npt.NDArray[np.bool_]) -> ExactTensor:
    """The corners of the box that take the upper end where the sign is true, a row each."""
    ((lower, upper),) = claims.region.boxes.values()
    return upper.where(signs, lower)


def centre(claims: RegionClaims) -> ExactTensor:
    """The centre of the box."""
    ((lower, upper),) = claims.region.boxes.values()
    total = lower + upper
    return ExactTensor(total.numerators, total.exponent + 1, total.odd)


def random_corners(claims: RegionClaims, seed: int, count: int) -> ExactTensor:
    """Corners drawn at random, repeatably."""
    ((lower, _),) = claims.region.boxes.values()
    signs = np.random.default_rng(seed).random((count, lower.size)) < 0.5
    return corners(claims, signs)


def least_corners(claims: RegionClaims, form: Form) -> ExactTensor:
    """For each row of a form in terms of the input, the corner at which it is least."""
    ((tensor, _),) = claims.region.boxes.items()
    if tensor not in form.coefficients:
        return centre(claims)
    return corners(claims, form.coefficients[tensor].less(_ZERO))


def candidates(
    prepared: Prepared, claims: RegionClaims, form: Form, seed: int
) -> Iterator[ExactTensor]:
    """Batches of points (rows), the likeliest first; the form bounds the target from below."""
    first = least_corners(claims, form)
    yield concatenate([centre(claims), first], axis=0)
    yield random_corners(claims, seed, RANDOM_CORNERS)
    points = concatenate([first, centre(claims).broadcast_to(first.shape)], axis=0)
    for _ in range(GRADIENT_STEPS):
        ends = _descended(prepared, claims, points)
        yield ends
        points = _halfway(points, ends)
        yield points


def _halfway(points: ExactTensor, ends: ExactTensor) -> ExactTensor:
    total = points + ends
    return ExactTensor(total.numerators, total.exponent + 1, total.odd)


def _descended(prepared: Prepared, claims: RegionClaims, points: ExactTensor) -> ExactTensor:
    """For each point, the corner in the direction in which its row of the target falls."""
    ((tensor, _),) = claims.region.boxes.items()
    values = evaluate_graph(prepared, {tensor: points})
    rows = np.arange(points.shape[0]) % claims.bounds.size
    pulled = {name: value[rows] for name, value in claims.combination.items()}
    for name in reversed(tuple(prepared.nodes)):
        if name == tensor or name not in pulled:
            continue
        for operand, part in _pulled_back(prepared, name, pulled.pop(name), values).items():
            pulled[operand] = pulled[operand] + part if operand in pulled else part
    return corners(claims, pulled[tensor].less(_ZERO))


def _pulled_back(
    prepared: Prepared,
    name: str,
    coefficients: ExactTensor,
    values: Mapping[str, ExactTensor],
) -> dict[str, ExactTensor]:
    """The gradient with respect to each operand of a node, given that with respect to the node."""
    found: dict[str, ExactTensor] = {}
    node = prepared.nodes[name]
    if name not in prepared.affine and node.op is Op.WHERE:
        return _chosen_gradient(node, coefficients, values)
    if name not in prepared.affine and node.op in PAIRS:
        parts = zip(
            node.operands,
            _pair_gradient(node, dict(prepared.constants) | dict(values)),
            strict=True,
        )
        return {operand: coefficients * part for operand, part in parts if operand in values}
    if name not in prepared.affine:
        (operand,) = prepared.operands(name)
        if node.op in _RISING:
            return {operand: coefficients}
        return {operand: coefficients.where(_ZERO.less(values[operand]), _ZERO)}
    for piece in prepared.affine[name].pieces:
        part = piece.adjoint(coefficients)
        found[piece.operand] = found[piece.operand] + part if piece.operand in found else part
    return found


def _chosen_gradient(
    node: Node, coefficients: ExactTensor, values: Mapping[str, ExactTensor]
) -> dict[str, ExactTensor]:
    """The gradient with respect to the number that is chosen; none for the condition."""
    condition, first, second = node.operands
    true = _ZERO.less(values[condition])
    parts = {first: coefficients.where(true, _ZERO), second: _ZERO.where(true, coefficients)}
    return {operand: part for operand, part in parts.items() if operand in values}


def _pair_gradient(
    node: Node, values: Mapping[str, ExactTensor]
) -> tuple[ExactTensor, ExactTensor]:
    """The derivatives of a product, a greatest or a least value by its two operands."""
    first, second = (values[operand] for operand in node.operands)
    if node.op is Op.MUL:
        return second, first
    greater = first.less(second) if node.op is Op.MIN else second.less(first)
    return _ONE.where(greater, _ZERO), _ZERO.where(greater, _ONE)
