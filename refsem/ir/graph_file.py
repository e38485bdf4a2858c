"""`refsem.graph.v1`: a graph as JSON with exact numbers, and back; what is written is what is read.

    {"format": "refsem.graph.v1", "inputs": […], "outputs": […], "remarks": […],
     "nodes": [{"name": "…", "op": "…", "operands": […], "shape": […], "attributes": {…},
                "bits": "3f800000…"}]}

An attribute is an integer, a list of integers, a rational number as a string (`"1/3"`), or a word
as `{"word": "NCHW"}`. `bits` stands with constants alone: eight hexadecimal digits for each
binary32 pattern, row-major. Unknown keys, wrong lengths and shapes that are not the operator's
are errors; sizes are compared with limits before anything of that size is made.
"""

import json
import re
from math import prod
from pathlib import Path

import numpy as np
from gmpy2 import mpq

from refsem.errors import InputError
from refsem.ir.graph import Bits, Graph, GraphError, Node, check_wellformed, make_node
from refsem.ir.onnx_values import check_shape, quoted
from refsem.ir.operators import Attribute, Op, Shape
from refsem.untrusted.strict_json import Number, Value, read_json

FORMAT = "refsem.graph.v1"
_RATIONAL = re.compile(r"-?[0-9]{1,9999}(/[1-9][0-9]{0,9998})?")
_INTEGER = re.compile(r"-?[0-9]{1,18}")
_OPS = {op.value: op for op in Op}


def graph_object(graph: Graph) -> dict[str, object]:
    """The graph as a JSON object."""
    return {
        "format": FORMAT,
        "inputs": list(graph.inputs),
        "outputs": list(graph.outputs),
        "remarks": list(graph.remarks),
        "nodes": [_node_object(node, graph) for node in graph.nodes],
    }


def _node_object(node: Node, graph: Graph) -> dict[str, object]:
    found: dict[str, object] = {
        "name": node.name,
        "op": node.op.value,
        "operands": list(node.operands),
        "shape": list(node.shape),
        "attributes": {name: _attribute_object(value) for name, value in node.attributes},
    }
    if node.op is Op.CONSTANT:
        found["bits"] = graph.constants[node.name].astype(">u4").tobytes().hex()
    return found


def _attribute_object(value: Attribute) -> object:
    match value:
        case tuple():
            return list(value)
        case str():
            return {"word": value}
        case int():
            return value
        case _:
            return str(value)


def write_graph(path: Path, graph: Graph) -> None:
    """The graph as a file, which `read_graph` reads; `InputError` where it cannot be written."""
    text = json.dumps(graph_object(graph), indent=1) + "\n"
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise InputError(str(path), "", f"cannot be written: {error.strerror}") from error


def is_graph_file(found: Value) -> bool:
    """Whether a JSON value says that it is a graph of this format."""
    return found.has("format") and found.entries()["format"].value == FORMAT


def read_graph(path: Path) -> Graph:
    """The graph in a file; `InputError` names the place of whatever is not as stated above."""
    return graph_of(read_json(path))


def graph_of(found: Value) -> Graph:
    """The graph of a JSON value; `InputError` as of `read_graph`."""
    members = found.members(("format", "inputs", "outputs", "remarks", "nodes"), ())
    if members["format"].text() != FORMAT:
        raise members["format"].error(f"{quoted(members['format'].text())}; {FORMAT} expected")
    known: dict[str, Node] = {}
    constants: dict[str, Bits] = {}
    for place in members["nodes"].items():
        node = _read_node(place, known, constants)
        known[node.name] = node
    lists = [tuple(item.text() for item in members[key].items()) for key in ("inputs", "outputs")]
    remarks = tuple(item.text() for item in members["remarks"].items())
    graph = Graph(tuple(known.values()), constants, lists[0], lists[1], remarks)
    try:
        check_wellformed(graph)
    except GraphError as error:
        raise InputError(found.file, error.node, error.message) from error
    return graph


def _read_node(place: Value, known: dict[str, Node], constants: dict[str, Bits]) -> Node:
    keys = ("name", "op", "operands", "shape", "attributes")
    members = place.members(keys, ("bits",))
    name, tag = members["name"].text(), members["op"].text()
    if name in known:
        raise members["name"].error(f"tensor {quoted(name)} is defined twice")
    if tag not in _OPS:
        raise members["op"].error(f"no operator is named {quoted(tag)}")
    operands = []
    for item in members["operands"].items():
        if item.text() not in known:
            raise item.error(f"tensor {quoted(item.text())} is not defined before")
        operands.append(known[item.text()])
    attributes = {key: _attribute(item) for key, item in members["attributes"].entries().items()}
    shape = check_shape(_integers(members["shape"]), place.file, place.path)
    try:
        node = make_node(name, _OPS[tag], tuple(operands), attributes)
    except GraphError as error:
        raise place.error(error.message) from error
    if node.shape != shape:
        raise members["shape"].error(f"the shape is {list(node.shape)}")
    if (node.op is Op.CONSTANT) != ("bits" in members):
        raise place.error("bits stand with constants and nowhere else")
    if node.op is Op.CONSTANT:
        constants[name] = _bits(members["bits"], shape)
    return node


def _attribute(place: Value) -> Attribute:
    match place.value:
        case Number():
            return _integer(place)
        case list():
            return _integers(place)
        case str() as text if _RATIONAL.fullmatch(text):
            return mpq(text)
        case dict():
            return place.members(("word",), ())["word"].text()
        case _:
            raise place.error("an integer, integers, a rational number or a word expected")


def _integer(place: Value) -> int:
    if not isinstance(place.value, Number) or not _INTEGER.fullmatch(place.value.text):
        raise place.error("an integer expected")
    return int(place.value.text)


def _integers(place: Value) -> tuple[int, ...]:
    return tuple(_integer(item) for item in place.items())


def _bits(place: Value, shape: Shape) -> Bits:
    text = place.text()
    if len(text) != 8 * prod(shape) or not re.fullmatch(r"[0-9a-f]*", text):
        raise place.error(f"{8 * prod(shape)} hexadecimal digits expected")
    return np.frombuffer(bytes.fromhex(text), dtype=">u4").astype(np.uint32).reshape(shape)
