"""Derivations as JSON: a graph with its constants' bits, and Traces over it.

A ledger's header carries one (`refsem audit --ledger`), so that the ledger alone says which
network was bounded, over which boxes, and by which applications of rules: enough to replay it, or
to state it elsewhere. Numbers are fraction strings, constants hexadecimal binary32 patterns.
Attributes: an integer is a JSON number, a rational a string, a list of integers a list, a word an
object with that one member.

Reading believes nothing: keys, kinds, shapes and the graph's well-formedness are checked, and the
Traces are only data until `refsem.rules.replay` has established them. Not covered: whether the
graph is that of the model named beside it; the hash there is for who has the file.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import TypeVar

import numpy as np
from gmpy2 import mpq

from refsem.exact import ExactTensor
from refsem.ir.evaluation import prepare
from refsem.ir.graph import Bits, Graph, GraphError, Node, check_wellformed
from refsem.ir.operators import Attribute, Op
from refsem.obligations.ledger import FORMAT
from refsem.rounding import Infinite
from refsem.rules.trace import Application, Combination, Region, Trace
from refsem.untrusted.numbers import read_number
from refsem.untrusted.strict_json import Number, Value, read_first_line

KEY = "derivation"
"""Where a ledger's header holds its derivation."""

NONE = "no_derivation"
"""Where the header of a ledger that holds none says why."""

BALLS = "regions with balls have no place in it, and theorems printed from it know boxes alone"

Read = TypeVar("Read")

_WORD = 8
"""Hexadecimal digits of a binary32 pattern."""


@dataclass(frozen=True, slots=True, eq=False)
class Derivation:
    """What was bounded and how: a well-formed graph, one Trace a region, and names for both."""

    graph: Graph
    traces: tuple[Trace, ...]
    header: Mapping[str, str]
    """What the ledger says of the run: `model`, `model_sha256`, `property`, `method`, …"""


# writing


def derivation_object(graph: Graph, traces: tuple[Trace, ...]) -> dict[str, object]:
    """The derivation as a JSON object."""
    return {"graph": _graph_object(graph), "traces": [_trace_object(trace) for trace in traces]}


def _graph_object(graph: Graph) -> dict[str, object]:
    return {
        "nodes": [_node_object(node) for node in graph.nodes],
        "constants": {name: _hexadecimal(bits) for name, bits in graph.constants.items()},
        "inputs": list(graph.inputs),
        "outputs": list(graph.outputs),
    }


def _node_object(node: Node) -> dict[str, object]:
    return {
        "name": node.name,
        "op": node.op.value,
        "operands": list(node.operands),
        "attributes": {name: _attribute_object(value) for name, value in node.attributes},
        "shape": list(node.shape),
    }


def _attribute_object(value: Attribute) -> object:
    match value:
        case int():
            return value
        case tuple():
            return list(value)
        case str():
            return {"word": value}
        case _:
            return str(value)


def _hexadecimal(bits: Bits) -> str:
    return bits.astype(">u4").tobytes().hex()


def _trace_object(trace: Trace) -> dict[str, object]:
    if any(region.signs or region.balls for region in trace.regions):
        raise ValueError("a ledger's derivation has no place for regions with signs or balls")
    return {
        "regions": [
            {
                name: {"lower": _fractions(lower), "upper": _fractions(upper)}
                for name, (lower, upper) in region.boxes.items()
            }
            for region in trace.regions
        ],
        "targets": {
            name: {tensor: _fractions(value) for tensor, value in combination.items()}
            for name, combination in trace.targets.items()
        },
        "applications": [
            {
                "rule": one.rule,
                "node": one.node,
                "region": one.region,
                "suppliers": dict(one.suppliers),
                "chosen": {name: _fractions(value) for name, value in one.chosen.items()},
            }
            for one in trace.applications
        ],
    }


def _fractions(tensor: ExactTensor) -> list[str]:
    return [str(value) for value in tensor.rationals()]


# reading


def read_derivation(path: Path) -> Derivation:
    """The derivation of a ledger; `InputError` where it has none or it is not as stated above."""
    header = read_first_line(path)
    members = header.entries()
    if "format" not in members or members["format"].text() != FORMAT:
        raise header.error(f"is not a ledger; {FORMAT!r} expected as its format")
    if NONE in members:
        raise header.error(f"this ledger carries no derivation: {members[NONE].text()}")
    if KEY not in members:
        raise header.error("this ledger carries no derivation; write it again with `refsem audit`")
    names = {name: place.text() for name, place in members.items() if isinstance(place.value, str)}
    parts = members[KEY].members(("graph", "traces"), ())
    graph = _graph(parts["graph"])
    sizes = {name: prod(shape) for name, shape in prepare(graph).shapes.items()}
    traces = tuple(_trace(place, sizes) for place in parts["traces"].items())
    return Derivation(graph, traces, names)


