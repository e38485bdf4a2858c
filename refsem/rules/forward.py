"""Forward CROWN: forms in the inputs pushed through one node, exactly. Trusted, like replay.

A pair of forms bounds every entry of a tensor: Σ lower[j]·x[j] + lower[-1] ≤ entry ≤ the same with
`upper`, for all inputs of a box. They are held as columns: shape (inputs + 1, entries), the last
row being the constants, so that a column is a line and a row goes through a linear map at once.

- an affine node replaces each operand by the form its weight's sign calls for: the lift of
  `substitute_upper` and `substitute_lower` (W⁺·upper + W⁻·lower), computed by `refsem.ir.affine`;
- a ReLU takes a chosen slope and the intercept derived by `relu_upper` or `relu_lower`;
- a claimed form with other coefficients follows from an established one where the constant
  absorbs the difference over the box: `reslope_upper`, `reslope_lower`.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from gmpy2 import mpq

from refsem.exact import ExactTensor
from refsem.exact.tensor import BooleanArray, concatenate
from refsem.ir.affine import AffineNode
from refsem.ir.readings import evaluate_tensor, holds_tensor
from refsem.ir.steps import Scale, Step
from refsem.rules.catalogue import BY_NAME

_ZERO = ExactTensor.full((1, 1), mpq(0))

Bounds = tuple[ExactTensor, ExactTensor]


@dataclass(frozen=True, slots=True, eq=False)
class Forms:
    """Forms below and above every entry of a tensor, each of shape (inputs + 1, entries)."""

    lower: ExactTensor
    upper: ExactTensor


def input_forms(size: int) -> Forms:
    """The inputs themselves."""
    identity = concatenate([ExactTensor.identity(size), ExactTensor.full((1, size), mpq(0))], 0)
    return Forms(identity, identity)


def constant_forms(inputs: int, lower: ExactTensor, upper: ExactTensor) -> Forms:
    """Bounds that do not depend on the inputs; both ends have shape (1, entries)."""
    nothing = ExactTensor.full((inputs, lower.size), mpq(0))
    return Forms(concatenate([nothing, lower], 0), concatenate([nothing, upper], 0))


def through_affine(affine: AffineNode, operands: Mapping[str, Forms]) -> Forms:
    """The forms of an affine node from those of its operands."""
    lower: ExactTensor | None = None
    upper: ExactTensor | None = None
    for piece in affine.pieces:
        bounds = operands[piece.operand].lower, operands[piece.operand].upper
        for step in piece.steps:
            bounds = _through(step, bounds)
        lower = bounds[0] if lower is None else lower + bounds[0]
        upper = bounds[1] if upper is None else upper + bounds[1]
    if lower is None or upper is None:
        raise ValueError("an affine node without variable operands has no forms")
    rows = lower.shape[0] - 1
    nothing = ExactTensor.full((rows, affine.constant.size), mpq(0))
    constant = concatenate([nothing, affine.constant], 0)
    return Forms(lower + constant, upper + constant)


def _through(step: Step, bounds: Bounds) -> Bounds:
    """One step of a linear map on columns: weights ≥ 0 keep the sides, others swap them."""
    lower, upper = bounds
    if isinstance(step, Scale):
        positive, negative = step.factor.maximum(_ZERO), step.factor.minimum(_ZERO)
        return lower * positive + upper * negative, upper * positive + lower * negative
    return step.interval((lower, upper))


def relu_above(forms: Forms, box: Bounds, slope: ExactTensor) -> ExactTensor:
    """A form above a ReLU from that above its operand, which lies in the box.

    The slope, of shape (1, entries), must not be negative: `ValueError`.
    """
    if slope.less(_ZERO).any():
        raise ValueError("a negative slope turns the form above into one below")
    values = {"l": box[0], "u": box[1], "s": slope}
    return _with_intercept(forms.upper * slope, _derived("relu_upper", values))


def relu_below(forms: Forms, slope: ExactTensor) -> ExactTensor:
    """A form below a ReLU from that below its operand; `ValueError` for slopes not in [0, 1]."""
    return _with_intercept(forms.lower * slope, _derived("relu_lower", {"s": slope}))


def _derived(name: str, values: Mapping[str, ExactTensor]) -> ExactTensor:
    """The one derived value of a rule whose sides hold; `ValueError` where one does not."""
    rule = BY_NAME[name]
    for side in rule.checkable_sides():
        if not holds_tensor(side.relation, values):
            raise ValueError(f"side {side.name!r} of {name} does not hold")
    return evaluate_tensor(rule.derived[0].term, values)


def _with_intercept(columns: ExactTensor, intercept: ExactTensor) -> ExactTensor:
    rows, entries = columns.shape
    nothing = ExactTensor.full((rows - 1, entries), mpq(0))
    return columns + concatenate([nothing, intercept.broadcast_to((1, entries))], 0)


def follows_below(claimed: ExactTensor, established: ExactTensor, box: Bounds) -> ExactTensor:
    """How far each claimed form may exceed the established one below: the claim follows if ≤ 0.

    The box holds the inputs, each end of shape (inputs, 1); the result has shape (1, entries).
    """
    return claimed[-1:] - (established[-1:] + _absorbed("reslope_lower", claimed, established, box))


def follows_above(claimed: ExactTensor, established: ExactTensor, box: Bounds) -> ExactTensor:
    """How far each claimed form may fall short of the established one above: ≤ 0 if it follows."""
    return established[-1:] + _absorbed("reslope_upper", claimed, established, box) - claimed[-1:]


def _absorbed(
    name: str, claimed: ExactTensor, established: ExactTensor, box: Bounds
) -> ExactTensor:
    """What the constant takes up when coefficients are replaced, summed over the inputs."""
    values = {"c": established[:-1], "k": claimed[:-1], "l": box[0], "u": box[1]}
    return _derived(name, values).sum((0,)).reshape(1, -1)


def any_of(*choices: ExactTensor) -> BooleanArray:
    """The entries for which some of these shortfalls is ≤ 0."""
    found = np.zeros(choices[0].shape, dtype=np.bool_)
    for shortfall in choices:
        found |= shortfall.less_equal(_ZERO)
    return found
