"""Claims about a chain of affine maps and ReLUs: of the graph itself, or of it unrolled.

A verdict on an unrolled chain is one on the graph within the claims' region, row by row.
"""

from dataclasses import dataclass, replace

from refsem.exact import ExactTensor
from refsem.ir.evaluation import Prepared
from refsem.properties.claims import RegionClaims
from refsem.rules.chain import ChainLayer, NotChain, chain
from refsem.rules.unrolled import unrolled


@dataclass(frozen=True, slots=True, eq=False)
class Chained:
    """A chain, claims about its target, and its layers."""

    prepared: Prepared
    claims: RegionClaims
    layers: tuple[ChainLayer, ...]


def chained(prepared: Prepared, claims: RegionClaims) -> Chained | NotChain:
    """The graph as a chain if it is one, or can be unrolled to one; else why it is none."""
    layers = chain(prepared, claims.region, {claims.target: claims.combination})
    if not isinstance(layers, NotChain):
        return Chained(prepared, claims, layers)
    other = unrolled(prepared, claims.region, {claims.target: claims.combination})
    if isinstance(other, NotChain):
        return layers
    same = {other.graph.outputs[0]: ExactTensor.identity(claims.bounds.size)}
    moved = replace(claims, combination=same)
    layers = chain(other, moved.region, {moved.target: moved.combination})
    return layers if isinstance(layers, NotChain) else Chained(other, moved, layers)
