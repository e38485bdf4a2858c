"""Each invariant of a graph, broken once: refused, and the right tensor named."""

from collections.abc import Callable, Mapping
from dataclasses import FrozenInstanceError, replace
from typing import Any

import numpy as np
import pytest
from gmpy2 import mpq

from refsem.ir import Graph, GraphError, Node, Op
from refsem.ir.graph import check_wellformed, make_node
from refsem.ir.operators import ROW

ONE = 0x3F800000


def good() -> Graph:
    """y = relu(x · w + b), reshaped to a list."""
    source = make_node("x", Op.INPUT, (), {"shape": (1, 2)})
    weight = make_node("w", Op.CONSTANT, (), {"shape": (2, 3)})
    bias = make_node("b", Op.CONSTANT, (), {"shape": (3,)})
    attributes = {"alpha": mpq(1), "beta": mpq(2), "transA": 0, "transB": 0}
    affine = make_node("a", Op.GEMM, (source, weight, bias), attributes)
    active = make_node("r", Op.RELU, (affine,), {})
    result = make_node("y", Op.RESHAPE, (active,), {"shape": (3,)})
    constants = {"w": np.full((2, 3), ONE, np.uint32), "b": np.full((3,), ONE, np.uint32)}
    return Graph((source, weight, bias, affine, active, result), constants, ("x",), ("y",))


def changed(name: str, **fields: Any) -> Callable[[Graph], Graph]:  # noqa: ANN401
    def change(graph: Graph) -> Graph:
        nodes = [replace(node, **fields) if node.name == name else node for node in graph.nodes]
        return replace(graph, nodes=tuple(nodes))

    return change


def swapped(first: int, second: int) -> Callable[[Graph], Graph]:
    def change(graph: Graph) -> Graph:
        nodes = list(graph.nodes)
        nodes[first], nodes[second] = nodes[second], nodes[first]
        return replace(graph, nodes=tuple(nodes))

    return change


def with_bits(name: str, bits: object) -> Callable[[Graph], Graph]:
    return lambda graph: replace(graph, constants={**graph.constants, name: bits})


def without_bits(name: str) -> Callable[[Graph], Graph]:
    return lambda graph: replace(
        graph, constants={key: bits for key, bits in graph.constants.items() if key != name}
    )


def spoilt_entry(pattern: int) -> Callable[[Graph], Graph]:
    bits = np.full((2, 3), ONE, np.uint32)
    bits[1, 2] = pattern
    return with_bits("w", bits)


def second_input(graph: Graph) -> Graph:
    extra = make_node("z", Op.INPUT, (), {"shape": (1,)})
    return replace(graph, nodes=(*graph.nodes, extra), inputs=("z", "x"))


GEMM = good().node("a").attributes

