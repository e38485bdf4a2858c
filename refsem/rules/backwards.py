"""Which tensors a backward pass is worth, and which it stops at. Untrusted: any choice is sound."""

from collections.abc import Iterable

import numpy as np

from refsem.ir.evaluation import Prepared
from refsem.ir.operators import Op
from refsem.ir.steps import Gather, Scale, Step
from refsem.rules.choices import SMOOTH
from refsem.rules.pairs import PLANAR
from refsem.rules.piecewise import PIECEWISE
from refsem.rules.ranged import ENCLOSED
from refsem.rules.trace import Region

CURVED = frozenset({Op.RELU, *SMOOTH, *ENCLOSED, *PIECEWISE})
"""The operators of one variable operand that are bounded by lines."""


def bounded_backwards(prepared: Prepared, region: Region) -> frozenset[str]:
    """The nodes whose boxes decide slopes, and the outputs: those worth a backward pass.

    In a ball entries depend on each other, and an interval step is as good for none.
    """
    nodes = prepared.nodes.values()
    relaxed: Iterable[str] = (x for node in nodes if node.op in CURVED for x in node.operands)
    paired = (x for node in nodes if node.op in PLANAR for x in node.operands)
    sources = {_source(prepared, x) for x in paired if x in prepared.nodes}
    wanted = {*relaxed, *(x for x in sources if x in prepared.affine), *prepared.graph.outputs}
    tight = frozenset(region.boxes) if region.balls else _tight(prepared)
    idle = {*fixed_tensors(prepared), *tight}
    return frozenset(name for name in wanted if name in prepared.nodes and name not in idle)


def _tight(prepared: Prepared) -> frozenset[str]:
    """Tensors whose interval step from the inputs is as good as a backward pass.

    Of entries that do not depend on each other a sum has the box that its terms' boxes give.
    """
    found: set[str] = set()
    independent: set[str] = set()
    for name, node in prepared.nodes.items():
        pieces = prepared.affine[name].pieces if name in prepared.affine else ()
        steps = [step for piece in pieces for step in piece.steps]
        if node.op is Op.INPUT:
            independent.add(name)
        elif len(pieces) == 1 and pieces[0].operand in independent:
            found.add(name)
            if all(isinstance(step, Scale) or _injective(step) for step in steps):
                independent.add(name)
        elif len(pieces) == 1 and all(isinstance(step, Scale | Gather) for step in steps):
            found |= {name} if pieces[0].operand in found else set()
    return frozenset(found | independent)


def _injective(step: Step) -> bool:
    """Whether the step only moves entries, none to two places."""
    return isinstance(step, Gather) and np.unique(step.index).size == step.index.size


def _source(prepared: Prepared, name: str) -> str:
    """The tensor of which this one is a rearrangement: its box is as good, and has no copies."""
    while name in prepared.affine and len(prepared.affine[name].pieces) == 1:
        (piece,) = prepared.affine[name].pieces
        if not all(isinstance(step, Gather) for step in piece.steps):
            break
        name = piece.operand
    return name


def fixed_tensors(prepared: Prepared) -> frozenset[str]:
    """The nodes that do not depend on the input: constants without a rational value."""
    found: set[str] = set()
    for name, node in prepared.nodes.items():
        if node.op is not Op.INPUT and all(x in found for x in prepared.operands(name)):
            found.add(name)
    return frozenset(found)
