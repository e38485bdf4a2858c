"""Programs traced into the one shared graph: `compile` runs a program on tensors without values.

Invariant: the traced graph is well-formed, its nodes are the operators the program applied, in
order, and its constants are the numbers and weights the program used. A parameter keeps its name.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from refsem.ir.graph import Bits, Graph, GraphError, Node, check_wellformed, make_node
from refsem.ir.operators import Attributes, Op, Shape
from refsem.nn.errors import ContextError
from refsem.nn.numbers import whole
from refsem.nn.tensor import Tensor, refused, same_bits

Program: TypeAlias = Callable[..., Tensor | tuple[Tensor, ...]]
"""A module, or any function of tensors that applies operators to them."""


@dataclass(slots=True, eq=False, repr=False)
class Tracing:
    """The stage of tensors of a graph in the making."""

    nodes: dict[str, Node] = field(default_factory=dict)
    constants: dict[str, Bits] = field(default_factory=dict)

    def __repr__(self) -> str:
        return "a graph being traced"

    def constant(self, bits: Bits, name: str) -> Tensor:
        """A constant node; the one there is where a parameter is used again."""
        if name in self.constants and same_bits(self.constants[name], bits):
            return self._held(self.nodes[name])
        node = make_node(self._fresh(name or "number"), Op.CONSTANT, (), {"shape": bits.shape})
        self.constants[node.name] = bits
        return self._added(node)

    def apply(
        self, op: Op, operands: tuple[Tensor, ...], attributes: Attributes, name: str
    ) -> Tensor:
        """A node; `OperandError` where the operator does not apply."""
        sources = tuple(self.node(operand) for operand in operands)
        try:
            node = make_node(self._fresh(name or op.value), op, sources, attributes)
        except GraphError as error:
            raise refused(name or op.value, operands, error.message) from error
        return self._added(node)

    def source(self, name: str, shape: Shape) -> Tensor:
        """An input."""
        return self._added(make_node(self._fresh(name), Op.INPUT, (), {"shape": shape}))

    def node(self, value: Tensor) -> Node:
        """The node of a tensor of this graph; `ContextError` for another."""
        if not isinstance(value, Tensor) or value.stage is not self:
            raise ContextError("a tensor that is not of the graph being traced")
        if not isinstance(value.held, Node):
            raise TypeError("a traced tensor is a node")
        return value.held

    def _added(self, node: Node) -> Tensor:
        self.nodes[node.name] = node
        return self._held(node)

    def _held(self, node: Node) -> Tensor:
        return Tensor(self, node.shape, node)

    def _fresh(self, name: str) -> str:
        found, number = name, 1
        while found in self.nodes:
            number += 1
            found = f"{name}_{number}"
        return found


def compile(program: Program, *shapes: Shape) -> Graph:  # noqa: A001  as torch calls it
    """The graph of a program of inputs of these shapes, named x, or x0, x1, … where several.

    What `prepare`, propagation, `differentiate` and `graph_object` take. Errors are those of the
    program: it is run once. `ContextError` where its result is no tensor of the graph.
    """
    stage = Tracing()
    if not all(isinstance(shape, Sequence) for shape in shapes):
        raise ContextError("compile takes a program and the shape of each input, a tuple")
    names = ["x"] if len(shapes) == 1 else [f"x{place}" for place in range(len(shapes))]
    sources = [
        stage.source(name, tuple(map(whole, s))) for name, s in zip(names, shapes, strict=True)
    ]
    result = program(*sources)
    outputs = result if isinstance(result, tuple) else (result,)
    found = tuple(stage.node(output).name for output in outputs)
    inputs = tuple(stage.node(source).name for source in sources)
    graph = Graph(tuple(stage.nodes.values()), stage.constants, inputs, found)
    check_wellformed(graph)
    return graph
