"""Reading an ONNX file as a graph: every part of the file is understood or refused by name.

What is read: one graph of float32 tensors, the operators of `onnx_operators`, constants inside the
file; integers and truth values where they are constants, comparisons or conditions. Tensor names
are the file's. A first dimension of an input that is symbolic or missing (the batch) is read as
1; any other unknown dimension is refused. A shape the file declares for a tensor that is not its
shape is remarked upon. Nodes that no output needs are read, then dropped.

The order of the checks is the trust argument: encoding, then sizes, then values; nothing in the
file is executed and no other file is opened. Limits stand in `onnx_wire` and `onnx_values`.

Not here: sequences, maps, control flow, functions, quantisation, sparse tensors.
"""

from collections.abc import Mapping, Sequence

import onnx
from google.protobuf.message import DecodeError  # type: ignore[import-untyped]  # ships no types

from refsem.errors import InputError
from refsem.ir.graph import Graph, GraphError, Node, check_wellformed
from refsem.ir.onnx_application import Application, Applied, Value
from refsem.ir.onnx_definitions import Definer
from refsem.ir.onnx_operators import NEWEST_OPSET, OPERATORS, Version, version_at
from refsem.ir.onnx_scope import Scope, check_declared, names_in, read_ends, zero_constant
from refsem.ir.onnx_values import (
    ENTRY_LIMIT,
    FLOAT,
    quoted,
    read_attributes,
    refuse_unread_fields,
)
from refsem.ir.onnx_wire import check_encoding
from refsem.ir.operators import Op

OLDEST_IR, NEWEST_IR = 3, 14
"""The versions of the file format that are read."""
TOTAL_LIMIT = 4 * ENTRY_LIMIT
"""How many entries all tensors together may have."""

_ABOUT = ("doc_string", "metadata_props")
_MODEL = (*_ABOUT, "ir_version", "opset_import", "graph", "producer_name", "producer_version")
_GRAPH = (*_ABOUT, "node", "name", "initializer", "input", "output", "value_info")
_NODE = (*_ABOUT, "input", "output", "name", "op_type", "domain", "attribute")
_DOMAINS = ("", "ai.onnx")


def read_onnx(data: bytes, file: str) -> Graph:
    """The graph of an ONNX model; `InputError` names the file and what in it is not accepted."""
    check_encoding(data, onnx.ModelProto.DESCRIPTOR, file)
    try:
        model = onnx.ModelProto.FromString(data)
    except DecodeError as error:
        raise InputError(file, "", f"not an ONNX model: {error}") from error
    refuse_unread_fields(model, (*_MODEL, "domain", "model_version"), file, "")
    if not model.HasField("graph"):
        raise InputError(file, "", "not an ONNX model: there is no graph in it")
    refuse_unread_fields(model.graph, _GRAPH, file, "")
    opsets = _opsets(model, file)
    for node in model.graph.node:
        _version(node, opsets, file)
    scope = Scope(file, {}, {}, {}, names_in(model.graph), [])
    read_ends(model.graph, scope)
    zero = zero_constant(scope)
    for node in _in_order(model.graph.node, scope, opsets):
        _read_node(node, scope, opsets, zero)
    for node in model.graph.node:
        _, idle = _outputs(node, scope, opsets)
        for name in scope.values.keys() & set(idle):
            place = _place(node, opsets)
            raise InputError(file, place, f"tensor {quoted(name)} is defined twice")
    check_declared((*model.graph.value_info, *model.graph.input, *model.graph.output), scope)
    return _graph(model.graph, scope)


def _opsets(model: onnx.ModelProto, file: str) -> Mapping[str, int]:
    """The operator-set version of each domain; the standard one is there and known."""
    if not OLDEST_IR <= model.ir_version <= NEWEST_IR:
        message = f"IR version {model.ir_version} is not supported, {OLDEST_IR} to {NEWEST_IR} are"
        raise InputError(file, "", message)
    versions: dict[str, int] = {}
    for entry in model.opset_import:
        domain = "" if entry.domain in _DOMAINS else entry.domain
        if versions.setdefault(domain, entry.version) != entry.version:
            name = quoted(entry.domain)
            raise InputError(file, "", f"operator set {name} is imported in two versions")
    if "" not in versions:
        raise InputError(file, "", "no version of the standard operator set is stated")
    if not 1 <= versions[""] <= NEWEST_OPSET:
        message = f"opset {versions['']} is not supported, 1 to {NEWEST_OPSET} are"
        raise InputError(file, "", message)
    return versions


# nodes


def _place(node: onnx.NodeProto, opsets: Mapping[str, int]) -> str:
    """Which node, for messages; a node without a name is known by what it defines."""
    who = f"node {quoted(node.name)}" if node.name else f"node defining {quoted(_output(node))}"
    domain = "" if node.domain in _DOMAINS else f"{quoted(node.domain)[1:-1]}."
    opset = opsets.get("" if node.domain in _DOMAINS else node.domain, "not stated")
    return f"{who} ({domain}{quoted(node.op_type)[1:-1]}, opset {opset})"


def _output(node: onnx.NodeProto) -> str:
    return node.output[0] if node.output else ""


