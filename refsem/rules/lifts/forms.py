"""Lifts of rules on affine forms, a row of coefficients at a time. Trusted, as the replay is.

Beside `refsem.ir.affine`, whose adjoints it uses, this is where inequalities about single entries
are summed: an induction on the entries of a row.
"""

from collections.abc import Iterable
from math import prod

import numpy as np
from gmpy2 import mpq

from refsem.exact import ExactTensor
from refsem.exact.tensor import concatenate
from refsem.ir.affine import AffineNode
from refsem.rules.lifts.context import Context, Lift, RefusedError
from refsem.rules.trace import Box, Form, Judgement, Norm, Side

_ZERO = mpq(0)

_ROWS = 64
"""Rows that are pulled back at once: those of a convolution share zeros, which cost nothing."""


def start_form(context: Context) -> Judgement:
    """A tensor is a form of itself; a declared target is the form that defines it."""
    if context.node in context.targets:
        combination = context.targets[context.node]
    elif context.node in context.prepared.shapes:
        size = prod(context.prepared.shapes[context.node])
        combination = {context.node: ExactTensor.identity(size)}
    else:
        raise RefusedError(f"{context.node!r} is neither a tensor nor a declared target")
    rows = next(iter(combination.values())).shape[0]
    return Form(context.node, Side.EQUAL, combination, ExactTensor.full((rows, 1), _ZERO))


def _replace(
    form: Form,
    node: str,
    side: Side,
    coefficients: Iterable[tuple[str, ExactTensor]],
    constants: ExactTensor,
) -> Form:
    """The form with a node's coefficients replaced by others, and constants summed row by row."""
    kept = {name: value for name, value in form.coefficients.items() if name != node}
    for name, value in coefficients:
        kept[name] = kept[name] + value if name in kept else value
    total = constants.sum((1,)).reshape(constants.shape[0], 1)
    return Form(form.target, side, kept, form.constant + total)


def substitute_affine(context: Context) -> Judgement:
    """An affine node of a form is replaced by its operands."""
    form = context.form("form", *Side)
    affine = context.prepared.affine.get(context.node)
    if affine is None or context.node not in form.coefficients:
        raise RefusedError(f"{context.node!r} is not an affine node of the form")
    coefficient = form.coefficients[context.node]
    rows = range(0, max(coefficient.shape[0], 1), _ROWS)
    parts = [coefficient[start : start + _ROWS] for start in rows]
    pulled = [
        (piece.operand, concatenate([piece.adjoint(part) for part in parts], axis=0))
        for piece in affine.pieces
    ]
    return _replace(form, context.node, form.side, pulled, _constants(affine, coefficient))


def _constants(affine: AffineNode, coefficient: ExactTensor) -> ExactTensor:
    """Each row of coefficients times the constant of the node, where that is not 0: one column."""
    size = coefficient.shape[1]
    constant = affine.constant.broadcast_to((1, size))
    (present,) = np.nonzero(constant.numerators[0])
    return coefficient[:, present].matmul(constant[:, present].reshape(present.size, 1))


def substitute(side: Side) -> Lift:
    """A node of a form is replaced by its lines: the sign of each coefficient says which."""

    def lift(context: Context) -> Judgement:
        form = context.form("form", side, Side.EQUAL)
        upper, lower = context.line("upper", Side.UPPER), context.line("lower", Side.LOWER)
        if context.node not in form.coefficients:
            raise RefusedError(f"{context.node!r} is not in the form")
        rows = form.constant.shape[0]
        for line in (upper, lower):
            if line.slope.shape[0] not in {1, rows}:
                raise RefusedError(f"lines for {line.slope.shape[0]} rows, the form has {rows}")
        values = context.derive(
            {
                "c": form.coefficients[context.node],
                "su": upper.slope,
                "bu": upper.intercept,
                "sl": lower.slope,
                "bl": lower.intercept,
            }
        )
        return _replace(form, context.node, side, [(upper.operand, values["k"])], values["q"])

    return lift


