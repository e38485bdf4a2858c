"""Preprocessing as a stated prefix of a graph: what is done to an input before the network sees it.

    {"format": "refsem.preprocessing.v1", "model_sha256": "…",
     "steps": [{"subtract": ["b32:3ef851ec", …], "axis": "1"}, {"divide": ["0.25"]},
               {"clip": ["0", "1"]}]}

Steps are done in order, over the reals: `add`, `subtract`, `multiply` and `divide` by one number,
by one an entry (row-major), or, with `axis`, by one for each place along it; `clip` between two.
Every number is a binary32 value, as constants of a network are; one that is not is refused, with
the nearest that is. The file names the model it belongs to by its hash.

Invariant: the graph that comes out has the tensors of the one that went in, of the same shapes;
the tensor that was the input is the last of the prefix, and a new input stands before it.
"""

from math import prod
from pathlib import Path

import numpy as np
from gmpy2 import mpq

from refsem.ir.graph import Bits, Graph, Node, make_node
from refsem.ir.operators import Op
from refsem.rounding import BINARY32, Infinite, Mode, exact_value, round_to_binary32
from refsem.untrusted.numbers import read_number
from refsem.untrusted.strict_json import Value, read_json

FORMAT = "refsem.preprocessing.v1"
RAW = "raw input"
"""The name of the new input, primed where it is taken."""

_STEPS = {"add": Op.ADD, "subtract": Op.SUB, "multiply": Op.MUL, "divide": Op.DIV}


def preprocessed(graph: Graph, path: Path, model_sha256: str) -> Graph:
    """The graph with the prefix that a file states; `InputError` for whatever is not right."""
    root = read_json(path)
    members = root.members(("format", "model_sha256", "steps"), ())
    if members["format"].text() != FORMAT:
        raise members["format"].error(f"{members['format'].text()!r}; expected {FORMAT!r}")
    if members["model_sha256"].text() != model_sha256:
        raise members["model_sha256"].error(f"is of another model; this one's is {model_sha256}")
    if len(graph.inputs) != 1:
        raise root.error("a network of several inputs has no preprocessing yet")
    steps = members["steps"].items()
    if not steps:
        raise members["steps"].error("no steps")
    return _prefixed(graph, steps)


def _prefixed(graph: Graph, steps: list[Value]) -> Graph:
    taken = set(graph.by_name())
    source = graph.node(graph.inputs[0])
    last = make_node(_free(RAW, taken), Op.INPUT, (), {"shape": source.shape})
    raw, prefix = last, [last]
    constants: dict[str, Bits] = dict(graph.constants)
    for number, step in enumerate(steps, 1):
        name = source.name if number == len(steps) else _free(f"{RAW} {number}", taken)
        for node, bits in _step(step, last, name, _free(f"{RAW} {number} constant", taken)):
            prefix.append(node)
            if bits is not None:
                constants[node.name] = bits
        last = prefix[-1]
    nodes = (node for node in graph.nodes if node is not source)
    return Graph((*prefix, *nodes), constants, (raw.name,), graph.outputs, graph.remarks)


def _step(step: Value, operand: Node, name: str, constant: str) -> list[tuple[Node, Bits | None]]:
    """The nodes of one step, in order, a constant with its bits."""
    kinds = [kind for kind in (*_STEPS, "clip") if step.has(kind)]
    if len(kinds) != 1:
        raise step.error(f"expected one of {', '.join((*_STEPS, 'clip'))}")
    (kind,) = kinds
    if kind == "clip":
        return [(_clip(step, operand, name), None)]
    members = step.members((kind,), ("axis",))
    bits = np.array([_bits(item) for item in members[kind].items()], np.uint32)
    if kind == "divide" and (bits << 1 == 0).any():
        raise members[kind].error("a division by zero")
    shaped = bits.reshape(_shape(step, members, len(bits), operand))
    node = make_node(constant, Op.CONSTANT, (), {"shape": shaped.shape})
    return [(node, shaped), (make_node(name, _STEPS[kind], (operand, node), {}), None)]


def _clip(step: Value, operand: Node, name: str) -> Node:
    place = step.members(("clip",), ())["clip"]
    ends = [exact_value(BINARY32, _bits(item)) for item in place.items()]
    if len(ends) != 2 or ends[0] > ends[1]:
        raise place.error("expected two numbers, the lesser first")
    return make_node(name, Op.CLIP, (operand,), {"low": ends[0], "high": ends[1]})


def _shape(step: Value, members: dict[str, Value], count: int, operand: Node) -> tuple[int, ...]:
    """The shape in which so many numbers meet the operand."""
    rank = len(operand.shape)
    if "axis" in members:
        text = members["axis"].text()
        axis = int(text) if text.isascii() and text.isdecimal() and len(text) < 3 else rank
        if axis >= rank or operand.shape[axis] != count:
            shape = list(operand.shape)
            raise step.error(f"{count} numbers along axis {text} of an input of shape {shape}")
        return tuple(count if place == axis else 1 for place in range(rank))
    if count not in {1, prod(operand.shape)}:
        raise step.error(f"{count} numbers for an input of {prod(operand.shape)} entries")
    return operand.shape if count == prod(operand.shape) else (1,) * rank


def _bits(place: Value) -> int:
    """The pattern of a number; `InputError` with the nearest one where it is no binary32 value."""
    number = read_number(place)
    if isinstance(number, Infinite):
        raise place.error("an infinite number")
    bits = round_to_binary32(Mode.RNE, mpq(number), 0)
    if bits & 0x7FFFFFFF >= BINARY32.infinity or exact_value(BINARY32, bits) != number:
        raise place.error(f"is not a binary32 value; the nearest is b32:{bits:08x}")
    return bits


def _free(name: str, taken: set[str]) -> str:
    """A name that no tensor has, from now on taken."""
    while name in taken:
        name += "'"
    taken.add(name)
    return name
