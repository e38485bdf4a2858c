"""Chains: a graph as affine maps with ReLUs between them, each map established by the replay.

Every pre-activation y and the target are forms y = W·h + d in the ReLU (or input) before them:
equalities that `substitute_affine` gives. A graph with a bypass, another activation or a target
that also speaks of the input is no chain, and says why.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from refsem.exact import ExactTensor
from refsem.ir.evaluation import Prepared
from refsem.ir.operators import Op
from refsem.rules.propagation import Propagation
from refsem.rules.replay import Replay
from refsem.rules.trace import Combination, Region, Side


@dataclass(frozen=True, slots=True, eq=False)
class ChainLayer:
    """value = weight · previous + constant, of shapes (rows, size) and (rows, 1).

    `value` names a pre-activation or the target; `previous` the input or the ReLU of the layer
    before, whose pre-activation is that layer's `value`.
    """

    value: str
    previous: str
    weight: ExactTensor
    constant: ExactTensor


@dataclass(frozen=True, slots=True)
class NotChain:
    """Why a graph is not a chain."""

    reason: str


def chain(
    prepared: Prepared, region: Region, targets: Mapping[str, Combination]
) -> tuple[ChainLayer, ...] | NotChain:
    """The layers from the input to the one target."""
    (target,) = targets
    state = Propagation(Replay(prepared, (region,), targets), 0)
    layers: list[ChainLayer] = []
    value = target
    while True:
        stops = [name for name in prepared.nodes if name not in prepared.affine]
        below, above = state.forms(value, stops)
        form = state.form(below)
        if below != above or form.side is not Side.EQUAL or len(form.coefficients) != 1:
            return NotChain(f"{value!r} is not an affine map of one tensor")
        ((previous, weight),) = form.coefficients.items()
        layers.append(ChainLayer(value, previous, weight, form.constant))
        if previous in region.boxes:
            return tuple(reversed(layers))
        if previous not in prepared.nodes:
            return NotChain(f"{previous!r} is a constant")
        node = prepared.nodes[previous]
        if node.op is not Op.RELU:
            return NotChain(f"{previous!r} is {node.op.value}, not a ReLU")
        (value,) = prepared.operands(previous)
