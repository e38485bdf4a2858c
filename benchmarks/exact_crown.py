"""Exact CROWN, replay included, beside a plain float64 CROWN in numpy, in one run.

    python benchmarks/exact_crown.py [MODEL PROPERTY]

Both bound every pre-activation backwards and intersect it with one interval step. The float one
is fast and claims nothing; the ratio says what exactness costs, the widths that it costs no
tightness. Prints CPU seconds and the memory high-water mark. Without arguments: ACAS Xu 1_1,
property 1, under $REFSEM_DATA, else the bundled digits network.
"""

import resource
import sys
import time
from pathlib import Path

import numpy as np
import numpy.typing as npt
from exact_ibp import instance

from refsem.audit.network import silent
from refsem.exact import ExactTensor
from refsem.ir import load_model
from refsem.ir.evaluation import Prepared, prepare
from refsem.properties import load_property
from refsem.properties.claims import region_claims
from refsem.rules.propagation import Method, propagate
from refsem.rules.replay import replay
from refsem.rules.trace import Region

Array = npt.NDArray[np.float64]
Layer = tuple[Array, Array]


def float_layers(prepared: Prepared) -> list[Layer]:
    """The affine maps between the ReLUs of a chain, as float64 matrices and constants."""
    layers: list[Layer] = []
    pending: Layer | None = None
    for name, node in prepared.nodes.items():
        if name in prepared.affine:
            affine = prepared.affine[name]
            (piece,) = affine.pieces
            matrix = piece.adjoint(ExactTensor.identity(node.size)).nearest_float64()
            constant = affine.constant.nearest_float64()[0] + np.zeros(node.size)
            if pending is not None:
                matrix, constant = matrix @ pending[0], matrix @ pending[1] + constant
            pending = matrix, constant
        elif pending is not None:
            layers.append(pending)
            pending = None
    if pending is None:
        raise SystemExit("the network does not end in an affine layer")
    return [*layers, pending]


def backward(
    layers: list[Layer], boxes: list[tuple[Array, Array]], start: tuple[Array, Array], sign: float
) -> Array:
    """Upper (sign 1) or lower (sign -1) bounds of the last given layer by substitution."""
    matrix, constant = sign * layers[len(boxes)][0], sign * layers[len(boxes)][1]
    for (weight, offset), (low, high) in zip(layers[: len(boxes)][::-1], boxes[::-1], strict=True):
        slope = np.where(low >= 0, 1.0, np.where(high <= 0, 0.0, high / (high - low)))
        intercept = np.maximum(np.maximum(low, 0) - slope * low, np.maximum(high, 0) - slope * high)
        below = np.where(high > -low, 1.0, 0.0)
        positive, negative = np.maximum(matrix, 0), np.minimum(matrix, 0)
        constant = constant + positive @ intercept
        matrix = positive * slope + negative * below
        constant, matrix = constant + matrix @ offset, matrix @ weight
    return constant + np.maximum(matrix, 0) @ start[1] + np.minimum(matrix, 0) @ start[0]


def float_crown(layers: list[Layer], start: tuple[Array, Array]) -> tuple[Array, Array]:
    """Float64 bounds of the output."""
    boxes: list[tuple[Array, Array]] = []
    before = start
    for weight, offset in layers:
        positive, negative = np.maximum(weight, 0), np.minimum(weight, 0)
        low = positive @ before[0] + negative @ before[1] + offset
        high = positive @ before[1] + negative @ before[0] + offset
        box = (
            np.maximum(low, -backward(layers, boxes, start, -1.0)),
            np.minimum(high, backward(layers, boxes, start, 1.0)),
        )
        boxes.append(box)
        before = np.maximum(box[0], 0), np.maximum(box[1], 0)
    return boxes[-1]


def floats(region: Region) -> tuple[Array, Array]:
    """The region's box, rounded."""
    ((lower, upper),) = region.boxes.values()
    return lower.nearest_float64()[0], upper.nearest_float64()[0]


def main() -> None:
    """Time the float peer, the exact propagation, and a second replay of its Trace."""
    model, wanted = (Path(a) for a in sys.argv[1:]) if len(sys.argv) == 3 else instance()
    prepared = prepare(load_model(model))
    region = region_claims(prepared, load_property(wanted))[0].region
    layers = float_layers(prepared)
    seconds = {}
    began = time.process_time()
    low, high = float_crown(layers, floats(region))
    seconds["float64 CROWN"] = time.process_time() - began
    began = time.process_time()
    state = propagate(prepared, region, Method.CROWN, {}, silent)
    seconds["exact CROWN"] = time.process_time() - began
    began = time.process_time()
    replay(prepared, state.replay.trace())
    seconds["replay alone"] = time.process_time() - began
    box = state.replay.box(state.boxes[prepared.graph.outputs[0]])
    widths = (box.upper - box.lower).nearest_float64()[0]
    print(f"{model.name}: CPU seconds")
    for name, value in seconds.items():
        print(f"  {name:14} {value:.4f}")
    print(f"  ratio          {seconds['exact CROWN'] / seconds['float64 CROWN']:.0f}")
    print(f"  widths, exact over float: at most {(widths / (high - low)).max():.6f}")
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(f"  memory         {memory} MB")


if __name__ == "__main__":
    main()
