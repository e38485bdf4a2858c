"""Review: a leaf established in integers inside floats is derived again by the replay.

The second opinion on `refsem.rules.leaves`: the slopes and floored coefficients that a run chose
become applications, each established exactly on FLINT and Python integers. What the run claims
must be implied, for it rounds down where the replay does not round at all. A run that claims
more raises `DisagreementError`, one that chose what no rule allows `ReplayError`: defects both.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from refsem.exact import ExactTensor
from refsem.exact.sliced import Exponents, FloatArray
from refsem.ir.evaluation import Prepared
from refsem.rules.chain import ChainLayer
from refsem.rules.leaves import SLOPE_BITS, Boxes, LeafCheck, Run
from refsem.rules.propagation import Propagation
from refsem.rules.replay import Replay
from refsem.rules.trace import Box, Combination, Region


class DisagreementError(AssertionError):
    """Two derivations of one bound that cannot both be right."""


def review(
    prepared: Prepared,
    layers: Sequence[ChainLayer],
    combination: Combination,
    check: LeafCheck,
    boxes: Boxes,
    run: Run,
    row: int,
) -> None:
    """Nothing if the replay establishes all that the run says of the box in this row."""
    *hidden, last = layers
    source = layers[0].previous
    ends = (_integers(boxes.lower[row], boxes.unit), _integers(boxes.upper[row], boxes.unit))
    replay = Replay(prepared, (Region({source: ends}),), {last.value: combination})
    state = Propagation(replay, 0)
    state.boxes[source] = state.interval(source)
    repeated = _Review(layers, run, row, check.scale, state)
    for index, layer in enumerate(hidden):
        below = repeated.form(index, "floor_lower", "substitute_lower")
        above = repeated.form(index, "ceiling_upper", "substitute_upper")
        box = repeated.box(layer.value, below, above)
        bounds = run.bounds[index]
        _implied(layer.value, box.lower, _integers(bounds.lower[row], check.unit))
        _implied(layer.value, -box.upper, _integers(-bounds.upper[row], check.unit))
        repeated.relax(layers[index + 1].previous, index)
    below = repeated.form(len(hidden), "floor_lower", "substitute_lower")
    _, above = state.forms(last.value, (source,))
    found = repeated.box(last.value, below, above).lower
    claimed = _integers(run.target[row], check.unit)
    _implied(last.value, found * ExactTensor.full((1, 1), check.factor), claimed)


def _implied(what: str, established: ExactTensor, claimed: ExactTensor) -> None:
    if not claimed.less_equal(established).all():
        raise DisagreementError(f"a leaf claims more about {what!r} than the replay establishes")


def _integers(values: FloatArray, unit: int) -> ExactTensor:
    """One row of integers times 2^-unit."""
    return ExactTensor(_objects(values).reshape(1, -1), unit, 1)


def _objects(values: FloatArray) -> np.ndarray[tuple[int, ...], np.dtype[np.object_]]:
    found = np.empty(values.shape, dtype=object)
    found.ravel()[:] = [int(value) for value in values.ravel()]
    return found


def _rows(values: FloatArray, exponents: Exponents, scale: int) -> ExactTensor:
    """Rows of integers, each times its power of two, over an odd scale."""
    least = min(0, int(exponents.min()))
    shifts = (exponents - least).astype(object).reshape(-1, 1)
    return ExactTensor(_objects(values) << shifts, -least, scale)


@dataclass(frozen=True, slots=True)
class _Review:
    """One box of a run, being derived again."""

    layers: Sequence[ChainLayer]
    run: Run
    row: int
    scale: int
    state: Propagation

    def form(self, index: int, rounding: str, substitution: str) -> int:
        """A form of a layer's value in the input, with the coefficients that the run chose."""
        state, layers = self.state, self.layers
        form = state.apply("start_form", layers[index].value, {})
        for reached in range(index, -1, -1):
            node = layers[reached].previous
            form = self._affine(form)
            chosen = {"k": self._floors(index, reached, upper=rounding == "ceiling_upper")}
            form = state.apply(rounding, node, {"form": form, "operand": state.boxes[node]}, chosen)
            if reached > 0:
                upper, lower = state.lines[node]
                if index == len(layers) - 1:
                    lower = self._last(node, reached - 1)
                lines = {"form": form, "upper": upper, "lower": lower}
                form = state.apply(substitution, node, lines)
        return form

    def _last(self, node: str, index: int) -> int:
        """The lines below a ReLU with the slopes that the target's rows took, a row each."""
        slopes = self.run.last[index][self.row]
        chosen = {"s": ExactTensor(_objects(slopes), SLOPE_BITS, 1)}
        return self.state.apply("relu_lower", node, {}, chosen)

    def _affine(self, form: int) -> int:
        """The form with every affine node replaced, the last first."""
        affine = self.state.replay.prepared.affine
        nodes = self.state.replay.prepared.nodes
        while found := [
            n for n in nodes if n in affine and n in self.state.form(form).coefficients
        ]:
            form = self.state.apply("substitute_affine", found[-1], {"form": form})
        return form

    def _floors(self, index: int, reached: int, *, upper: bool) -> ExactTensor:
        values, exponents = self.run.floors[index, reached]
        row = min(self.row, values.shape[0] - 1)
        if index == len(self.layers) - 1:
            return _rows(values[row], exponents[row], self.scale)
        half = values.shape[1] // 2
        rows = slice(half, None) if upper else slice(half)
        found = _rows(values[row, rows], exponents[row, rows], 1)
        return -found if upper else found

    def box(self, value: str, below: int, above: int) -> Box:
        """The box of a layer's value between two forms."""
        source = self.layers[0].previous
        suppliers = {"below": below, "above": above, source: self.state.boxes[source]}
        index = self.state.boxes[value] = self.state.apply("concretise", value, suppliers)
        return self.state.replay.box(index)

    def relax(self, node: str, index: int) -> None:
        """The lines of a ReLU with the slopes that the run chose, and its interval."""
        lines, state = self.run.lines[index], self.state
        operand = {"operand": state.boxes[self.layers[index].value]}
        above = {"s": _integers(lines.upper[self.row], SLOPE_BITS)}
        below = {"s": _integers(lines.lower[self.row], SLOPE_BITS)}
        upper = state.apply("relu_upper", node, operand, above)
        lower = state.apply("relu_lower", node, {}, below)
        state.lines[node] = upper, lower
        state.boxes[node] = state.apply("relu_interval", node, operand)
