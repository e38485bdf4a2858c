"""ONNX reductions and what is composed of them: sums, means, extrema, softmax, normalisation."""

from collections.abc import Callable

from refsem.ir.onnx_application import Application, Applied, Meaning
from refsem.ir.onnx_images import EPSILON
from refsem.ir.onnx_rearranging import axis_in, distinct_axes
from refsem.ir.operators import Op

Translator = Callable[[Application], Meaning]


def reduction(make: Callable[[Application, dict[str, object]], Meaning]) -> Translator:
    """A reduction over the axes that an attribute or a constant input lists; none means all."""

    def translate(node: Application) -> Meaning:
        rank = len(node.shape(0))
        axes = node.list_input(1) if node.given(1) else node.list_attribute("axes")
        if axes is None or not axes:
            kept = node.flag("noop_with_empty_axes") == 1
            if axes is not None and not kept:
                raise node.refusal("an empty list of axes: what it means is disputed")
            places = set() if kept else set(range(rank))
        else:
            places = distinct_axes(node, axes, rank, negative=True)
        keepdims = node.flag("keepdims", 1)
        return make(node, {"axes": tuple(sorted(places)), "keepdims": keepdims})

    return translate


def reduced(op: Op) -> Translator:
    """A reduction that is an operator of the catalogue."""
    return reduction(lambda node, where: Applied(op, (node.tensor(0),), where))


def of_elements(inner: Op) -> Translator:
    """The sum of an elementwise operator of the entries."""
    return reduction(
        lambda node, where: Applied(
            Op.REDUCE_SUM,
            (Applied(inner, (node.tensor(0),), {}),),
            where,
        )
    )


def after_sum(outer: Op, inner: Op | None) -> Translator:
    """An elementwise operator of the sum of an elementwise operator of the entries."""

    def make(node: Application, where: dict[str, object]) -> Meaning:
        entries = node.tensor(0) if inner is None else Applied(inner, (node.tensor(0),), {})
        total = Applied(Op.REDUCE_SUM, (entries,), where)
        return Applied(outer, (total,), {})

    return reduction(make)


def softmax(op: Op, *, flattening: bool) -> Translator:
    """Softmax along an axis; before version 13 along that axis and all after it."""

    def translate(node: Application) -> Meaning:
        rank = len(node.shape(0))
        axis = axis_in(node, node.integer("axis", 1 if flattening else -1), rank, negative=True)
        axes = tuple(range(axis, rank)) if flattening else (axis,)
        return Applied(op, (node.tensor(0),), {"axes": axes})

    return translate


def layer_normalisation(node: Application) -> Meaning:
    """Normalisation over the axes from one on, scaled and shifted."""
    rank = len(node.shape(0))
    axis = axis_in(node, node.integer("axis", -1), rank, negative=True)
    node.integer("stash_type", 1)  # the format of a result that is not given out
    bias = node.tensor(2) if node.given(2) else node.zero
    attributes = {"axes": tuple(range(axis, rank)), "epsilon": node.number("epsilon", EPSILON)}
    return Applied(Op.LAYER_NORM, (node.tensor(0), node.tensor(1), bias), attributes)
