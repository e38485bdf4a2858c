"""How a run of a graph by somebody else agrees with our readings of it: exactly, or how far off.

Two readings are held against each output: the exact value (to 2^-100 where it is irrational), and
the executions of the kernel, by expansion of composites and by each order of `ORDERS`. An
execution with the same numbers everywhere explains a result that is not exact. Where there is
none, how far the result is from the exact value is all that is known, in ulps of the greatest
entry of the tensor, or of 1 where all are smaller, since entries near 0 may be all cancellation.
−0 and +0 are the same number here; what is no number equals nothing.

Not here: how far a result may be off (`refsem.fuzz.graphs`). A distance far beyond what rounding
does says that the model was read wrongly, or that the run is wrong.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from gmpy2 import mpq

from refsem.exact import ExactTensor
from refsem.ir.composites import EXPANSIONS, expanded
from refsem.ir.evaluation import Prepared
from refsem.ir.execution import Execution, ExecutionError, Extrema, execute
from refsem.ir.graph import Graph
from refsem.ir.graph_enclosures import enclose_graph
from refsem.ir.operators import ROW
from refsem.ir.plans import Contraction, Fold, Reduction
from refsem.kernel.loops import Array
from refsem.kernel.orders import Products, Start, delivered_in, left_to_right, pairwise
from refsem.kernel.trees import FusedAdd, Term, Tree
from refsem.rounding import BINARY32, BINARY64, RISCV, Mode, exact_value, power_of_two

PRECISION, WIDTH = 160, power_of_two(-100)
INFINITY, MAGNITUDE = 0x7F800000, 0x7FFFFFFF


@dataclass(frozen=True, slots=True)
class Sum:
    """What an order is asked for: so many terms, whether products, and whether one is added."""

    terms: int
    products: bool
    addend: bool


def _chain(total: Sum) -> Tree:
    return left_to_right(total.terms, BINARY32, Start.ZERO, Products.ROUNDED)


def _fused(total: Sum) -> Tree:
    how = Products.FUSED if total.products else Products.ROUNDED
    return left_to_right(total.terms, BINARY32, Start.ZERO, how)


def _from_addend(total: Sum) -> Tree:
    if not total.products or not total.addend:
        return _fused(total)
    fused = (FusedAdd(index, index, BINARY32) for index in range(total.terms))
    return Tree(total.terms + 1, (Term(total.terms, BINARY32), *fused))


def _pairs(total: Sum) -> Tree:
    return pairwise(total.terms, 128, 8, BINARY32, Start.ZERO) if total.terms else _chain(total)


def _wide(total: Sum) -> Tree:
    wide = left_to_right(total.terms, BINARY64, Start.ZERO, Products.ROUNDED)
    return delivered_in(wide, BINARY32)


ORDERS: Mapping[str, Callable[[Sum], Tree]] = {
    "left to right": _chain,
    "left to right, fused": _fused,
    "left to right, fused, from the addend": _from_addend,
    "pairwise in eight lanes": _pairs,
    "in binary64": _wide,
}
"""The orders that are tried, the most plain first."""
ELEMENTWISE = "rounded once an operation"
"""The execution of a graph without sums and composites."""


@dataclass(frozen=True, slots=True)
class Agreement:
    """How many entries there are, are exact, and have the bits of each execution; and how far off.

    `executed` is by the name of the execution: an order, and the expansions where there are
    composites; executions that the kernel has not are left out. `ulps` is the greatest distance
    from the exact value, in ulps of the greatest entry of the tensor or of 1.
    """

    entries: int
    exact: int
    executed: Mapping[str, int]
    ulps: mpq

    def why(self) -> str:
        """What explains the result: "exact", the name of an execution, or "near"."""
        if self.exact == self.entries:
            return "exact"
        return next((name for name, n in self.executed.items() if n == self.entries), "near")


def together(agreements: Sequence[Agreement]) -> Agreement:
    """The agreement of several runs, of which an execution has to explain every one."""
    names = list(agreements[0].executed) if agreements else []
    executed = {
        name: sum(one.executed[name] for one in agreements)
        for name in names
        if all(name in one.executed for one in agreements)
    }
    entries = sum(one.entries for one in agreements)
    exact = sum(one.exact for one in agreements)
    return Agreement(
        entries, exact, executed, max((one.ulps for one in agreements), default=mpq(0))
    )


class NotWrittenDownError(ValueError):
    """An exact value that is not known well enough to compare with; `tensor` names it."""

    def __init__(self, tensor: str) -> None:
        super().__init__(f"tensor {tensor!r} is not enclosed within 2^-100")
        self.tensor = tensor


def agreement(
    prepared: Prepared,
    inputs: Mapping[str, Array],
    answers: Mapping[str, Array],
    orders: Mapping[str, Callable[[Sum], Tree]],
) -> Agreement:
    """How float32 answers agree with our readings at these float32 inputs, outputs together.

    `orders` are those to execute the graph in: `ORDERS`, or fewer.

    Raises `NotEnclosedError` where there is no exact value, `NotWrittenDownError` where it is not
    known well enough, and `ValueError` naming an output of another shape or type.
    """
    graph = prepared.graph
    shapes = {node.name: node.shape for node in graph.nodes}
    for name in graph.outputs:
        got = answers[name]
        if got.shape != shapes[name] or got.dtype != np.float32:
            message = f"tensor {name!r} is {got.dtype} {list(got.shape)}, not {list(shapes[name])}"
            raise ValueError(message)
    bits = {name: value.view(np.uint32) for name, value in inputs.items()}
    rows = {
        name: ExactTensor.from_binary32(value).reshape(1, value.size)
        for name, value in bits.items()
    }
    ends = enclose_graph(prepared, {name: (row, row) for name, row in rows.items()}, PRECISION)
    executions = _executions(prepared.graph, bits, orders)
    found = []
    for name in graph.outputs:
        got = np.asarray(answers[name], np.float32).view(np.uint32).reshape(-1)
        executed = {
            order: int(_same(got, run[name].reshape(-1)).sum()) for order, run in executions.items()
        }
        exact, ulps = _distance(name, got, *(end.rationals() for end in ends[name]))
        found.append(Agreement(got.size, exact, executed, ulps))
    return together(found)


def _same(found: Array, other: Array) -> Array:
    """Where two arrays of patterns hold the same number."""
    zeros = (found & MAGNITUDE == 0) & (other & MAGNITUDE == 0)
    return np.asarray(((found == other) & (found & MAGNITUDE <= INFINITY)) | zeros)


def _distance(name: str, found: Array, lower: list[mpq], upper: list[mpq]) -> tuple[int, mpq]:
    """How many entries are the exact value, and the greatest distance from it in ulps."""
    greatest = max((abs(value) for value in upper), default=mpq(0))
    greatest = max(greatest, mpq(1))
    exact, worst = 0, mpq(0)
    for bits, low, high in zip(found.tolist(), lower, upper, strict=True):
        if high - low > WIDTH:
            raise NotWrittenDownError(name)
        if bits & MAGNITUDE >= INFINITY:
            raise ValueError(f"tensor {name!r} has an entry that is no finite number")
        value = exact_value(BINARY32, bits)
        exact += low <= value <= high
        worst = max(worst, low - value, value - high)
    return exact, worst / _ulp(greatest)


def _ulp(magnitude: mpq) -> mpq:
    """The distance of binary32 numbers at this magnitude, of 1 at least."""
    return power_of_two((magnitude.numerator // magnitude.denominator).bit_length() - 24)


def _executions(
    graph: Graph, inputs: Mapping[str, Array], named: Mapping[str, Callable[[Sum], Tree]]
) -> dict[str, Mapping[str, Array]]:
    """The bits of every tensor, by expansions and order, where the kernel executes the graph."""
    composites = sorted({node.op for node in graph.nodes if node.op in EXPANSIONS}, key=str)
    found: dict[str, Mapping[str, Array]] = {}
    for choice in product(*([one.name for one in EXPANSIONS[op]] for op in composites)):
        plain = expanded(graph, dict(zip(composites, choice, strict=True)))
        totals = sums_of(plain)
        tried: list[dict[str, Tree]] = []
        for name, order in named.items():
            orders = {tensor: order(total) for tensor, total in totals.items()}
            if orders in tried:
                continue
            tried.append(orders)
            execution = Execution(Mode.RNE, RISCV, Extrema.PROPAGATING, orders)
            try:
                bits = execute(plain, execution, inputs).bits
            except ExecutionError:
                return {}
            found[", ".join((*choice, name) if totals else choice or (ELEMENTWISE,))] = bits
    return found


def sums_of(graph: Graph) -> dict[str, Sum]:
    """What every sum of a graph adds up, by its tensor."""
    shapes = {node.name: node.shape for node in graph.nodes}
    found: dict[str, Sum] = {}
    for node in graph.nodes:
        rule = ROW[node.op].plan
        if rule is None:
            continue
        plan = rule(tuple(shapes[name] for name in node.operands), dict(node.attributes))
        scaled = any(summand.factor != 1 for summand in plan)
        match plan[0].form:
            case Contraction(left=left):
                found[node.name] = Sum(int(left.shape[-1]), True, len(plan) > 1 and not scaled)
            case Reduction(index=index, fold=Fold.SUM | Fold.MEAN):
                found[node.name] = Sum(int(index.shape[-1]), False, False)
            case _:
                pass
    return found
