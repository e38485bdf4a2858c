"""A graph as certificates number it: entry i of a file is about the i-th of these tensors.

For a `torchlean.ir.v1` file these are its nodes, in its order. For any other model they are the
tensors that depend on the input, in the order of `refsem show`.
"""

from dataclasses import dataclass
from pathlib import Path

from refsem.errors import InputError
from refsem.exact import ExactTensor
from refsem.ir import Graph, load_model
from refsem.ir.evaluation import Prepared, prepare
from refsem.ir.graph_file import is_graph_file
from refsem.ir.joining import joined
from refsem.ir.torchlean_reader import read_torchlean
from refsem.rules.propagation import NoRuleError, Propagation, check_covered
from refsem.untrusted.strict_json import read_json


@dataclass(frozen=True, slots=True, eq=False)
class NodeGraph:
    """A prepared graph and the tensor of each numbered node."""

    prepared: Prepared
    tensors: tuple[str, ...]

    def size(self, node: int) -> int:
        """How many entries the node's tensor has."""
        name = self.tensors[node]
        if name in self.prepared.constants:
            return self.prepared.constants[name].size
        return self.prepared.nodes[name].size

    def operator(self, node: int) -> str:
        """The tag of the operator that defines the node's tensor, which may be an inner one."""
        stated = self.prepared.graph.by_name()
        name = self.tensors[node]
        return (stated[name] if name in stated else self.prepared.nodes[name]).op.value

    def label(self, node: int) -> str:
        """The node in words, for messages."""
        return f"node {node} ({self.operator(node)})"

    def ends(self, state: Propagation, node: int) -> tuple[ExactTensor, ExactTensor]:
        """The established ends of the node's box, each of shape (1, size)."""
        name = self.tensors[node]
        if name in self.prepared.constants:
            return self.prepared.constants[name], self.prepared.constants[name]
        box = state.replay.box(state.boxes[name])
        return box.lower, box.upper


def load_node_graph(path: Path) -> NodeGraph:
    """The graph of a model file with its nodes numbered.

    `InputError` where it has none, and for a model that has not one input.
    """
    tensors: tuple[str, ...] | None = None
    if path.name.lower().endswith(".json") and not is_graph_file(read_json(path)):
        read = read_torchlean(path)
        graph, tensors = read.graph, read.tensors
    else:
        graph = load_model(path)
    if len(graph.inputs) != 1:
        message = f"{len(graph.inputs)} inputs; certificates by nodes are of models of one"
        raise InputError(str(path), "", message)
    prepared = _covered(graph, path)
    return NodeGraph(prepared, tuple(prepared.nodes) if tensors is None else tensors)


def load_covered(path: Path) -> Prepared:
    """The prepared graph of a model file every operator of which has a bound rule.

    Several inputs or outputs are joined. `InputError` naming the tensor where one has no rule.
    """
    return _covered(joined(load_model(path)), path)


def _covered(graph: Graph, path: Path) -> Prepared:
    prepared = prepare(graph)
    try:
        check_covered(prepared)
    except NoRuleError as error:
        raise InputError(str(path), error.node, str(error)) from error
    return prepared
