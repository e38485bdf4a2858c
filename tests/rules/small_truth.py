"""What is true of a small network at some points, and whether a judgement agrees with it."""

from collections.abc import Mapping

import numpy as np
import small_networks
from gmpy2 import mpq
from small_networks import Floats

from refsem.exact import ExactTensor
from refsem.ir.evaluation import Prepared
from refsem.rules.propagation import Method, Propagation
from refsem.rules.replay import replay
from refsem.rules.trace import Box, Combination, Forgotten, Form, Judgement, Line, Plane, Side
from refsem.search.alpha import bounded_by

Numbers = np.ndarray[tuple[int, ...], np.dtype[np.object_]]
Truth = dict[str, Numbers]
"""A row a point for each tensor and each named target."""


def silent(_node: str, _done: int, _all: int) -> None:
    """No progress shown."""


def run(
    prepared: Prepared, box: small_networks.Box, method: Method, targets: Mapping[str, Combination]
) -> Propagation:
    """A propagation in which nothing is forgotten: what was is established again from its Trace."""
    state = forgetting(prepared, box, method, targets)
    again = replay(prepared, state.replay.trace())
    for index, judgement in enumerate(state.replay.judgements):
        if isinstance(judgement, Forgotten):
            state.replay.judgements[index] = again[index]
    return state


def forgetting(
    prepared: Prepared, box: small_networks.Box, method: Method, targets: Mapping[str, Combination]
) -> Propagation:
    """A propagation as it is."""
    return bounded_by(prepared, box.region(), method, targets, silent)


def exactly(values: Floats) -> Numbers:
    return np.array([mpq(float(value)) for value in values.ravel()], dtype=object)


def numbers(tensor: ExactTensor) -> Numbers:
    found = np.empty(tensor.size, dtype=object)
    found[:] = tensor.rationals()
    return found.reshape(tensor.shape)


def truth(
    prepared: Prepared, points: list[dict[str, Floats]], targets: Mapping[str, Combination]
) -> Truth:
    values = [small_networks.evaluate(prepared, point) for point in points]
    found = {name: np.array([exactly(one[name]) for one in values]) for name in values[0]}
    for name, combination in targets.items():
        parts = [found[tensor] @ numbers(c).T for tensor, c in combination.items()]
        found[name] = sum(parts[1:], parts[0])
    return found


def holds(judgement: Judgement, true: Truth) -> bool:
    """Whether what was established is so at every point."""
    match judgement:
        case Box(target, lower, upper):
            value = true[target]
            return bool((numbers(lower) <= value).all() and (value <= numbers(upper)).all())
        case Line(node, operand, side, slope, intercept):
            lines = zip(numbers(slope), numbers(intercept), strict=True)
            return all(_bounds(side, s * true[operand] + b, true[node]) for s, b in lines)
        case Plane(node, (left, right), side, (first, second), intercept):
            bound = numbers(first) * true[left] + numbers(second) * true[right]
            return _bounds(side, bound + numbers(intercept), true[node])
        case Form(target, side, coefficients, constant):
            bound = numbers(constant).T + sum(
                true[name] @ numbers(part).T for name, part in coefficients.items()
            )
            return _bounds(side, bound, true[target])


def _bounds(side: Side, bound: Numbers, value: Numbers) -> bool:
    match side:
        case Side.LOWER:
            return bool((bound <= value).all())
        case Side.UPPER:
            return bool((value <= bound).all())
        case Side.EQUAL:
            return bool((value == bound).all())
