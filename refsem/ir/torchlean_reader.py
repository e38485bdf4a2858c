"""Graphs in TorchLean's `torchlean.ir.v1`, in both vocabularies that carry that name.

Eras A to C say `output_id`, era D `output_ids`; an era-D file must have one output. Node ids are
their places in the list, parents come earlier, shapes stated are the shapes inferred, the input is
the one input node. Parameters stand in the nodes that use them (`values`, `weight`, `bias`); a
decimal is rounded once to binary32, to nearest, ties to even. What the catalogue has no operator
for is refused by name, as are attributes that would be dropped.

One node may become several catalogue nodes; `tensors[i]` is the tensor of node i.
Not here: value graphs with tuples, random nodes, hard masks.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from pathlib import Path

from refsem.errors import InputError
from refsem.ir.graph import Graph, GraphError, check_wellformed
from refsem.ir.operators import Shape
from refsem.ir.torchlean_kinds import KINDS
from refsem.ir.torchlean_operators import Builder, Stated
from refsem.untrusted.decimals import read_integer
from refsem.untrusted.strict_json import Value, read_json

FORMAT = "torchlean.ir.v1"

NODE_LIMIT = 100_000
ENTRY_LIMIT = 2**24
"""Entries a stated shape may have."""

_COMMON = ("id", "kind", "parents", "shape")


@dataclass(frozen=True, slots=True, eq=False)
class TorchLeanGraph:
    """A graph and, for each node of the file, the tensor it became."""

    graph: Graph
    tensors: tuple[str, ...]


def read_torchlean(path: Path) -> TorchLeanGraph:
    """The graph of a file; `InputError` naming the node and what is wrong with it."""
    members = read_json(path).members(
        ("format", "input_id", "nodes"), ("output_id", "output_ids", "name")
    )
    if members["format"].text() != FORMAT:
        raise members["format"].error(f"{members['format'].text()!r}; expected {FORMAT!r}")
    places = members["nodes"].items()
    if not 1 <= len(places) <= NODE_LIMIT:
        raise members["nodes"].error(f"{len(places)} nodes; 1 to {NODE_LIMIT} are read")
    builder = Builder()
    for index, place in enumerate(places):
        _read_node(builder, index, place)
    source = read_integer(members["input_id"], 0, len(places) - 1)
    if builder.inputs != [builder.tensors[source]]:
        raise members["input_id"].error("does not name the one input node")
    output = builder.tensors[_output(members, len(places))]
    graph = Graph(tuple(builder.nodes), builder.constants, (builder.tensors[source],), (output,))
    try:
        check_wellformed(graph)
    except GraphError as error:
        raise InputError(str(path), error.node, error.message) from error
    return TorchLeanGraph(graph, tuple(builder.tensors))


def _output(members: Mapping[str, Value], count: int) -> int:
    if ("output_id" in members) == ("output_ids" in members):
        raise next(iter(members.values())).error("one of output_id and output_ids is needed")
    if "output_id" in members:
        return read_integer(members["output_id"], 0, count - 1)
    places = members["output_ids"].items()
    if len(places) != 1:
        raise members["output_ids"].error(f"{len(places)} outputs; one is supported")
    return read_integer(places[0], 0, count - 1)


def _read_node(builder: Builder, index: int, place: Value) -> None:
    members = place.entries()
    for key in _COMMON:
        if key not in members:
            raise place.error(f"the key {key!r} is missing")
    if read_integer(members["id"], 0, NODE_LIMIT) != index:
        raise members["id"].error(f"the node at place {index} must have id {index}")
    name = members["kind"].text()
    kind = KINDS.get(name)
    if kind is None:
        raise members["kind"].error(f"node {index}: operator {name!r} is not supported")
    place.members((*_COMMON, *kind.required), kind.optional)
    parents = [_parent(item, index) for item in members["parents"].items()]
    if len(parents) not in kind.parents:
        wanted = " or ".join(map(str, kind.parents))
        raise members["parents"].error(f"{len(parents)} parents; {name} takes {wanted}")
    shape = read_shape(members["shape"])
    known = [builder.by_name[builder.tensors[parent]] for parent in parents]
    stated = Stated(f"n{index}", place, members, tuple(known), shape)
    try:
        tensor = kind.lower(builder, stated)
    except GraphError as error:
        raise place.error(error.message) from error
    meant = builder.by_name[tensor].shape
    if meant != shape:
        raise members["shape"].error(f"declared {list(shape)}, inferred {list(meant)}")
    builder.tensors.append(tensor)


def _parent(place: Value, index: int) -> int:
    parent = read_integer(place, 0, NODE_LIMIT)
    if parent >= index:
        raise place.error(f"parent id {parent} is not < {index}")
    return parent


def read_shape(place: Value) -> Shape:
    """The shape a list of lengths states, within the limit on entries."""
    shape = tuple(read_integer(item, 0, ENTRY_LIMIT) for item in place.items())
    if prod(shape) > ENTRY_LIMIT:
        raise place.error(f"{prod(shape)} entries; at most {ENTRY_LIMIT} are read")
    return shape
