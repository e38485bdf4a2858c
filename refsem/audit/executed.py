"""What the network predicts as executed in binary32, beside what it predicts in the reals.

No verdict rests on this: a claim of robustness is about the network over the reals, and an
execution is one of many that hardware may choose. Stated here and in the report: every operation
rounded to nearest, every sum from +0 from the left, nothing fused; the input's numbers are rounded
to binary32 first, to nearest, so that the point executed may be another than the one stated.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from gmpy2 import mpq

from refsem.ir.composites import expanded
from refsem.ir.execution import Execution, ExecutionError, Extrema, execute, in_order
from refsem.ir.graph import Graph
from refsem.kernel.orders import Products, Start, left_to_right
from refsem.kernel.trees import Tree
from refsem.rounding import BINARY32, RISCV, Finite, Mode, decode, round_to_binary32

STATED = "to nearest, sums from the left, nothing fused, inputs rounded to binary32"
"""How the network is executed, in words."""


@dataclass(frozen=True, slots=True, eq=False)
class Executor:
    """A graph of one input and one output ready to be executed, or why it is not."""

    graph: Graph
    execution: Execution | None
    refusal: str

    @classmethod
    def of(cls, graph: Graph) -> "Executor":
        """The executor of a graph, its composites as they are stated first."""
        whole = expanded(graph, {})
        try:
            orders = in_order(whole, _from_the_left)
        except ExecutionError as error:
            return cls(whole, None, str(error))
        how = Execution(Mode.RNE, RISCV, Extrema.PROPAGATING, orders)
        return cls(whole, how, "")

    def outputs(self, point: Iterable[mpq]) -> tuple[mpq | None, ...] | str:
        """The outputs at a point, None for each that is not finite; or why there are none."""
        if self.execution is None:
            return self.refusal
        (source,), (sink,) = self.graph.inputs, self.graph.outputs
        bits = np.array([round_to_binary32(Mode.RNE, value, 0) for value in point], np.uint32)
        shaped = bits.reshape(self.graph.node(source).shape)
        try:
            found = execute(self.graph, self.execution, {source: shaped}).bits[sink]
        except ExecutionError as error:
            return str(error)
        return tuple(_finite(int(pattern)) for pattern in found.ravel())


def _from_the_left(terms: int) -> Tree:
    return left_to_right(terms, BINARY32, Start.ZERO, Products.ROUNDED)


def _finite(pattern: int) -> mpq | None:
    decoded = decode(BINARY32, pattern)
    return decoded.value if isinstance(decoded, Finite) else None
