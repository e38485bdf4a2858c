"""Node-wise certificates: a box for every node, and affine forms, slopes and phases with them.

`IBPNodeCert` has `ibp`; `CROWNNodeCert` also `ctx`, `crown` and, optionally, `alpha`;
`CROWNNodeCertAlphaBeta` also `beta`. Entry i of each list is about node i of the graph, which
never comes from the file. `null` makes no claim about a node: it is read, and its absence is a
finding. Slopes must lie in [0, 1] and phases in {−1, 0, 1}: others are findings too. Wrong
lengths and types are errors with their path.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from gmpy2 import mpq

from refsem.certificates.foreign.regions import FlatBox, read_box
from refsem.certificates.node_graph import NodeGraph
from refsem.certificates.report import Finding
from refsem.exact import ExactTensor
from refsem.exact.tensor import concatenate
from refsem.rules.forward import Forms
from refsem.untrusted.decimals import read_integer, read_matrix, read_vector
from refsem.untrusted.strict_json import Value


class NodeKind(Enum):
    """Which of the three formats a file is in."""

    IBP = "IBPNodeCert"
    ALPHA = "CROWNNodeCert"
    ALPHA_BETA = "CROWNNodeCertAlphaBeta"


@dataclass(frozen=True, slots=True, eq=False)
class FlatForms:
    """Claimed affine forms of a node's entries in the inputs, and where they stand."""

    forms: Forms
    place: Value


@dataclass(frozen=True, slots=True, eq=False)
class NodeFile:
    """What a node-wise certificate claims, entry by entry; lists of the other kinds are empty."""

    kind: NodeKind
    source: int
    boxes: tuple[FlatBox | None, ...]
    forms: tuple[FlatForms | None, ...]
    slopes: tuple[ExactTensor | None, ...]
    phases: tuple[ExactTensor | None, ...]
    findings: tuple[Finding, ...]
    places: tuple[Value, ...]
    """The entries of `ibp`."""

    def slope(self, node: int) -> ExactTensor | None:
        """The stated lower slopes of a ReLU node."""
        return self.slopes[node] if self.slopes else None

    def phase(self, node: int) -> ExactTensor | None:
        """The stated phases of a ReLU node."""
        return self.phases[node] if self.phases else None


def kind_of(root: Value) -> NodeKind:
    """The format a file of this family is in, by its keys."""
    if root.has("beta"):
        return NodeKind.ALPHA_BETA
    return NodeKind.ALPHA if root.has("crown") or root.has("ctx") else NodeKind.IBP


_KEYS = {
    NodeKind.IBP: (("ibp",), ()),
    NodeKind.ALPHA: (("ctx", "ibp", "crown"), ("alpha",)),
    NodeKind.ALPHA_BETA: (("ctx", "ibp", "crown", "beta"), ("alpha",)),
}


def read_nodes(root: Value, graph: NodeGraph) -> NodeFile:
    """The claims of a file about this graph; `InputError` where it is not well-formed."""
    kind = kind_of(root)
    required, optional = _KEYS[kind]
    members = root.members(required, optional)
    findings: list[Finding] = []
    source = graph.tensors.index(graph.prepared.graph.inputs[0])
    if kind is not NodeKind.IBP:
        findings += _context(members["ctx"], graph, source)
    places = _entries(members["ibp"], graph)
    boxes = tuple(_box(place, graph.size(i)) for i, place in enumerate(places))
    forms: tuple[FlatForms | None, ...] = ()
    if kind is not NodeKind.IBP:
        inputs = graph.size(source)
        listed = _entries(members["crown"], graph)
        forms = tuple(_forms(place, graph.size(i), inputs) for i, place in enumerate(listed))
    slopes = _rows(members.get("alpha"), graph)
    phases = _rows(members.get("beta"), graph)
    findings += [f for box in boxes if box is not None for f in box.findings()]
    findings += _missing("ibp", boxes, graph)
    if kind is not NodeKind.IBP:
        findings += _missing("crown", forms, graph)
    findings += _outside("alpha", slopes, "a slope", "in [0, 1]", lambda v: 0 <= v <= 1)
    findings += _outside("beta", phases, "a phase", "−1, 0 or 1", lambda v: v in {-1, 0, 1})
    return NodeFile(kind, source, boxes, forms, slopes, phases, tuple(findings), tuple(places))


def _context(place: Value, graph: NodeGraph, source: int) -> list[Finding]:
    """Whether `ctx` names the graph's input and its flattened size."""
    members = place.members(("inputId", "inputDim"), ())
    stated = {key: read_integer(member, 0, 10**9) for key, member in members.items()}
    meant = {"inputId": source, "inputDim": graph.size(source)}
    return [
        Finding(members[key].path, f"the graph's is {meant[key]}", mpq(stated[key]))
        for key in meant
        if stated[key] != meant[key]
    ]


def _entries(place: Value, graph: NodeGraph) -> list[Value]:
    items = place.items()
    if len(items) != len(graph.tensors):
        raise place.error(f"{len(items)} entries; the graph has {len(graph.tensors)} nodes")
    return items


def _box(place: Value, size: int) -> FlatBox | None:
    if place.absent:
        return None
    place.members(("lo", "hi"), ())
    return read_box(place, "lo", "hi", size)


def _forms(place: Value, size: int, inputs: int) -> FlatForms | None:
    if place.absent:
        return None
    members = place.members(("loA", "loC", "hiA", "hiC"), ())
    sides = []
    for matrix, constant in (("loA", "loC"), ("hiA", "hiC")):
        coefficients = read_matrix(members[matrix], size, inputs).transpose((1, 0))
        constants = read_vector(members[constant], size)
        sides.append(concatenate([coefficients, constants], 0))
    return FlatForms(Forms(*sides), place)


def _rows(place: Value | None, graph: NodeGraph) -> tuple[ExactTensor | None, ...]:
    if place is None:
        return ()
    return tuple(
        None if item.absent else read_vector(item, graph.size(index))
        for index, item in enumerate(_entries(place, graph))
    )


def _missing(key: str, entries: tuple[object | None, ...], graph: NodeGraph) -> list[Finding]:
    return [
        Finding(f"{key}[{index}]", f"{graph.label(index)}: null: the claim is missing")
        for index, entry in enumerate(entries)
        if entry is None
    ]


def _outside(
    key: str,
    rows: tuple[ExactTensor | None, ...],
    what: str,
    where: str,
    legal: Callable[[mpq], bool],
) -> list[Finding]:
    return [
        Finding(f"{key}[{node}][{index}]", f"{what} of {value} is not {where}")
        for node, row in enumerate(rows)
        if row is not None
        for index, value in enumerate(row.rationals())
        if not legal(value)
    ]
