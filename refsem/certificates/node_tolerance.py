"""Node-wise certificates within a tolerance, as era A checks them, and what that lets pass.

Every number is to lie within 1e-5 of what is recomputed from the certificate's own parents. That is
no enclosure: errors add up from node to node, and `drift` says how far. Functions are enclosed.
"""

import numpy as np
from gmpy2 import mpq

from refsem.certificates.comparison import TOLERANCE, apart
from refsem.certificates.node_exact import Claims, Known
from refsem.certificates.node_files import FlatForms
from refsem.certificates.report import Finding
from refsem.exact import ExactTensor
from refsem.ir.operators import Op
from refsem.rounding import BINARY32
from refsem.rules.forward import Bounds
from refsem.rules.propagation import Propagation
from refsem.rules.replay import Replay
from refsem.rules.trace import Region


def check_tolerance(claims: Claims) -> list[Finding]:
    """The claimed numbers further than 1e-5 from what their own parents' claims give."""
    findings = []
    known = Known(claims, claims.boxes, {})
    for node, name in enumerate(claims.graph.tensors):
        label = claims.graph.label(node)
        image = _image(claims, name)
        findings += apart(claims.box(node), *image, TOLERANCE, label, BINARY32)
        claimed = claims.file.forms[node] if claims.file.forms else None
        if claimed is not None:
            findings += _forms_apart(known, node, name, claimed, label)
            known.forms[name] = claimed.forms
    return findings


def _image(claims: Claims, name: str) -> Bounds:
    """The exact interval image of a tensor over its nearest numbered ancestors' claimed boxes."""
    prepared = claims.graph.prepared
    if name in prepared.constants:
        return prepared.constants[name], prepared.constants[name]
    if name in prepared.graph.inputs:
        return claims.boxes[name]
    needed, region, pending = {name}, {}, list(prepared.operands(name))
    while pending:
        operand = pending.pop()
        if operand in claims.boxes:
            region[operand] = claims.boxes[operand]
        elif operand not in needed:
            needed.add(operand)
            pending.extend(prepared.operands(operand))
    state = Propagation(Replay(prepared, (Region(region),), {}), 0)
    for tensor in prepared.nodes:
        if tensor in needed or tensor in region:
            state.boxes[tensor] = state.interval(tensor)
    box = state.replay.box(state.boxes[name])
    return box.lower, box.upper


def _forms_apart(
    known: Known, node: int, name: str, claimed: FlatForms, label: str
) -> list[Finding]:
    below, above = known.choices(node, name, claimed.forms)
    allowed = ExactTensor.full((1, 1), TOLERANCE)
    findings = []
    for key, columns, choices in (
        ("lo", claimed.forms.lower, below),
        ("hi", claimed.forms.upper, above),
    ):
        near = np.zeros((1, columns.shape[1]), dtype=np.bool_)
        for choice in choices:
            near |= (~allowed.less(abs(columns - choice))).all(axis=0, keepdims=True)
        findings += [
            Finding(
                f"{claimed.place.path}.{key}A[{index}]",
                f"{label}: the form is further than the tolerance from every recomputed one",
            )
            for index in np.flatnonzero(~near[0]).tolist()
        ]
    return findings


def drift(claims: Claims) -> mpq | None:
    """How far inward of the truth an output's end may lie though every step is within tolerance.

    None where an operator is neither affine nor a ReLU.
    """
    prepared = claims.graph.prepared
    own = ExactTensor.full((1, 1), TOLERANCE)
    drifts: dict[str, ExactTensor] = {}
    numbered = set(claims.graph.tensors)
    for name, node in prepared.nodes.items():
        if name in prepared.graph.inputs:
            drifts[name] = ExactTensor.full((1, node.size), mpq(0))
            continue
        if name in prepared.affine:
            total = ExactTensor.full((1, node.size), mpq(0))
            for piece in prepared.affine[name].pieces:
                radius = drifts[piece.operand]
                total = total + piece.interval((-radius, radius))[1]
        elif node.op is Op.RELU:
            total = drifts[prepared.operands(name)[0]]
        else:
            return None
        drifts[name] = total + own if name in numbered else total
    outputs = [v for name in prepared.graph.outputs for v in drifts[name].rationals()]
    return max(outputs, default=mpq(0))
