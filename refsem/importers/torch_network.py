"""A graph as a torch module, and its tensors' values, for verifiers that bound torch modules.

One torch call a node, as a person would write the network; a product with a constant matrix and
the constant added to it are one `linear`, so that the product alone is no tensor of the module.
What has no call here is refused by name, as are layouts other than channels first and padding that
differs between the two ends of an axis.

Not here: any claim. A module that computed something else would make its verifier look wrong;
the tests hold its values against the graph's.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from refsem.errors import InputError
from refsem.ir.graph import Graph, Node
from refsem.ir.operators import Op
from refsem.ir.shapes import integers

Call = Callable[[Any, Node, list[Any]], Any]
"""torch, the node and its operands' tensors to the node's tensor."""

_NAMES = {
    **{op: op.value for op in (Op.ADD, Op.SUB, Op.MUL, Op.DIV, Op.NEG, Op.ABS, Op.EXP, Op.LOG)},
    **{op: op.value for op in (Op.SIN, Op.COS, Op.SQRT, Op.RELU, Op.TANH, Op.SIGMOID)},
    **{op: op.value for op in (Op.SQUARE, Op.MATMUL, Op.RECIPROCAL)},
    Op.MAX: "maximum",
    Op.MIN: "minimum",
}
"""Operators that are a torch function of their operands."""


def _named(name: str) -> Call:
    return lambda torch, _, x: getattr(torch, name)(*x)


def _windows(node: Node) -> tuple[dict[str, Any], str]:
    """Stride, padding and dilation as torch names them, and the suffix of its functions."""
    pads = integers(node.attribute("pads"))
    half = len(pads) // 2
    if node.attribute("layout") != "NCHW" or pads[:half] != pads[half:] or not 1 <= half <= 2:
        raise InputError("", f"tensor {node.name!r}", "no such windows in the torch module")
    said = {
        "stride": integers(node.attribute("strides")),
        "padding": pads[:half],
        "dilation": integers(node.attribute("dilations")),
    }
    return said, f"{half}d"


def _convolution(torch: Any, node: Node, x: list[Any]) -> Any:  # noqa: ANN401
    said, suffix = _windows(node)
    run = getattr(torch.nn.functional, f"conv{suffix}")
    return run(*x, groups=node.attribute("groups"), **said)


def _pool(torch: Any, node: Node, x: list[Any]) -> Any:  # noqa: ANN401
    said, suffix = _windows(node)
    if node.attribute("ceil"):
        raise InputError("", f"tensor {node.name!r}", "no such windows in the torch module")
    run = getattr(torch.nn.functional, f"max_pool{suffix}")
    return run(x[0], integers(node.attribute("kernel")), **said)


def _gemm(torch: Any, node: Node, x: list[Any]) -> Any:  # noqa: ANN401
    if node.attribute("alpha") != 1 or node.attribute("beta") != 1 or node.attribute("transA"):
        raise InputError("", f"tensor {node.name!r}", "only x·W + b is a linear layer")
    weight = x[1] if node.attribute("transB") else x[1].T
    bias = x[2] if x[2].dim() == 1 else x[2].reshape(-1)
    return torch.nn.functional.linear(x[0], weight, bias.expand(weight.shape[0]))


_CALLS: Mapping[Op, Call] = {
    **{op: _named(name) for op, name in _NAMES.items()},
    Op.IDENTITY: lambda _, __, x: x[0],
    Op.RESHAPE: lambda _, node, x: x[0].reshape(node.shape),
    Op.TRANSPOSE: lambda _, node, x: x[0].permute(integers(node.attribute("axes"))),
    Op.CONCAT: lambda torch, node, x: torch.cat(x, node.attribute("axis")),
    Op.LEAKY_RELU: lambda torch, node, x: torch.nn.functional.leaky_relu(
        x[0], float(Fraction(str(node.attribute("alpha"))))
    ),
    Op.GEMM: _gemm,
    Op.CONV: _convolution,
    Op.MAX_POOL: _pool,
}


@dataclass(frozen=True, slots=True, eq=False)
class Network:
    """A graph in torch: the constants as tensors, and a call for each tensor, in order."""

    torch: Any
    source: str
    sink: str
    constants: Mapping[str, Any]
    steps: tuple[tuple[Node, tuple[str, ...], Call], ...]

    def tensors(self, source: Any) -> dict[str, Any]:  # noqa: ANN401
        """Every tensor of the module at an input; constants are none."""
        known = {self.source: source}
        for node, operands, call in self.steps:
            given = [known[x] if x in known else self.constants[x] for x in operands]
            known[node.name] = call(self.torch, node, given)
        return known

    def module(self) -> Any:  # noqa: ANN401  a torch.nn.Module
        """The network as a module of one input and one output."""
        network = self

        class Module(self.torch.nn.Module):  # type: ignore[misc,name-defined]
            def forward(self, x: Any) -> Any:  # noqa: ANN401
                return network.tensors(x)[network.sink]

        return Module()


def torch_network(torch: Any, graph: Graph, floats: str) -> Network:  # noqa: ANN401
    """The graph in torch; `InputError` for what has no call, and for several inputs or outputs."""
    if len(graph.inputs) != 1 or len(graph.outputs) != 1:
        raise InputError("", "", "a network of one input and one output is expected")
    kind = getattr(torch, floats)
    constants = {
        name: torch.from_numpy(np.ascontiguousarray(bits).view(np.float32).copy()).to(kind)
        for name, bits in graph.constants.items()
    }
    nodes = graph.by_name()
    inside = {}
    for node in graph.nodes:
        if (product := _biased(graph, nodes, node)) is not None:
            inside[product] = node.name
    steps: list[tuple[Node, tuple[str, ...], Call]] = []
    for node in graph.nodes:
        if node.op in {Op.INPUT, Op.CONSTANT} or node.name in inside:
            continue
        if (product := _biased(graph, nodes, node)) is not None:
            bias = next(name for name in node.operands if name != product)
            steps.append((node, (*nodes[product].operands, bias), _linear))
        elif node.op in _CALLS:
            steps.append((node, node.operands, _CALLS[node.op]))
        else:
            message = f"{node.op.value} is not imported; there are {_listed()}"
            raise InputError("", f"tensor {node.name!r}", message)
    return Network(torch, graph.inputs[0], graph.outputs[0], constants, tuple(steps))


def _linear(torch: Any, _: Node, x: list[Any]) -> Any:  # noqa: ANN401
    return torch.nn.functional.linear(x[0], x[1].T, x[2])


def _biased(graph: Graph, nodes: Mapping[str, Node], node: Node) -> str | None:
    """The product with a constant matrix to which this node adds a constant row, and only it."""
    if node.op is not Op.ADD:
        return None
    for product, bias in (node.operands, node.operands[::-1]):
        made = nodes[product]
        if bias not in graph.constants or made.op is not Op.MATMUL:
            continue
        uses = sum(other.operands.count(product) for other in graph.nodes)
        left, right = made.operands
        matrix = right in graph.constants and len(nodes[right].shape) == 2
        if (
            matrix
            and left not in graph.constants
            and uses == 1
            and product not in graph.outputs
            and nodes[bias].shape == nodes[right].shape[1:]
        ):
            return product
    return None


def _listed() -> str:
    return ", ".join(sorted(op.value for op in _CALLS))
