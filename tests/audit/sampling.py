"""Points of a region, and how many exact values at them escape the boxes of a propagation."""

import itertools
from collections.abc import Mapping

import numpy as np

from refsem.exact import ExactTensor
from refsem.exact.tensor import concatenate
from refsem.rules.propagation import Propagation
from refsem.rules.trace import Box, Region

GRID_BITS = 12


def corner_points(region: Region, most: int, seed: int) -> ExactTensor:
    """All corners of the region's box, a row each, or so many drawn at random if there are more."""
    ((lower, upper),) = region.boxes.values()
    if 2**lower.size <= most:
        signs = np.array(list(itertools.product([False, True], repeat=lower.size)))
    else:
        signs = np.random.default_rng(seed).integers(0, 2, (most, lower.size)).astype(np.bool_)
    return upper.where(signs, lower)


def random_points(region: Region, count: int, seed: int) -> ExactTensor:
    """Points of the region's box on a grid of 2^-12 of its width, ends included."""
    ((lower, upper),) = region.boxes.values()
    steps = np.random.default_rng(seed).integers(0, 2**GRID_BITS + 1, (count, lower.size))
    return lower + (upper - lower) * ExactTensor(steps.astype(object), GRID_BITS, 1)


def sampled(region: Region, count: int, seed: int) -> ExactTensor:
    """Corners and random points."""
    return concatenate(
        [corner_points(region, 32, seed), random_points(region, count, seed)], axis=0
    )


def escapes(box: Box, values: ExactTensor) -> int:
    """How many values lie outside the box."""
    return int((~(box.lower.less_equal(values) & values.less_equal(box.upper))).sum())


def escaping(state: Propagation, values: Mapping[str, ExactTensor]) -> dict[str, int]:
    """The tensors whose boxes are escaped, and how often."""
    found = {name: escapes(state.replay.box(state.boxes[name]), v) for name, v in values.items()}
    return {name: count for name, count in found.items() if count}
