"""The node-wise formats `IBPNodeCert`, `CROWNNodeCert` and `CROWNNodeCertAlphaBeta`.

The graph and its parameters come from `--model`, never from the file. The claimed box of the
input node is the region spoken of.
"""

from collections.abc import Callable

from gmpy2 import mpq

from refsem.certificates.foreign.material import FileFormat, Material
from refsem.certificates.node_exact import (
    Claims,
    Found,
    boxes_of,
    check_boxes,
    check_forms,
    check_phases,
    exact_boxes,
    exact_state,
    inward_boxes,
)
from refsem.certificates.node_files import NodeKind, kind_of, read_nodes
from refsem.certificates.node_graph import load_node_graph
from refsem.certificates.node_tolerance import check_tolerance, drift
from refsem.certificates.node_transcript import check_transcript, literally_inward
from refsem.certificates.report import (
    Answers,
    CheckReport,
    Finding,
    Semantics,
    judged,
    undecided,
)
from refsem.certificates.transcript import NoTranscriptError
from refsem.exact import NotFiniteError
from refsem.ir.evaluation import irrational_tensor
from refsem.ir.operators import Op
from refsem.rules.propagation import NotBoundedError
from refsem.rules.replay import ReplayError
from refsem.untrusted.strict_json import Value

_PREDICATES = {
    Semantics.EXACT: "boxes contain exact interval propagation; forms follow from exact forms of "
    "their parents' claimed ones; phases agree with exact boxes",
    Semantics.CONTAINMENT: "boxes, decimals rounded outward to binary32, contain the "
    "outward-rounded binary32 transcript; forms follow exactly; phases agree with exact boxes",
    Semantics.BITEXACT: "the binary32 transcript, left folds, nothing fused, bit for bit",
    Semantics.TOLERANCE: "every number within 1e-5 of what its own parents' claims give, exactly",
}
_LIFTS = {
    Semantics.EXACT: "the rules of docs/rules.md, by induction over the nodes",
    Semantics.CONTAINMENT: "the transcript's boxes are rounded outward at every operation; rules "
    "of docs/rules.md for the forms",
    Semantics.BITEXACT: "none: forms are rounded to nearest, so that agreeing encloses nothing",
    Semantics.TOLERANCE: "none: errors within the tolerance add up from node to node",
}
_READ = "; the region is that box with its decimals rounded to nearest binary32"
_REGIONS = {Semantics.CONTAINMENT: _READ, Semantics.BITEXACT: _READ}
_ACCEPTED = {
    Semantics.EXACT: "every claim follows, exactly, over the claimed input box",
    Semantics.CONTAINMENT: "every box contains the transcript's",
    Semantics.BITEXACT: "every number is the transcript's; this is no enclosure",
    Semantics.TOLERANCE: "every number lies within the tolerance; this is no enclosure",
}


def answers(semantics: Semantics) -> Answers:
    """The five answers under these semantics."""
    return Answers(
        "a box for every node of a graph, and for CROWN files affine forms, slopes and phases",
        "anyone: boxes, forms, slopes and phases come from the file; graph and parameters do not",
        _PREDICATES[semantics],
        _LIFTS[semantics],
        "whether the input node's box is the one meant; rounding of the executed network"
        + _REGIONS.get(semantics, ""),
    )


def _check(material: Material) -> CheckReport:
    kind, semantics = kind_of(material.root), material.semantics
    said = answers(semantics)
    if material.model is None:
        reason = "the graph is never taken from a certificate: no model given (--model)"
        return undecided(kind.value, said, reason, semantics=semantics)
    graph = load_node_graph(material.model)
    file = read_nodes(material.root, graph)
    findings = list(file.findings)
    unsettled: tuple[str, ...] = ()
    facts: dict[str, str | mpq] = {}
    if not findings:
        claims = Claims.of(graph, file)
        findings += domain_findings(claims)
        try:
            found = _CHECKS[semantics](claims)
            facts = _facts(semantics, claims)
            findings, unsettled = findings + found.findings, found.open
        except (ReplayError, NotBoundedError, NoTranscriptError, NotFiniteError) as error:
            if not findings:
                return undecided(kind.value, said, str(error), semantics=semantics)
    if unsettled and not findings:
        return undecided(kind.value, said, *unsettled, semantics=semantics)
    return judged(
        kind.value, said, findings, _ACCEPTED[semantics], semantics=semantics, facts=facts
    )


def _facts(semantics: Semantics, claims: Claims) -> dict[str, str | mpq]:
    """What the semantics lets pass, by name."""
    if semantics is Semantics.CONTAINMENT:
        return {"ends inward of the transcript as written": str(literally_inward(claims))}
    if semantics is not Semantics.TOLERANCE:
        return {}
    furthest = drift(claims)
    name = "an output's end may lie inward of the truth by up to"
    return {name: "an unknown amount" if furthest is None else furthest}


def domain_findings(claims: Claims) -> list[Finding]:
    """Claimed boxes on which a node's operator is not defined."""
    prepared, findings = claims.graph.prepared, []
    for node in prepared.nodes.values():
        if node.op.value not in {"div", "log", "sqrt", "reciprocal"}:
            continue
        name = node.operands[1] if node.op is Op.DIV else node.operands[0]
        if name not in claims.boxes:
            continue
        for index, (low, high) in enumerate(
            zip(*(end.rationals() for end in claims.boxes[name]), strict=True)
        ):
            tag = node.op.value
            around = low <= 0 <= high
            outside = {"div": around, "reciprocal": around, "log": low <= 0, "sqrt": low < 0}[tag]
            if outside:
                place = f"ibp[{claims.graph.tensors.index(name)}].lo[{index}]"
                findings.append(Finding(place, f"{tag} is not defined on this box", low, mpq(0)))
    return findings


def _exact(claims: Claims) -> Found:
    state = exact_state(claims)
    boxes = boxes_of(state)
    inner = inward_boxes(claims, boxes)
    found = check_boxes(claims, boxes, inner) + check_phases(claims, boxes, inner)
    if not claims.file.forms:
        return found
    lines = state if irrational_tensor(claims.graph.prepared) else None
    return found + check_forms(claims, boxes, lines)


def _containment(claims: Claims) -> Found:
    found = Found(check_transcript(claims, Semantics.CONTAINMENT))
    if claims.file.kind is NodeKind.IBP:
        return found
    boxes = exact_boxes(claims)
    return found + check_phases(claims, boxes, boxes) + check_forms(claims, boxes)


def _bitexact(claims: Claims) -> Found:
    found = Found(check_transcript(claims, Semantics.BITEXACT))
    if not claims.file.phases:
        return found
    boxes = exact_boxes(claims)
    return found + check_phases(claims, boxes, boxes)


def _tolerance(claims: Claims) -> Found:
    found = Found(check_tolerance(claims))
    if not claims.file.phases:
        return found
    return found + check_phases(claims, claims.boxes, claims.boxes)


_CHECKS: dict[Semantics, Callable[[Claims], Found]] = {
    Semantics.EXACT: _exact,
    Semantics.CONTAINMENT: _containment,
    Semantics.BITEXACT: _bitexact,
    Semantics.TOLERANCE: _tolerance,
}


def _recognises(root: Value) -> bool:
    return root.has("ibp") or root.has("ctx", "crown")


FORMAT = FileFormat("node-wise certificate", _recognises, _check, tuple(Semantics), ("model",))
