"""Forward CROWN: forms in the inputs pushed through one node, exactly. Trusted, like replay.

One statement for the forward pass of audits (`refsem.rules.lifts.forward`) and for node-wise
certificates.

A pair of forms bounds every entry of a tensor: Σ lower[j]·x[j] + lower[-1] ≤ entry ≤ the same with
`upper`, for all inputs of a box. They are held as columns: shape (inputs + 1, entries), the last
row being the constants, so that a column is a line and a row goes through a linear map at once.

- an affine node replaces each operand by the form its weight's sign calls for: the lift of
  `compose_upper` and `compose_lower` (W⁺·upper + W⁻·lower + constant), computed step by step as
  `refsem.ir.affine` computes intervals;
- any other node takes a line or a plane in its operands, composed by the same rules: slopes are
  chosen, and intercepts derived by the node's own rules;
- a claimed form with other coefficients follows from an established one where the constant
  absorbs the difference over the box: `reslope_upper`, `reslope_lower`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from gmpy2 import mpq

from refsem.exact import ExactTensor
from refsem.exact.tensor import BooleanArray, concatenate
from refsem.ir.affine import AffineNode
from refsem.ir.readings import evaluate_tensor, holds_tensor
from refsem.ir.steps import Matrix, Scale, Step
from refsem.rules.catalogue import BY_NAME
from refsem.rules.rule import Rule
from refsem.rules.trace import Side

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
    below, above = (affine_form(affine, operands, side) for side in (Side.LOWER, Side.UPPER))
    return Forms(below, above)


def affine_form(affine: AffineNode, operands: Mapping[str, Forms], side: Side) -> ExactTensor:
    """The form of an affine node on this side from those of its operands."""
    total: ExactTensor | None = None
    for piece in affine.pieces:
        forms = operands[piece.operand]
        same = forms.lower is forms.upper
        kept, swapped = (
            (forms.lower, forms.upper) if side is Side.LOWER else (forms.upper, forms.lower)
        )
        image = piece.forward(kept) if same else _one_sided(piece.steps, kept, swapped)
        total = image if total is None else total + image
    if total is None:
        raise ValueError("an affine node without variable operands has no forms")
    nothing = ExactTensor.full((total.shape[0] - 1, affine.constant.size), mpq(0))
    return total + concatenate([nothing, affine.constant], 0)


def _one_sided(steps: Sequence[Step], kept: ExactTensor, swapped: ExactTensor) -> ExactTensor:
    """Columns through a linear map: weights ≥ 0 keep the side, others take the other one.

    What follows the last step with weights does not mix sides, so the other one ends there.
    """
    mixing = [index for index, step in enumerate(steps) if isinstance(step, Scale | Matrix)]
    last = max(mixing, default=-1)
    for index, step in enumerate(steps):
        if not isinstance(step, Scale | Matrix):
            kept = step.forward(kept)
            swapped = step.forward(swapped) if index < last else swapped
        elif index < last:
            kept, swapped = step.mixed(kept, swapped), step.mixed(swapped, kept)
        else:
            kept = step.mixed(kept, swapped)
    return kept


def beside(
    rule: Rule, parts: Sequence[tuple[ExactTensor, Forms]], intercept: ExactTensor
) -> ExactTensor:
    """The form of a node that is bounded by slopes times operands plus an intercept.

    The rule, `compose_upper` or `compose_lower`, says from which side. Slopes and intercept have
    shape (1, entries).
    """
    total: ExactTensor | None = None
    for slope, forms in parts:
        values = {
            "c": slope,
            "d": intercept if total is None else _ZERO,
            "su": forms.upper[:-1],
            "bu": forms.upper[-1:],
            "sl": forms.lower[:-1],
            "bl": forms.lower[-1:],
        }
        found = _derived(rule, values)
        columns = concatenate([found["k"], found["q"]], 0)
        total = columns if total is None else total + columns
    if total is None:
        raise ValueError("a node without operands has no forms")
    return total


def relu_above(forms: Forms, box: Bounds, slope: ExactTensor) -> ExactTensor:
    """A form above a ReLU from those of its operand, which lies in the box; slope: (1, entries)."""
    line = _derived(BY_NAME["relu_upper"], {"l": box[0], "u": box[1], "s": slope})
    return beside(BY_NAME["compose_upper"], [(slope, forms)], line["b"])


def relu_below(forms: Forms, slope: ExactTensor) -> ExactTensor:
    """A form below a ReLU from those of its operand; `ValueError` for slopes not in [0, 1]."""
    line = _derived(BY_NAME["relu_lower"], {"s": slope})
    return beside(BY_NAME["compose_lower"], [(slope, forms)], line["b"])


def _derived(rule: Rule, values: Mapping[str, ExactTensor]) -> dict[str, ExactTensor]:
    """The derived values of a rule whose sides hold; `ValueError` where one does not."""
    for side in rule.checkable:
        if not holds_tensor(side.relation, values):
            raise ValueError(f"side {side.name!r} of {rule.name} does not hold")
    return {value.name: evaluate_tensor(value.term, values) for value in rule.derived}


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
    return _derived(BY_NAME[name], values)["q"].sum((0,)).reshape(1, -1)


def any_of(*choices: ExactTensor) -> BooleanArray:
    """The entries for which some of these shortfalls is ≤ 0."""
    found = np.zeros(choices[0].shape, dtype=np.bool_)
    for shortfall in choices:
        found |= shortfall.less_equal(_ZERO)
    return found
