"""LiRPA `IBPCert`: an input box and the interval bounds of one node of a named graph.

The graph is rebuilt: from the model given, or, for the MLP workflow alone, from its parameters
(W1 = 1 + i + j, 4×3, b1 = 1, 2, 3, 4; W2 = 2 + i + j, 2×4, b2 = 0, 1), which were inferred from
the bounds it reproduces. The parameters of the other workflows are not known.
"""

from collections.abc import Mapping

from gmpy2 import mpq

from refsem.certificates.comparison import TOLERANCE, apart
from refsem.certificates.enclosed_ends import held_against, inner_ends
from refsem.certificates.foreign.chains import Affine, Rectified, chain
from refsem.certificates.foreign.material import FileFormat, Material
from refsem.certificates.foreign.regions import FlatBox, read_box
from refsem.certificates.node_graph import NodeGraph, load_node_graph
from refsem.certificates.report import (
    Answers,
    CheckReport,
    Finding,
    Semantics,
    judged,
    undecided,
)
from refsem.exact import ExactTensor
from refsem.ir.evaluation import irrational_tensor
from refsem.ir.steps import Bounds
from refsem.rounding import BINARY64
from refsem.rules.propagation import Method, NotBoundedError, propagate
from refsem.rules.trace import Region
from refsem.untrusted.decimals import read_integer
from refsem.untrusted.strict_json import Value

NAME = "lirpa ibp certificate"
MLP = "mlp_graph_workflow_v1"

ANSWERS = Answers(
    "interval bounds of one node of a graph over an input box",
    "anyone: the input box and the bounds come from the file; the graph does not",
    "the stated bounds contain the exact interval propagation of the file's own input box",
    "the interval rules of docs/rules.md, each with its obligations; replayed in order",
    "whether the input box is the one meant; rounding of the executed network",
)


def _rising(rows: int, columns: int, first: int) -> ExactTensor:
    entries = [mpq(first + i + j) for i in range(rows) for j in range(columns)]
    return ExactTensor.from_rationals(entries, (rows, columns))


def _row(*values: int) -> ExactTensor:
    return ExactTensor.from_rationals([mpq(value) for value in values], (1, len(values)))


def mlp_workflow() -> NodeGraph:
    """The graph of the MLP workflow: input, linear, ReLU, linear are nodes 0 to 3."""
    first = Affine(_rising(4, 3, 1), _row(1, 2, 3, 4))
    last = Affine(_rising(2, 4, 2), _row(0, 1))
    prepared, tensors = chain(3, (first, Rectified(), last))
    return NodeGraph(prepared, (prepared.graph.inputs[0], *tensors))


def _check(material: Material) -> CheckReport:
    members = material.root.members(("graph", "input_box", "result"), ())
    name = members["graph"].text()
    source, box = _read_part(members["input_box"], "id")
    node, result = _read_part(members["result"], "node_id")
    semantics = material.semantics
    findings = box.findings() + result.findings()
    if findings:
        return judged(NAME, ANSWERS, findings, "", semantics=semantics)
    if material.model is not None:
        graph = load_node_graph(material.model)
    elif name == MLP:
        graph = mlp_workflow()
    else:
        return undecided(NAME, ANSWERS, f"parameters absent: {name}", semantics=semantics)
    findings = _fits(graph, source, box, "input_box") + _fits(graph, node, result, "result")
    if not findings and graph.tensors[source] not in graph.prepared.graph.inputs:
        findings = [Finding("input_box.id", f"node {source} is not an input")]
    between = 0
    if not findings:
        try:
            findings, between = _hold(graph, source, box, node, result, semantics)
        except NotBoundedError as error:
            return undecided(NAME, ANSWERS, str(error), semantics=semantics)
    if between and not findings:
        words = f"{between} ends are inward of enclosures, and not certainly of what they enclose"
        return undecided(NAME, ANSWERS, words, semantics=semantics)
    accepted = "the bounds contain the exact ones"
    if semantics is Semantics.TOLERANCE:
        accepted = "the bounds lie within 1e-5 of the exact ones: not an enclosure"
    return judged(NAME, ANSWERS, findings, accepted, semantics=semantics)


def _read_part(place: Value, key: str) -> tuple[int, FlatBox]:
    members = place.members((key, "dim", "lo", "hi"), ())
    dimension = read_integer(members["dim"], 1, 10**7)
    return read_integer(members[key], 0, 10**7), read_box(place, "lo", "hi", dimension)


def _fits(graph: NodeGraph, node: int, box: FlatBox, place: str) -> list[Finding]:
    if node >= len(graph.tensors):
        return [Finding(place, f"the graph has no node {node}")]
    size = graph.size(node)
    if size != box.size:
        return [Finding(place, f"{box.size} values; node {node} has {size}")]
    return []


def _hold(
    graph: NodeGraph, source: int, box: FlatBox, node: int, result: FlatBox, semantics: Semantics
) -> tuple[list[Finding], int]:
    """The ends that do not hold, and how many enclosures of functions leave open."""
    given = {graph.tensors[source]: (box.lower, box.upper)}
    state = propagate(
        graph.prepared, Region(given), Method.IBP, {}, lambda _name, _done, _count: None
    )
    outer, label = graph.ends(state, node), graph.label(node)
    if semantics is Semantics.TOLERANCE:
        return apart(result, *outer, TOLERANCE, label, BINARY64), 0
    inner: Mapping[str, Bounds] = {graph.tensors[node]: outer}
    if irrational_tensor(graph.prepared):
        inner = inner_ends(graph.prepared, given)
    return held_against(result, outer, inner.get(graph.tensors[node]), label, BINARY64)


FORMAT = FileFormat(
    NAME,
    lambda root: root.has("graph", "input_box", "result"),
    _check,
    (Semantics.EXACT, Semantics.TOLERANCE),
    ("model",),
)
