"""The audit as the JSON object scripts rely on (`docs/file-formats.md`)."""

import sys
from collections.abc import Iterator

from gmpy2 import mpq

from refsem.audit.display import decimal
from refsem.audit.executed_witness import executed_witness
from refsem.audit.findings import NetworkAudit, Witness, output_bounds
from refsem.certificates.judgement import BoundsReport, Escape, Finding
from refsem.obligations.ledger import counts


def audit_object(
    audit: NetworkAudit, bounds: BoundsReport | None, apart: frozenset[int] = frozenset()
) -> dict[str, object]:
    """Verdicts, output bounds, counts of obligations and, if judged, the bounds file.

    Bounds of outputs over a region are given for each of its cases, except those in `apart`.
    """
    found: dict[str, object] = {
        "verdict": audit.verdict.value,
        "tolerant_verdict": audit.tolerant.value,
        "network": "real",
        "outputs": [
            {
                "case": case,
                "tensor": tensor,
                "index": index,
                "lower": str(lower),
                "upper": str(upper),
            }
            for case, tensor, index, lower, upper in output_bounds(audit)
            if case not in apart
        ],
        "obligations": counts(audit.judged()),
    }
    trees = [
        {"region": number, "leaves": region.proof.leaves, "reviewed": region.proof.reviewed}
        for number, region in enumerate(audit.regions)
        if region.proof is not None
    ]
    if trees:
        found["trees"] = trees
    witness = audit.witness()
    if witness is not None:
        found["witness"] = witness_object(witness) | {"binary32": _executed_object(audit)}
    if bounds is not None:
        found["bounds"] = bounds_object(bounds)
    return found


def _executed_object(audit: NetworkAudit) -> dict[str, object]:
    """What the counterexample is as executed in binary32."""
    found = executed_witness(audit)
    if isinstance(found, str):
        return {"refused": found}
    return {
        "inputs": [str(value) for value in found.inputs],
        "outputs": [str(value) for value in found.outputs],
        "inside": found.inside,
        "unsafe": found.unsafe,
    }


def witness_object(witness: Witness) -> dict[str, object]:
    """A counterexample with exact inputs and outputs."""
    return {
        "case": witness.case,
        "inputs": [str(value) for value in witness.inputs],
        "outputs": [str(value) for value in witness.outputs],
        "error": str(witness.error),
    }


def bounds_object(report: BoundsReport) -> dict[str, object]:
    """The judgement of a bounds file."""
    return {
        "verdict": report.verdict,
        "input_contains_box": report.input_contains_box,
        "checked": report.endpoints,
        "refuted": report.count(Finding.REFUTED),
        "confirmed": report.count(Finding.CONFIRMED),
        "open": report.open_endpoints,
        "steps_checked": report.steps,
        "steps_broken": report.count(Finding.BROKEN),
        "steps_open": report.open_steps,
        "worst_ulp": _as_float(worst_ulps(report.escapes())),
        "witnesses": list(_escapes(report.escapes())),
    }


def _as_float(value: mpq) -> float:
    """The value to six digits, for display; beyond the host's range its greatest finite number."""
    return min(float(decimal(value, 6)), sys.float_info.max)


def worst_ulps(escapes: tuple[Escape, ...]) -> mpq:
    """The greatest distance of an escape, in binary32 ulps of the claim; 0 for none."""
    return max((escape.ulps for escape in escapes), default=mpq(0))


def _escapes(escapes: tuple[Escape, ...]) -> Iterator[dict[str, object]]:
    for escape in escapes:
        yield {
            "finding": escape.finding.value,
            "tensor": escape.tensor,
            "index": escape.index,
            "side": escape.side,
            "claimed": str(escape.claimed),
            "exact": str(escape.exact),
            "exact_is": escape.reached,
            "ulps": decimal(escape.ulps, 6),
            "point": {name: [str(value) for value in values] for name, values in escape.point},
        }
