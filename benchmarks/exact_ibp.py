"""Exact interval propagation of a network, and the same in `fractions.Fraction` loops.

    python benchmarks/exact_ibp.py [MODEL PROPERTY]

Both are timed in turn in one run, in CPU seconds, and must agree entry for entry; the ratio is
what counts. Without arguments: ACAS Xu 1_1, property 1, under $REFSEM_DATA, else the bundled
digits network.
"""

import os
import sys
import time
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

from refsem.audit.network import silent
from refsem.ir import load_model
from refsem.ir.evaluation import Prepared, prepare
from refsem.properties import load_property
from refsem.properties.claims import region_claims
from refsem.rules.propagation import Method, propagate
from refsem.rules.trace import Region

Box = list[tuple[Fraction, Fraction]]
ROUNDS = 5


def dense(prepared: Prepared, name: str) -> tuple[str, list[list[Fraction]], list[Fraction]]:
    """An affine node with one operand as a matrix (rows are outputs) and a constant."""
    node = prepared.affine[name]
    (piece,) = node.pieces
    size = prepared.nodes[name].size
    identity = type(node.constant).identity(size)
    rows = piece.adjoint(identity).rationals()
    width = prepared.nodes[piece.operand].size
    matrix = [[Fraction(value) for value in rows[i * width : (i + 1) * width]] for i in range(size)]
    constant = [Fraction(value) for value in node.constant.broadcast_to((1, size)).rationals()]
    return piece.operand, matrix, constant


def fraction_ibp(prepared: Prepared, region: Region) -> Callable[[], Box]:
    """A loop that propagates the region's box in fractions, its weights already converted."""
    layers = {name: dense(prepared, name) for name in prepared.affine}
    ((source, (lower, upper)),) = region.boxes.items()
    start = [
        (Fraction(low), Fraction(high))
        for low, high in zip(lower.rationals(), upper.rationals(), strict=True)
    ]

    def run() -> Box:
        boxes: dict[str, Box] = {source: start}
        for name in prepared.nodes:
            if name in layers:
                operand, matrix, constant = layers[name]
                boxes[name] = [
                    affine_interval(row, offset, boxes[operand])
                    for row, offset in zip(matrix, constant, strict=True)
                ]
            elif name != source:
                (operand,) = prepared.operands(name)
                zero = Fraction(0)
                boxes[name] = [(max(low, zero), max(high, zero)) for low, high in boxes[operand]]
        return boxes[prepared.graph.outputs[0]]

    return run


def affine_interval(row: list[Fraction], offset: Fraction, box: Box) -> tuple[Fraction, Fraction]:
    """The interval of one affine neuron."""
    low = high = offset
    for weight, (below, above) in zip(row, box, strict=True):
        if weight > 0:
            low, high = low + weight * below, high + weight * above
        elif weight < 0:
            low, high = low + weight * above, high + weight * below
    return low, high


def instance() -> tuple[Path, Path]:
    """The model and property to run on."""
    if len(sys.argv) == 3:
        return Path(sys.argv[1]), Path(sys.argv[2])
    if data := os.environ.get("REFSEM_DATA"):
        folder = Path(data) / "networks" / "acasxu"
        return folder / "ACASXU_run2a_1_1_batch_2000.onnx", folder / "prop_1.vnnlib"
    folder = Path(__file__).parent.parent / "examples" / "digits"
    return folder / "digits.onnx", folder / "robust.vnnlib"


def main() -> None:
    """Time both in turn and print the best of each and the ratio."""
    model, wanted = instance()
    prepared = prepare(load_model(model))
    claims = region_claims(prepared, load_property(wanted))[0]
    slow = fraction_ibp(prepared, claims.region)
    seconds: dict[str, list[float]] = {"fractions": [], "refsem": []}
    for _ in range(ROUNDS):
        began = time.process_time()
        expected = slow()
        seconds["fractions"].append(time.process_time() - began)
        began = time.process_time()
        state = propagate(prepared, claims.region, Method.IBP, {}, silent)
        seconds["refsem"].append(time.process_time() - began)
    box = state.replay.box(state.boxes[prepared.graph.outputs[0]])
    found = [
        (Fraction(low), Fraction(high))
        for low, high in zip(box.lower.rationals(), box.upper.rationals(), strict=True)
    ]
    if found != expected:
        raise SystemExit("the two disagree")
    best = {name: min(values) for name, values in seconds.items()}
    print(f"{model.name}: exact IBP, replay included, best of {ROUNDS}, CPU seconds")
    for name, value in best.items():
        print(f"  {name:10} {value:.4f}")
    print(f"  ratio      {best['fractions'] / best['refsem']:.1f}")


if __name__ == "__main__":
    main()
