"""A chain of exact affine layers and ReLUs as a prepared graph: weights may be any rationals."""

from dataclasses import dataclass

from refsem.exact import ExactTensor
from refsem.ir.evaluation import Prepared, prepare_exactly
from refsem.ir.graph import Graph, Node, make_node
from refsem.ir.operators import Op

SOURCE = "x"


@dataclass(frozen=True, slots=True, eq=False)
class Affine:
    """weight · x + bias; the weight has shape (outputs, inputs), the bias (1, outputs)."""

    weight: ExactTensor
    bias: ExactTensor


@dataclass(frozen=True, slots=True)
class Rectified:
    """max(x, 0), entry by entry."""


Layer = Affine | Rectified


def chain(inputs: int, layers: tuple[Layer, ...]) -> tuple[Prepared, tuple[str, ...]]:
    """The prepared chain, and the tensor each layer defines; lengths must agree."""
    nodes = [make_node(SOURCE, Op.INPUT, (), {"shape": (inputs,)})]
    constants: dict[str, ExactTensor] = {}
    last, tensors = nodes[0], []

    def constant(name: str, value: ExactTensor, shape: tuple[int, ...]) -> Node:
        constants[name] = value.reshape(1, -1)
        nodes.append(make_node(name, Op.CONSTANT, (), {"shape": shape}))
        return nodes[-1]

    for index, layer in enumerate(layers):
        name = f"layer_{index}"
        if isinstance(layer, Rectified):
            last = make_node(name, Op.RELU, (last,), {})
        else:
            outputs, width = layer.weight.shape
            weight = layer.weight.transpose((1, 0))
            factor = constant(f"{name}_weight", weight, (width, outputs))
            bias = constant(f"{name}_bias", layer.bias, (outputs,))
            nodes.append(make_node(f"{name}_product", Op.MATMUL, (last, factor), {}))
            last = make_node(name, Op.ADD, (nodes[-1], bias), {})
        nodes.append(last)
        tensors.append(name)
    graph = Graph(tuple(nodes), {}, (SOURCE,), (last.name,))
    return prepare_exactly(graph, constants), tuple(tensors)