def _graph(place: Value) -> Graph:
    members = place.members(("nodes", "constants", "inputs", "outputs"), ())
    nodes = tuple(_node(one) for one in members["nodes"].items())
    shapes = {node.name: node.shape for node in nodes}
    constants = {}
    for name, one in members["constants"].entries().items():
        if name not in shapes:
            raise one.error("the graph has no such tensor")
        constants[name] = _bits(one, shapes[name])
    inputs, outputs = (tuple(_texts(members[name])) for name in ("inputs", "outputs"))
    graph = Graph(nodes, constants, inputs, outputs)
    try:
        check_wellformed(graph)
    except GraphError as error:
        raise place.error(str(error)) from error
    return graph


def _node(place: Value) -> Node:
    members = place.members(("name", "op", "operands", "attributes", "shape"), ())
    tag = members["op"].text()
    if tag not in {op.value for op in Op}:
        raise members["op"].error(f"{tag!r} is no operator of the catalogue")
    attributes = tuple(
        (name, _attribute(one)) for name, one in members["attributes"].entries().items()
    )
    shape = tuple(_integer(one) for one in members["shape"].items())
    operands = tuple(_texts(members["operands"]))
    return Node(members["name"].text(), Op(tag), operands, attributes, shape)


def _attribute(place: Value) -> Attribute:
    if isinstance(place.value, list):
        return tuple(_integer(one) for one in place.items())
    if isinstance(place.value, dict):
        return place.members(("word",), ())["word"].text()
    return _rational(place) if isinstance(place.value, str) else _integer(place)


def _bits(place: Value, shape: tuple[int, ...]) -> Bits:
    text = place.text()
    if len(text) != _WORD * prod(shape):
        raise place.error(f"{len(text)} digits; {_WORD} for each of {prod(shape)} entries expected")
    try:
        packed = bytes.fromhex(text)
    except ValueError:
        raise place.error("is not hexadecimal") from None
    return np.frombuffer(packed, dtype=">u4").astype(np.uint32).reshape(shape)


def _trace(place: Value, sizes: Mapping[str, int]) -> Trace:
    members = place.members(("regions", "targets", "applications"), ())
    regions = tuple(_region(one, sizes) for one in members["regions"].items())
    targets = {name: _combination(one, sizes) for name, one in members["targets"].entries().items()}
    applications = tuple(_application(one, sizes) for one in members["applications"].items())
    return Trace(regions, targets, applications)


def _region(place: Value, sizes: Mapping[str, int]) -> Region:
    boxes = {}
    for name, one in place.entries().items():
        ends = one.members(("lower", "upper"), ())
        size = _size(one, name, sizes)
        lower, upper = _row(ends["lower"]), _row(ends["upper"])
        if not lower.size == upper.size == size:
            raise one.error(f"{lower.size} and {upper.size} ends; the tensor has {size} entries")
        boxes[name] = (lower, upper)
    return Region(boxes)


def _combination(place: Value, sizes: Mapping[str, int]) -> Combination:
    found: dict[str, ExactTensor] = {}
    for name, one in place.entries().items():
        size, flat = _size(one, name, sizes), _row(one)
        if size == 0 or flat.size % size:
            raise one.error(f"{flat.size} coefficients do not make rows of {size}")
        found[name] = flat.reshape(flat.size // size, size)
    return found


def _application(place: Value, sizes: Mapping[str, int]) -> Application:
    members = place.members(("rule", "node", "region", "suppliers", "chosen"), ())
    return Application(
        members["rule"].text(),
        members["node"].text(),
        _integer(members["region"]),
        _each(members["suppliers"], _integer),
        _each(members["chosen"], lambda one: _rows(one, sizes.get(members["node"].text(), 1))),
    )


def _each(place: Value, read: Callable[[Value], Read]) -> dict[str, Read]:
    return {name: read(one) for name, one in place.entries().items()}


def _size(place: Value, name: str, sizes: Mapping[str, int]) -> int:
    if name not in sizes:
        raise place.error("the graph has no such tensor")
    return sizes[name]


def _row(place: Value) -> ExactTensor:
    return ExactTensor.from_rationals([_rational(one) for one in place.items()]).reshape(1, -1)


def _rows(place: Value, size: int) -> ExactTensor:
    """As many rows of so many entries as there are; what does not divide is left one row."""
    flat = _row(place)
    return flat.reshape(flat.size // size, size) if flat.size and flat.size % size == 0 else flat


def _rational(place: Value) -> mpq:
    number = read_number(place)
    if isinstance(number, Infinite):
        raise place.error("a finite number expected")
    return number


def _integer(place: Value) -> int:
    if isinstance(place.value, Number) and place.value.text.removeprefix("-").isdigit():
        return int(place.value.text)
    raise place.error("an integer expected")


def _texts(place: Value) -> list[str]:
    return [one.text() for one in place.items()]
