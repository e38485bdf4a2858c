"""Shape rules of composite operators: softmax and its relatives, normalisations, losses."""

from math import prod

from refsem.ir.shapes import Attributes, Shape, ShapeError, axis_of, broadcast, integers


def along_axes(operands: tuple[Shape, ...], attributes: Attributes) -> Shape:
    """The operand's shape; the axes are some of its own, and not empty."""
    axes, shape = integers(attributes["axes"]), operands[0]
    if not axes or sorted(set(axes)) != list(axes) or not set(axes) <= set(range(len(shape))):
        raise ShapeError(f"axes {list(axes)} of shape {list(shape)}")
    if 0 in [shape[axis] for axis in axes]:
        raise ShapeError(f"no entries along axes {list(axes)} of {list(shape)}")
    return shape


def batch_norm_shape(operands: tuple[Shape, ...], attributes: Attributes) -> Shape:
    """The first operand's shape; the others have one number for each entry of the axis."""
    axis = axis_of(attributes["axis"], len(operands[0]))
    for operand in operands[1:]:
        if operand != (operands[0][axis],):
            message = f"{list(operand)} for {operands[0][axis]} channels"
            raise ShapeError(f"batch_norm of {list(operands[0])}: {message}")
    return operands[0]


def layer_norm_shape(operands: tuple[Shape, ...], attributes: Attributes) -> Shape:
    """The first operand's shape, to which the others broadcast."""
    shape = along_axes(operands, attributes)
    if broadcast(operands, {}) != shape:
        others = " and ".join(str(list(operand)) for operand in operands[1:])
        raise ShapeError(f"{others} does not broadcast to {list(shape)}")
    return shape


def mse_shape(operands: tuple[Shape, ...], _attributes: Attributes) -> Shape:
    """A single number, of two tensors of one shape with entries."""
    if operands[0] != operands[1] or not prod(operands[0]):
        listed = " and ".join(str(list(operand)) for operand in operands)
        raise ShapeError(f"mse of {listed}")
    return ()
