"""ONNX operators on images: convolutions, pools and batch normalisation, layout NCHW.

`auto_pad` is resolved into pads. With SAME_UPPER or SAME_LOWER there are ⌈n / stride⌉ windows, and
what they need beyond the image is added half before and half after, an odd one after or before.
"""

from collections.abc import Callable, Mapping

from gmpy2 import mpq

from refsem.ir.onnx_application import Application, Applied, Meaning
from refsem.ir.onnx_values import RANK_LIMIT
from refsem.ir.operators import Attribute, Op, Shape

EPSILON = mpq(10995116, 2**40)
"""The binary32 value nearest to 1e-5, by operators' default."""


def _each(node: Application, name: str, count: int) -> tuple[int, ...]:
    values = node.list_attribute(name)
    return (1,) * count if values is None else values


def _spatial(node: Application) -> Shape:
    shape = node.tensor(0).shape
    if len(shape) < 3:
        raise node.refusal(f"input 0 has shape {list(shape)}: no spatial axes")
    return shape[2:]


def _windows(node: Application, kernel: Shape) -> dict[str, Attribute]:
    """Layout, strides, dilations and pads, all stated."""
    spatial = _spatial(node)
    strides = _each(node, "strides", len(spatial))
    dilations = _each(node, "dilations", len(spatial))
    if not len(kernel) == len(strides) == len(dilations) == len(spatial):
        raise node.refusal(f"a kernel of shape {list(kernel)} over {list(spatial)}")
    pads = node.list_attribute("pads", 2 * RANK_LIMIT) or (0,) * (2 * len(spatial))
    needed = [
        (-(-length // max(stride, 1)) - 1) * stride + (k - 1) * dilation + 1 - length
        for length, k, stride, dilation in zip(spatial, kernel, strides, dilations, strict=True)
    ]
    pads = _resolved(node, pads, needed)
    return {"layout": "NCHW", "strides": strides, "dilations": dilations, "pads": pads}


def _resolved(node: Application, pads: tuple[int, ...], needed: list[int]) -> tuple[int, ...]:
    """The pads, unless `auto_pad` says otherwise: none, or those needed in all."""
    mode = node.word("auto_pad", "NOTSET")
    if mode != "NOTSET" and any(pads):
        raise node.refusal(f"auto_pad {mode} and pads {list(pads)} at once")
    total = [max(pad, 0) for pad in needed]
    less, more = tuple(pad // 2 for pad in total), tuple(-(-pad // 2) for pad in total)
    match mode:
        case "NOTSET":
            return pads
        case "VALID":
            return (0,) * len(pads)
        case "SAME_UPPER":
            return less + more
        case "SAME_LOWER":
            return more + less
        case _:
            raise node.refusal(f"auto_pad {mode!r} is not known")


def _kernel(node: Application) -> Shape:
    """The spatial shape of the weights, with which the attribute must agree."""
    weights = node.tensor(1).shape
    stated = node.list_attribute("kernel_shape")
    if len(weights) < 3 or (stated is not None and stated != weights[2:]):
        shown = "none" if stated is None else list(stated)
        raise node.refusal(f"kernel_shape {shown} and weights of shape {list(weights)}")
    return weights[2:]


def conv(node: Application) -> Meaning:
    """A convolution (in the sense of networks: no kernel is turned)."""
    attributes = _windows(node, _kernel(node)) | {"groups": node.integer("group", 1)}
    operands = tuple(node.tensor(place) for place in range(3) if node.given(place))
    return Applied(Op.CONV, operands, attributes)


def conv_transpose(node: Application) -> Meaning:
    """A transposed convolution; a stated output shape becomes pads."""
    kernel, spatial = _kernel(node), _spatial(node)
    count = len(spatial)
    if len(kernel) != count:
        raise node.refusal(f"a kernel of shape {list(kernel)} over {list(spatial)}")
    strides, dilations = _each(node, "strides", count), _each(node, "dilations", count)
    extra = node.list_attribute("output_padding") or (0,) * count
    wanted = node.list_attribute("output_shape")
    if not len(strides) == len(dilations) == len(extra) == count:
        raise node.refusal("strides, dilations and output_padding of different lengths")
    if wanted is None and node.word("auto_pad", "NOTSET") in {"SAME_UPPER", "SAME_LOWER"}:
        wanted = tuple(n * s for n, s in zip(spatial, strides, strict=True))
    pads = node.list_attribute("pads", 2 * RANK_LIMIT) or (0,) * (2 * count)
    if wanted is not None:
        pads = _output_pads(node, wanted, spatial, kernel, (strides, dilations, extra))
    attributes: dict[str, Attribute] = {
        "layout": "NCHW",
        "strides": strides,
        "dilations": dilations,
        "pads": pads,
        "groups": node.integer("group", 1),
        "output_pads": extra,
    }
    operands = tuple(node.tensor(place) for place in range(3) if node.given(place))
    return Applied(Op.CONV_TRANSPOSE, operands, attributes)


def _output_pads(
    node: Application,
    wanted: tuple[int, ...],
    spatial: Shape,
    kernel: Shape,
    lists: tuple[tuple[int, ...], ...],
) -> tuple[int, ...]:
    """The pads that leave the lengths wanted; an odd one goes before, for SAME_UPPER after."""
    wanted = wanted[-len(spatial) :]
    total = []
    for length, n, k, s, d, e in zip(wanted, spatial, kernel, *lists, strict=True):
        total.append(s * (n - 1) + e + (k - 1) * d + 1 - length)
    if min(total) < 0:
        raise node.refusal(f"output shape {list(wanted)} is larger than what is covered")
    less, more = tuple(pad // 2 for pad in total), tuple(-(-pad // 2) for pad in total)
    return less + more if node.word("auto_pad", "NOTSET") == "SAME_UPPER" else more + less


def pool(op: Op) -> Callable[[Application], Meaning]:
    """A maximum or an average over windows."""

    def translate(node: Application) -> Meaning:
        kernel = node.list_attribute("kernel_shape")
        if kernel is None:
            raise node.refusal("attribute 'kernel_shape' is missing")
        attributes = _windows(node, kernel)
        ceil = node.flag("ceil_mode") if node.word("auto_pad", "NOTSET") == "NOTSET" else 0
        attributes |= {"kernel": kernel, "ceil": ceil}
        node.flag("storage_order")  # the order of indices, which are not given out
        if op is Op.AVERAGE_POOL:
            attributes["count_include_pad"] = node.flag("count_include_pad")
        return Applied(op, (node.tensor(0),), attributes)

    return translate


def global_pool(op: Op) -> Callable[[Application], Meaning]:
    """A maximum or an average over all spatial axes, which are kept."""

    def translate(node: Application) -> Meaning:
        axes = tuple(range(2, 2 + len(_spatial(node))))
        return Applied(op, (node.tensor(0),), {"axes": axes, "keepdims": 1})

    return translate


def batch_normalisation(fixed: Mapping[str, int]) -> Callable[[Application], Meaning]:
    """Batch normalisation with stored means and variances; `fixed` are values attributes need."""

    def translate(node: Application) -> Meaning:
        for name, wanted in fixed.items():
            if node.integer(name, 0 if name != "spatial" else 1) != wanted:
                raise node.refusal(f"attribute {name!r} other than {wanted} is not supported")
        node.number("momentum", mpq(0))  # of training, which is not meant
        operands = tuple(node.tensor(place) for place in range(5))
        if len(operands[0].shape) < 2:
            raise node.refusal(f"input 0 has shape {list(operands[0].shape)}: no channels")
        attributes: dict[str, Attribute] = {"axis": 1, "epsilon": node.number("epsilon", EPSILON)}
        return Applied(Op.BATCH_NORM, operands, attributes)

    return translate
