"""Programs of `torch.export` (`.pt2`) as graphs, read without torch and without running anything.

Parameters and buffers become constants, user inputs inputs, all by the program's names. Calls of
aten operators become operators of the catalogue (`refsem.ir.torch_operators`); the shape a program
states of every tensor has to be the one inferred. Refused by name: operators and arguments that
are not supported, element types other than float32, dynamic shapes, mutated buffers.

Source: torch/_export/serde/schema.py, schema version 8.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from refsem.errors import InputError
from refsem.ir.composites import Builder
from refsem.ir.graph import Bits, Graph, GraphError, Node, check_wellformed, make_node
from refsem.ir.operators import Op
from refsem.ir.torch_archive import FLOAT32, Archive, read_archive, read_sizes
from refsem.ir.torch_call import Call
from refsem.ir.torch_operators import TARGETS
from refsem.untrusted.decimals import read_integer
from refsem.untrusted.strict_json import Value

SCHEMA = 8
PREFIX = "torch.ops.aten."


@dataclass(slots=True)
class _Program:
    """A program being read: the tensors known so far, by the program's names."""

    archive: Archive
    described: Mapping[str, Value]
    nodes: list[Node] = field(default_factory=list)
    known: dict[str, Node] = field(default_factory=dict)
    constants: dict[str, Bits] = field(default_factory=dict)
    inputs: list[str] = field(default_factory=list)

    def add(self, name: str, node: Node) -> None:
        self.nodes.append(node)
        self.known[name] = node

    def shape(self, place: Value, name: str) -> tuple[int, ...]:
        """The shape stated of a float32 tensor."""
        if name not in self.described:
            raise place.error(f"nothing is stated of tensor {name!r}")
        stated = self.described[name]
        kind = stated.member("dtype")
        if read_integer(kind, 0, 1000) != FLOAT32:
            raise kind.error(f"{name!r} is no float32 tensor")
        return read_sizes(stated)


def read_torch(data: bytes, file: str, limit: int) -> Graph:
    """The graph of a `.pt2` archive; `InputError` naming the place and what is wrong with it."""
    archive = read_archive(data, file, limit)
    version = archive.program.member("schema_version").member("major")
    if read_integer(version, 0, 10**6) != SCHEMA:
        raise version.error(f"schema version {SCHEMA} was expected")
    module = archive.program.member("graph_module")
    graph, signature = module.member("graph"), module.member("signature")
    program = _Program(archive, graph.member("tensor_values").entries())
    for place in signature.member("input_specs").items():
        _read_input(program, place)
    for place in graph.member("nodes").items():
        _read_call(program, place)
    outputs = tuple(_output(program, place) for place in signature.member("output_specs").items())
    inputs = tuple(program.inputs)
    found = Graph(tuple(program.nodes), program.constants, inputs, outputs)
    try:
        check_wellformed(found)
    except GraphError as error:
        raise InputError(file, error.node, error.message) from error
    return found


def _read_input(program: _Program, place: Value) -> None:
    members = place.entries()
    if len(members) != 1:
        raise place.error("one kind of input was expected")
    ((kind, inner),) = members.items()
    if kind == "user_input":
        argument = inner.member("arg")
        if not argument.has("as_tensor"):
            raise argument.error("an input that is no tensor is not supported")
        name = argument.member("as_tensor").member("name").text()
        shape = {"shape": program.shape(argument, name)}
        program.add(name, make_node(name, Op.INPUT, (), shape))
        program.inputs.append(name)
        return
    if kind not in {"parameter", "buffer"}:
        raise place.error(f"an input of kind {kind} is not supported")
    own = inner.member(f"{kind}_name").text()
    name = inner.member("arg").member("name").text()
    if own not in program.archive.weights:
        return  # no float32 tensor: refused where it is used
    bits = program.archive.weights[own]
    if bits.shape != program.shape(inner, name):
        raise inner.error(f"{own} has shape {list(bits.shape)}, another one is stated")
    node = make_node(name, Op.CONSTANT, (), {"shape": bits.shape})
    program.constants[name] = bits
    program.add(name, node)


def _read_call(program: _Program, place: Value) -> None:
    target = place.member("target").text()
    translate = TARGETS.get(target.removeprefix(PREFIX)) if target.startswith(PREFIX) else None
    if translate is None:
        raise place.member("target").error(f"the operator {target} is not supported")
    outputs = place.member("outputs").items()
    if len(outputs) != 1 or not outputs[0].has("as_tensor"):
        raise place.member("outputs").error(f"{target}: one tensor as result was expected")
    name = outputs[0].member("as_tensor").member("name").text()
    arguments = {
        item.member("name").text(): item.member("arg") for item in place.member("inputs").items()
    }
    builder = Builder(name, frozenset(node.name for node in program.nodes))
    call = Call(place, target.removeprefix(PREFIX), arguments, program.known, builder)
    try:
        translate(call)
    except GraphError as error:
        raise place.error(error.message) from error
    call.finish()
    result = replace(builder.nodes[-1], name=name)
    if result.shape != program.shape(place, name):
        raise place.error(f"{name!r} has shape {list(result.shape)}, another one is stated")
    program.nodes.extend(builder.nodes[:-1])
    program.constants.update(builder.constants)
    program.add(name, result)


def _output(program: _Program, place: Value) -> str:
    if not place.has("user_output"):
        raise place.error("an output that is a changed buffer is not supported")
    argument = place.member("user_output").member("arg")
    if not argument.has("as_tensor"):
        raise argument.error("an output that is no tensor is not supported")
    name = argument.member("as_tensor").member("name")
    if name.text() not in program.known:
        raise name.error(f"{name.text()!r} is no tensor of numbers")
    return program.known[name.text()].name
