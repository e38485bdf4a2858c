"""A statement: the graph that a property file speaks of, and what it says of it."""

from dataclasses import dataclass

from gmpy2 import mpq

from refsem.ir.graph import Graph
from refsem.properties.property import Property


@dataclass(frozen=True, slots=True)
class LabelledPoint:
    """An input that some cases of a property are about, and the output that should be greatest."""

    number: int
    label: int
    values: tuple[mpq, ...]
    cases: range
    """The numbers of its cases; each is one constraint: the label's output is at most another's."""


@dataclass(frozen=True, slots=True)
class BoundedOutput:
    """An output whose absolute value is claimed to be bounded over the region of a case."""

    name: str
    output: int
    case: int
    """One of its two cases: the output is above its bound, or below the negative of it."""
    bound: mpq


@dataclass(frozen=True, slots=True, eq=False)
class Statement:
    """A graph of one input and one output or several, and a property of its entries in order.

    `graph` is the model or made from it; `cases` names the property's cases, one each, by what
    holds if the case is empty: a point of it is a counterexample to that. `rests_on` says what the
    claim assumes that nothing here establishes, a line each, for the report. `points` are the
    labelled inputs that a claim of robustness is about, `bounded` the outputs that one of residuals
    is about; other kinds have none.
    """

    graph: Graph
    property: Property
    cases: tuple[str, ...]
    rests_on: tuple[str, ...]
    points: tuple[LabelledPoint, ...] = ()
    bounded: tuple[BoundedOutput, ...] = ()
