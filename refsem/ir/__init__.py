"""The intermediate representation: terms, the operator catalogue, graphs and their readers."""

from refsem.ir.graph import Graph, GraphError, Node
from refsem.ir.loading import load_model
from refsem.ir.operators import Op

__all__ = ["Graph", "GraphError", "Node", "Op", "load_model"]