def _version(node: onnx.NodeProto, opsets: Mapping[str, int], file: str) -> Version:
    """The row by which a node is read; `InputError` names an operator that has none."""
    if node.domain not in _DOMAINS or node.op_type not in OPERATORS:
        raise InputError(file, _place(node, opsets), "this operator is not supported")
    version = version_at(node.op_type, opsets[""])
    if version is None:
        first, last = OPERATORS[node.op_type][0].since, OPERATORS[node.op_type][-1].until
        ends = f"up to opset {last}" if opsets[""] > last else f"from opset {first} on"
        message = f"this operator is supported {ends}"
        raise InputError(file, _place(node, opsets), message)
    return version


def _in_order(
    nodes: Sequence[onnx.NodeProto], scope: Scope, opsets: Mapping[str, int]
) -> list[onnx.NodeProto]:
    """The nodes, each after those it uses; as they stand in the file where that is so already."""
    defined = ((name, index) for index, node in enumerate(nodes) for name in node.output)
    producer = {name: index for name, index in defined if name and name not in scope.values}
    started: set[int] = set()
    placed: dict[int, onnx.NodeProto] = {}
    for root in range(len(nodes)):
        pending = [root]
        while pending:
            index = pending[-1]
            started.add(index)
            uses = (producer[name] for name in nodes[index].input if name in producer)
            missing = [used for used in uses if used not in placed]
            if index in placed or not missing:
                placed.setdefault(index, nodes[index])
                pending.pop()
            elif started.isdisjoint(missing):
                pending.extend(reversed(missing))
            else:
                message = "uses, directly or not, the tensor it defines: a cycle"
                raise InputError(scope.file, _place(nodes[index], opsets), message)
    return list(placed.values())


def _read_node(node: onnx.NodeProto, scope: Scope, opsets: Mapping[str, int], zero: Node) -> None:
    """Define the tensors of a node."""
    file, place = scope.file, _place(node, opsets)
    version = _version(node, opsets, file)
    refuse_unread_fields(node, _NODE, file, place)
    outputs, _ = _outputs(node, scope, opsets)
    operands = _operands(node, version.inputs, scope, place)
    application = Application(
        file,
        place,
        operands,
        tuple(FLOAT if operand is None else scope.element(operand) for operand in operands),
        scope.constants,
        read_attributes(node, version.attributes, file, place),
        len(outputs),
        zero,
    )
    found = version.translate(application)
    meanings = found if isinstance(found, tuple) else (found,)
    for name, meaning in zip(outputs, meanings, strict=True):
        match meaning:
            case Applied():
                Definer(scope, application, name).define(meaning)
            case _:
                scope.define_constant(name, meaning, place)


def _outputs(
    node: onnx.NodeProto, scope: Scope, opsets: Mapping[str, int]
) -> tuple[Sequence[str], Sequence[str]]:
    """The outputs of a node that are read, and those that are not since nothing may use them."""
    version, outputs = _version(node, opsets, scope.file), list(node.output)
    while len(outputs) > 1 and not outputs[-1]:
        outputs.pop()
    if version.several and outputs:
        return outputs, ()
    if not 1 <= len(outputs) <= 1 + version.idle:
        message = f"{len(outputs)} outputs, 1 expected"
        raise InputError(scope.file, _place(node, opsets), message)
    return outputs[:1], outputs[1:]


def _operands(
    node: onnx.NodeProto, number: tuple[int, int], scope: Scope, place: str
) -> tuple[Value | None, ...]:
    """What the inputs of a node stand for; an optional one left out is None."""
    least, most = number
    if not least <= len(node.input) <= most:
        expected = f"{least}" if least == most else f"{least} to {most}"
        raise InputError(scope.file, place, f"{len(node.input)} inputs, {expected} expected")
    operands: list[Value | None] = []
    for index, name in enumerate(node.input):
        if name in scope.values:
            operands.append(scope.values[name])
        elif name or index < least:
            message = f"input {index} ({quoted(name)}) is not defined"
            raise InputError(scope.file, place, message)
        else:
            operands.append(None)
    return tuple(operands)


# the graph


def _graph(graph: onnx.GraphProto, scope: Scope) -> Graph:
    """What the outputs need of the tensors read, checked as a whole."""
    outputs = tuple(info.name for info in graph.output)
    for index, name in enumerate(outputs):
        place = f"output {quoted(name)}"
        if name in outputs[:index]:
            raise InputError(scope.file, place, "is listed twice")
        if name not in scope.values:
            raise InputError(scope.file, place, "is not defined")
        if not isinstance(scope.values[name], Node):
            raise InputError(scope.file, place, "is a list of integers, not a float32 tensor")
    nodes = _needed(outputs, scope)
    if sum(node.size for node in nodes) > TOTAL_LIMIT:
        message = f"all tensors together are larger than the limit of {TOTAL_LIMIT} entries"
        raise InputError(scope.file, "", message)
    constants = {node.name: scope.constants[node.name] for node in nodes if node.op is Op.CONSTANT}
    inputs = tuple(node.name for node in nodes if node.op is Op.INPUT)
    result = Graph(nodes, constants, inputs, outputs, tuple(scope.remarks))
    try:
        check_wellformed(result)
    except GraphError as error:
        place = f"tensor {quoted(error.node)}" if error.node else ""
        raise InputError(scope.file, place, error.message) from error
    return result


def _needed(outputs: tuple[str, ...], scope: Scope) -> tuple[Node, ...]:
    """All inputs and whatever the outputs are computed from, in the order of definition."""
    defined = [value for value in scope.values.values() if isinstance(value, Node)]
    needed = set(outputs)
    for node in reversed(defined):
        if node.name in needed:
            needed.update(node.operands)
    return tuple(node for node in defined if node.op is Op.INPUT or node.name in needed)