def substitute_plane(side: Side) -> Lift:
    """A node of a form is replaced by its planes: the sign of each coefficient says which."""

    def lift(context: Context) -> Judgement:
        form = context.form("form", side, Side.EQUAL)
        upper, lower = context.plane("upper", Side.UPPER), context.plane("lower", Side.LOWER)
        if context.node not in form.coefficients:
            raise RefusedError(f"{context.node!r} is not in the form")
        values = context.derive(
            {
                "c": form.coefficients[context.node],
                "su": upper.slopes[0],
                "tu": upper.slopes[1],
                "bu": upper.intercept,
                "sl": lower.slopes[0],
                "tl": lower.slopes[1],
                "bl": lower.intercept,
            }
        )
        coefficients = [*zip(upper.operands, (values["k"], values["j"]), strict=True)]
        return _replace(form, context.node, side, coefficients, values["q"])

    return lift


def one_sided(side: Side) -> Lift:
    """A node's coefficients are rounded, measured from the lower end of its box."""

    def lift(context: Context) -> Judgement:
        form = context.form("form", side, Side.EQUAL)
        box = context.box("operand", context.node)
        if context.node not in form.coefficients:
            raise RefusedError(f"{context.node!r} is not in the form")
        coefficients = form.coefficients[context.node]
        values = context.derive({"c": coefficients, "m": box.lower}, coefficients.shape[0])
        return _replace(form, context.node, side, [(context.node, values["k"])], values["q"])

    return lift


def in_ball(side: Side, norm: Norm, multiplier: str) -> Lift:
    """A node's coefficients are given up, or some kept, for what the region's ball allows.

    The multiplier of the shares has to be the same in all entries of a row. Then only the sum of
    the shares counts: the whole allowance is put on the first entry.
    """

    def lift(context: Context) -> Judgement:
        form, ball = context.form("form", side, Side.EQUAL), context.ball(norm)
        if context.node not in form.coefficients:
            raise RefusedError(f"{context.node!r} is not in the form")
        coefficients = form.coefficients[context.node]
        rows, size = coefficients.shape
        shares = [ball.allowance, *[_ZERO] * (size - 1)]
        centre, share = (
            ExactTensor.from_rationals(row, (1, size)) for row in (ball.centre, shares)
        )
        values = context.derive({"c": coefficients, "m": centre, "w": share}, rows)
        chosen = values[multiplier]
        if not chosen.equal(chosen[:, :1].broadcast_to(chosen.shape)).all():
            raise RefusedError(f"{multiplier!r} is not the same for all entries of a row")
        return _replace(form, context.node, side, [(context.node, values["k"])], values["q"])

    return lift


def multiplier_lower(context: Context) -> Judgement:
    """A node's coefficients less multiples of the signs that the region assumes of its entries."""
    form, signs = context.form("form", Side.LOWER, Side.EQUAL), context.signs()
    if context.node not in form.coefficients:
        raise RefusedError(f"{context.node!r} is not in the form")
    coefficients = form.coefficients[context.node]
    values = context.derive({"c": coefficients, "g": signs}, coefficients.shape[0])
    nothing = ExactTensor.full((coefficients.shape[0], 1), _ZERO)
    return _replace(form, context.node, Side.LOWER, [(context.node, values["k"])], nothing)


def concretise(context: Context) -> Judgement:
    """The box of a target from forms below and above it and the boxes of their tensors."""
    below = context.form("below", Side.LOWER, Side.EQUAL)
    above = context.form("above", Side.UPPER, Side.EQUAL)
    if below.target != context.node or above.target != context.node:
        raise RefusedError(f"the forms are not about {context.node!r}")
    lower, upper = below.constant, above.constant
    for name in dict.fromkeys((*below.coefficients, *above.coefficients)):
        box = context.box(name, name)
        nothing = ExactTensor.full((1, 1), _ZERO)
        cl = below.coefficients.get(name, nothing)
        cu = above.coefficients.get(name, nothing)
        values = context.derive(
            {"cl": cl, "bl": nothing, "cu": cu, "bu": nothing, "l": box.lower, "u": box.upper}
        )
        lower = lower + values["lo"].sum((1,)).reshape(-1, 1)
        upper = upper + values["hi"].sum((1,)).reshape(-1, 1)
    return Box(context.node, lower.reshape(1, -1), upper.reshape(1, -1))
