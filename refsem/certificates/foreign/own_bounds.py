"""`refsem.bounds.v1` without a property: judged over the file's own input box."""

import hashlib

from refsem.certificates.bounds_file import FORMAT as NAME
from refsem.certificates.bounds_file import read_bounds
from refsem.certificates.foreign.material import FileFormat, Material, called
from refsem.certificates.judgement import Escape, Finding, judge_bounds
from refsem.certificates.node_graph import load_covered
from refsem.certificates.report import Answers, CheckReport, Verdict, judged, undecided
from refsem.certificates.report import Finding as Reported
from refsem.exact import ExactTensor
from refsem.rules.propagation import Method, NotBoundedError, propagate
from refsem.rules.trace import Region

ANSWERS = Answers(
    "bounds of tensors of a network over the file's input box",
    "anyone: all bounds come from the file",
    "endpoints confirmed by exact CROWN or refuted by a point; steps as docs/file-formats.md says",
    "the rules of docs/rules.md, each with its obligations; replayed in order",
    "whether the input box contains a property's (`refsem audit --bounds`); executed rounding",
)


def _check(material: Material) -> CheckReport:
    if material.model is None:
        return undecided(NAME, ANSWERS, "no model given (--model); or use `refsem audit --bounds`")
    prepared = load_covered(material.model)
    digest = hashlib.sha256(material.model.read_bytes()).hexdigest()
    file = read_bounds(material.file, prepared, digest)
    ends = [[e for e in side if e is not None] for side in (file.input.lower, file.input.upper)]
    low, high = (ExactTensor.from_rationals(side).reshape(1, -1) for side in ends)
    if all(e is None for claim in file.tensors.values() for e in (*claim.lower, *claim.upper)):
        return judged(NAME, ANSWERS, [Reported("tensors", "no bound: nothing is claimed")], "")
    region = Region({prepared.graph.inputs[0]: (low, high)})
    try:
        state = propagate(prepared, region, Method.CROWN, {}, lambda _name, _done, _count: None)
    except NotBoundedError as error:
        return undecided(NAME, ANSWERS, str(error))
    found = judge_bounds(file, (state,))
    counts = {
        **{
            f"endpoints {f.value}": str(found.count(f))
            for f in (Finding.REFUTED, Finding.CONFIRMED)
        },
        "endpoints open": str(found.open_endpoints),
        "steps broken": str(found.count(Finding.BROKEN)),
        "steps open": str(found.open_steps),
    }
    if found.verdict == "undecided":
        reasons = ("some endpoint or step is neither confirmed nor refuted",)
        return CheckReport(NAME, Verdict.UNDECIDED, reasons, ANSWERS, facts=counts)
    findings = [_reported(escape) for escape in found.escapes()]
    return judged(NAME, ANSWERS, findings, "every endpoint and step is confirmed", facts=counts)


def _reported(escape: Escape) -> Reported:
    place = f"{escape.tensor}[{escape.index}].{escape.side}"
    return Reported(place, escape.finding.value, escape.claimed, escape.exact)


FORMAT = FileFormat(NAME, called(NAME), _check, uses=("model",))
