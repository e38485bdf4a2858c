"""The file a campaign writes: what was asked, how far it came, and what it found.

`refsem.fuzz.v1` is one JSON object; patterns are hexadecimal strings. A campaign with the same
target, operations, modes, NaN rule and seed continues where the file stopped; any other one is
refused, so that a file never speaks of two campaigns.
"""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from refsem.binary32.catalogue import Kind
from refsem.errors import InputError
from refsem.fuzz.campaign import NOTHING, Found, Plan
from refsem.fuzz.judging import Finding, Nans, Question
from refsem.fuzz.operations import BY_NAME
from refsem.rounding import Environment, InvalidInteger, Mode, NanPolicy, Tininess

FORMAT = "refsem.fuzz.v1"


def plan_object(plan: Plan) -> dict[str, object]:
    """The plan as JSON."""
    return {
        "target": plan.target,
        "operations": list(plan.operations),
        "modes": [mode.value for mode in plan.modes],
        "nans": None if plan.nans is None else plan.nans.value,
        "seed": plan.seed,
    }


def _hexadecimal(kind: Kind, bits: int) -> str:
    return f"{bits:0{max(1, kind.width // 4)}X}"


def finding_object(finding: Finding) -> dict[str, object]:
    """A finding as JSON."""
    question = finding.question
    operation = BY_NAME[question.operation]
    environment = {name: _plain(value) for name, value in asdict(question.environment).items()}
    flags = finding.flags_compared
    return {
        "operation": question.operation,
        "mode": question.mode.value,
        "environment": environment,
        "nans": question.nans.value,
        "operands": [
            _hexadecimal(kind, bits)
            for kind, bits in zip(operation.operands, finding.operands, strict=True)
        ],
        "expected": _hexadecimal(operation.result, finding.expected[0]),
        "expected_flags": f"{finding.expected[1]:02X}",
        "got": finding.foreign or _hexadecimal(operation.result, finding.got[0]),
        "got_flags": f"{finding.got[1]:02X}" if flags else None,
    }


def _plain(value: object) -> object:
    return value if isinstance(value, bool) else getattr(value, "value", None)


def write_record(path: Path, plan: Plan, found: Found) -> None:
    """Write the file; `InputError` where it cannot be written."""
    record = {
        "format": FORMAT,
        "plan": plan_object(plan),
        "next_batch": found.next_batch,
        "checked": found.checked,
        "mismatches": found.mismatches,
        "findings": [finding_object(finding) for finding in found.findings],
    }
    try:
        path.write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
    except OSError as error:
        raise InputError(str(path), "", str(error)) from error


def read_record(path: Path, plan: Plan) -> Found:
    """How far the campaign of this plan came; nowhere if there is no file.

    Raises `InputError` for a file that is not one, or of another campaign.
    """
    if not path.exists():
        return NOTHING
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        if record["format"] != FORMAT:
            raise InputError(str(path), "format", f"is not {FORMAT}")
        other = record["plan"]
        found = Found(
            int(record["next_batch"]),
            int(record["checked"]),
            int(record["mismatches"]),
            tuple(_finding(entry) for entry in record["findings"]),
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        message = f"is not a file of a campaign: {type(error).__name__}: {error}"
        raise InputError(str(path), "", message) from error
    if other != plan_object(plan):
        raise InputError(str(path), "plan", "the file is of another campaign")
    return found


def _finding(entry: dict[str, Any]) -> Finding:
    environment = Environment(
        tininess=Tininess(entry["environment"]["tininess"]),
        nan_policy=NanPolicy(entry["environment"]["nan_policy"]),
        fused_nan_invalid=entry["environment"]["fused_nan_invalid"],
        invalid_integer=InvalidInteger(entry["environment"]["invalid_integer"]),
        flush_to_zero=entry["environment"]["flush_to_zero"],
        denormals_are_zero=entry["environment"]["denormals_are_zero"],
    )
    question = Question(
        BY_NAME[entry["operation"]].name, Mode(entry["mode"]), environment, Nans(entry["nans"])
    )
    flags = entry["got_flags"] is not None
    foreign = entry["got"] if not _is_hexadecimal(entry["got"]) else ""
    got = 0 if foreign else int(entry["got"], 16)
    return Finding(
        question,
        tuple(int(bits, 16) for bits in entry["operands"]),
        (int(entry["expected"], 16), int(entry["expected_flags"], 16)),
        (got, int(entry["got_flags"], 16) if flags else 0),
        flags,
        foreign,
    )


def _is_hexadecimal(text: str) -> bool:
    return bool(text) and set(text) <= set("0123456789ABCDEF")