BREACHES: Mapping[str, tuple[Callable[[Graph], Graph], str, str]] = {
    "defined twice": (
        lambda graph: replace(graph, nodes=(*graph.nodes, graph.nodes[0])),
        "x",
        "defined twice",
    ),
    "used before it is defined": (
        swapped(3, 4),
        "r",
        "operand 'a' is not defined before it",
    ),
    "never defined": (
        changed("r", operands=("gone",)),
        "r",
        "operand 'gone' is not defined before it",
    ),
    "uses itself": (
        changed("r", operands=("r",)),
        "r",
        "operand 'r' is not defined before it",
    ),
    "too few operands": (
        changed("a", operands=("x", "w")),
        "a",
        "gemm takes 3 operands, not 2",
    ),
    "too many operands": (
        changed("r", operands=("a", "a")),
        "r",
        "relu takes 1 operands, not 2",
    ),
    "an attribute missing": (
        changed("y", attributes=()),
        "y",
        "reshape has attributes ['shape'], not []",
    ),
    "an attribute too many": (
        changed("r", attributes=(("slope", 1),)),
        "r",
        "relu has attributes [], not ['slope']",
    ),
    "attributes out of order": (
        changed("a", attributes=GEMM[::-1]),
        "a",
        "attributes are not in the order of the catalogue",
    ),
    "an attribute of the wrong kind": (
        changed("a", attributes=(("alpha", (1,)), *GEMM[1:])),
        "a",
        "gemm: alpha is (1,), a number expected",
    ),
    "another shape": (
        changed("r", shape=(3, 1)),
        "r",
        "shape [3, 1] stated, [1, 3] meant",
    ),
    "another input shape": (
        changed("x", shape=(2, 1)),
        "x",
        "shape [2, 1] stated, [1, 2] meant",
    ),
    "a negative length": (
        changed("x", shape=(-1, 2), attributes=(("shape", (-1, 2)),)),
        "x",
        "[-1, 2] is not a shape: a length is negative",
    ),
    "an operator that does not apply": (
        changed("y", attributes=(("shape", (4,)),)),
        "y",
        "[1, 3] cannot be reshaped to [4]",
    ),
    "another operator": (
        changed("r", op=Op.TRANSPOSE),
        "r",
        "transpose has attributes ['axes'], not []",
    ),
    "an input not listed": (
        lambda graph: replace(graph, inputs=()),
        "",
        "inputs [] listed, ['x'] defined",
    ),
    "an input not defined": (
        lambda graph: replace(graph, inputs=("x", "z")),
        "",
        "inputs ['x', 'z'] listed, ['x'] defined",
    ),
    "inputs in another order": (
        second_input,
        "",
        "inputs ['z', 'x'] listed, ['x', 'z'] defined",
    ),
    "no output": (
        lambda graph: replace(graph, outputs=()),
        "",
        "a graph has at least one input and one output",
    ),
    "no input": (
        lambda graph: replace(graph, nodes=graph.nodes[1:3], inputs=(), outputs=("w",)),
        "",
        "a graph has at least one input and one output",
    ),
    "an output not defined": (
        lambda graph: replace(graph, outputs=("y", "gone")),
        "gone",
        "is an output but is not defined",
    ),
    "a constant without bits": (
        without_bits("w"),
        "",
        "constants without bits: ['w']",
    ),
    "bits without a constant": (
        with_bits("r", np.zeros((1, 3), np.uint32)),
        "",
        "constants without bits: ['r']",
    ),
    "bits of another type": (
        with_bits("b", np.zeros(3, np.float32)),
        "b",
        "bits of type float32 and shape [3], uint32 [3] expected",
    ),
    "bits of another shape": (
        with_bits("b", np.zeros((3, 1), np.uint32)),
        "b",
        "bits of type uint32 and shape [3, 1], uint32 [3] expected",
    ),
    "an infinite weight": (
        spoilt_entry(0xFF800000),
        "w",
        "entry [1, 2] is not finite (bits ff800000)",
    ),
    "a NaN weight": (
        spoilt_entry(0x7F800001),
        "w",
        "entry [1, 2] is not finite (bits 7f800001)",
    ),
}


def test_the_graph_that_is_broken_is_good() -> None:
    check_wellformed(good())


@pytest.mark.parametrize("name", BREACHES)
def test_breaches(name: str) -> None:
    change, node, message = BREACHES[name]
    with pytest.raises(GraphError) as caught:
        check_wellformed(change(good()))
    assert (caught.value.node, caught.value.message) == (node, message)
    assert str(caught.value) == f"tensor {node!r}: {message}"


def test_looking_up() -> None:
    graph = good()
    assert graph.node("a") is graph.nodes[3]
    assert graph.by_name() == {node.name: node for node in graph.nodes}
    assert graph.node("w").size == 6
    assert graph.node("a").attribute("beta") == 2
    with pytest.raises(KeyError):
        graph.node("gone")
    with pytest.raises(KeyError):
        graph.node("a").attribute("gamma")


def test_a_node_is_made_with_its_attributes_in_order() -> None:
    source = make_node("x", Op.INPUT, (), {"shape": (1, 2)})
    weight = make_node("w", Op.CONSTANT, (), {"shape": (2, 3)})
    backwards = dict(reversed(GEMM))
    node = make_node(
        "a", Op.GEMM, (source, weight, make_node("b", Op.CONSTANT, (), {"shape": ()})), backwards
    )
    assert [name for name, _ in node.attributes] == list(ROW[Op.GEMM].attributes)
    assert isinstance(node, Node)


def test_graphs_and_nodes_are_immutable() -> None:
    graph = good()
    for thing, name in ((graph, "nodes"), (graph.nodes[0], "name")):
        with pytest.raises(FrozenInstanceError):
            setattr(thing, name, "other")
