"""The ledger: every obligation of a run with its outcome, one JSON object a line.

The first line is a header that says what was run. The file appears whole or not at all. Numbers
are fraction strings; relations are text; nothing is rounded.
"""

import json
import os
import tempfile
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path

from refsem.errors import InputError
from refsem.ir.readings import relation_text, to_text
from refsem.obligations.obligation import (
    Algebraic,
    By,
    Evidence,
    Exact,
    Obligation,
    Outcome,
    Point,
    Proved,
    Record,
    Refuted,
    SolverRun,
    Stated,
    Unknown,
    outcome_name,
)

FORMAT = "refsem.ledger.v1"


def evidence_object(evidence: Evidence) -> dict[str, object]:
    """The evidence as a JSON object."""
    match evidence:
        case Point():
            values = {name: str(value) for name, value in evidence.values}
            found: dict[str, object] = {"point": values, "failing": evidence.failing}
            bits = {name: f"b32:{pattern:08x}" for name, pattern in evidence.bits}
            return found | ({"bits": bits} if bits else {})
        case SolverRun():
            return {
                "solver": evidence.solver,
                "answer": evidence.answer,
                "seconds": evidence.seconds,
                "second": evidence.second,
            }
        case Exact():
            return {"exact": evidence.what}
        case Algebraic():
            return {
                "proof": evidence.file,
                "leaves": evidence.leaves,
                "products": evidence.products,
            }


def outcome_object(outcome: Outcome) -> dict[str, object]:
    """The outcome as the keys `outcome`, `by`, `evidence`, `relying_on`."""
    found: dict[str, object] = {
        "outcome": outcome_name(outcome),
        "by": None,
        "evidence": None,
        "relying_on": [],
    }
    match outcome:
        case Proved():
            found |= {
                "by": outcome.by.value,
                "evidence": evidence_object(outcome.evidence),
                "relying_on": list(outcome.relying_on),
            }
        case Refuted():
            found["evidence"] = evidence_object(outcome.evidence)
        case Unknown():
            found["evidence"] = {"reason": outcome.reason}
        case Stated():
            found["evidence"] = {"where": outcome.where}
    return found


def statement_object(obligation: Obligation) -> dict[str, object]:
    """What an obligation asks, as text; parts are obligations of their own."""
    return {
        "definitions": [
            {"name": d.name, "term": to_text(d.term), "may_exceed": d.may_exceed.value}
            for d in obligation.definitions
        ],
        "premises": {p.name: relation_text(p.relation) for p in obligation.premises},
        "goal": None if obligation.goal is None else relation_text(obligation.goal),
        "parts": [part.id for part in obligation.parts],
    }


def record_object(record: Record) -> dict[str, object]:
    """The record as a JSON object."""
    obligation = record.obligation
    return {
        "id": obligation.id,
        "kind": obligation.kind.value,
        "meaning": obligation.meaning,
        "provenance": obligation.provenance,
        "assumes": list(obligation.assumes),
        "statement": statement_object(obligation),
        "expected": obligation.expected.value,
        "surprising": record.surprising,
        **outcome_object(record.outcome),
    }


def counts(records: Iterable[Record]) -> dict[str, object]:
    """How many obligations were proved by whom, refuted, left unknown, stated, surprising."""
    proved = dict.fromkeys((by.value for by in By), 0)
    others: Counter[str] = Counter()
    for record in records:
        if isinstance(record.outcome, Proved):
            proved[record.outcome.by.value] += 1
        else:
            others[outcome_name(record.outcome)] += 1
        others["surprising"] += record.surprising
    rest = {name: others[name] for name in ("refuted", "unknown", "stated", "surprising")}
    return {"proved": proved, **rest}


def write_ledger(path: Path, header: Mapping[str, object], records: Iterable[Record]) -> None:
    """Write the ledger in one piece; `InputError` if the place cannot be written to."""
    lines = [json.dumps({"format": FORMAT, **header}, ensure_ascii=False)]
    lines += [json.dumps(record_object(record), ensure_ascii=False) for record in records]
    write_whole(path, "\n".join(lines) + "\n")


def write_whole(path: Path, text: str) -> None:
    """Write a file so that it appears whole or not at all; `InputError` if it cannot be.

    A symbolic link is followed, and a device or a folder is refused: neither is replaced.
    """
    target, temporary = Path(os.path.realpath(path)), ""
    try:
        if target.exists() and not target.is_file():
            raise InputError(str(path), "", "is not a regular file")
        handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            stream.write(text)
        Path(temporary).chmod(0o644)
        Path(temporary).replace(target)
    except OSError as error:
        raise InputError(str(path), "", error.strerror or "cannot be written") from None
    finally:
        # after an interruption too; once renamed there is nothing left to remove
        if temporary:
            Path(temporary).unlink(missing_ok=True)
