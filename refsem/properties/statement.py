"""A statement: the graph that a property file speaks of, and what it says of it."""

from dataclasses import dataclass

from refsem.ir.graph import Graph
from refsem.properties.property import Property


@dataclass(frozen=True, slots=True, eq=False)
class Statement:
    """A graph of one input and one output or several, and a property of its entries in order.

    `graph` is the model or made from it; `cases` names the property's cases, one each; `rests_on`
    says what the claim assumes that nothing here establishes, a line each, for the report.
    """

    graph: Graph
    property: Property
    cases: tuple[str, ...]
    rests_on: tuple[str, ...]
