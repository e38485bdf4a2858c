"""The file a campaign writes: what was asked, how far it came, and what it found.

`refsem.fuzz.v1` is one JSON object; patterns are hexadecimal strings. A campaign with the same
plan (target, operations, modes, NaN rule and seed; of a graph also its hash) continues where the
file stopped; any other one is refused, so that a file never speaks of two campaigns. Functions,
reductions and graphs have a section each, of one shape.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import TypeVar

from refsem.binary32.catalogue import Kind
from refsem.errors import InputError
from refsem.fuzz.campaign import Plan
from refsem.fuzz.division import NOTHING, Course
from refsem.fuzz.graph_campaign import GraphFinding, GraphPlan
from refsem.fuzz.judging import Finding, Nans, Question
from refsem.fuzz.operations import BY_NAME
from refsem.fuzz.reduction_campaign import NAMES, ReductionFinding
from refsem.rounding import Environment, InvalidInteger, Mode, NanPolicy, Tininess
from refsem.untrusted.decimals import read_integer
from refsem.untrusted.strict_json import Value, read_json

FORMAT = "refsem.fuzz.v1"
_MOST = 1 << 62
_ASKED = ("operation", "mode", "environment", "nans", "operands")

F = TypeVar("F")
E = TypeVar("E", Mode, Nans, NanPolicy, Tininess, InvalidInteger)


@dataclass(frozen=True, slots=True)
class Recorded:
    """How far the campaigns of a file came."""

    functions: Course[Finding] = NOTHING
    reductions: Course[ReductionFinding] = NOTHING
    graph: Course[GraphFinding] = NOTHING


def plan_object(plan: Plan | GraphPlan) -> dict[str, object]:
    """The plan as JSON."""
    if isinstance(plan, GraphPlan):
        return {"sha256": plan.sha256, "seed": plan.seed}
    return {
        "target": plan.target,
        "operations": list(plan.operations),
        "modes": [mode.value for mode in plan.modes],
        "nans": None if plan.nans is None else plan.nans.value,
        "seed": plan.seed,
    }


def write_record(path: Path, plan: Plan | GraphPlan, recorded: Recorded) -> None:
    """Write the file, whole or not at all; `InputError` where it cannot be written."""
    sections = {
        "functions": _course_object(recorded.functions, finding_object),
        "reductions": _course_object(recorded.reductions, reduction_object),
        "graph": _course_object(recorded.graph, graph_object),
    }
    begun = {name: section for name, section in sections.items() if section["next_batch"]}
    record = {"format": FORMAT, "plan": plan_object(plan), **begun}
    beside = path.with_name(f"{path.name}.part")
    try:
        beside.write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
        beside.replace(path)
    except OSError as error:
        raise InputError(str(path), "", f"cannot be written: {error.strerror}") from error


def read_record(path: Path, plan: Plan | GraphPlan) -> Recorded:
    """How far the campaign of this plan came; nowhere if there is no file.

    Raises `InputError` for a file that is not one, or of another campaign.
    """
    if not path.exists():
        return Recorded()
    place = read_json(path)
    members = place.members(("format", "plan"), ("functions", "reductions", "graph"))
    if members["format"].text() != FORMAT:
        raise members["format"].error(f"is not {FORMAT}")
    if not _same(members["plan"], plan_object(plan)):
        raise members["plan"].error("the file is of another campaign")
    return Recorded(
        _course(members.get("functions"), _finding),
        _course(members.get("reductions"), _reduction),
        _course(members.get("graph"), _graph),
    )


def _same(place: Value, plan: Mapping[str, object]) -> bool:
    """Whether the plan in a file is this one."""
    found = place.members(tuple(plan), ())
    for key, wanted in plan.items():
        match wanted:
            case int():
                same = read_integer(found[key], 0, _MOST) == wanted
            case list():
                same = [item.text() for item in found[key].items()] == wanted
            case None:
                same = found[key].absent
            case _:
                same = not found[key].absent and found[key].text() == wanted
        if not same:
            return False
    return True


def _course_object(course: Course[F], shown: Callable[[F], dict[str, object]]) -> dict[str, object]:
    return {
        "next_batch": course.next_batch,
        "checked": course.checked,
        "mismatches": course.mismatches,
        "findings": [shown(finding) for finding in course.findings],
    }


def _course(place: Value | None, read: Callable[[Value], F]) -> Course[F]:
    if place is None:
        return NOTHING
    found = place.members(("next_batch", "checked", "mismatches", "findings"), ())
    return Course(
        read_integer(found["next_batch"], 0, _MOST),
        read_integer(found["checked"], 0, _MOST),
        read_integer(found["mismatches"], 0, _MOST),
        tuple(read(entry) for entry in found["findings"].items()),
    )


def _hexadecimal(kind: Kind, bits: int) -> str:
    return f"{bits:0{max(1, kind.width // 4)}X}"


def _bits(place: Value, width: int) -> int:
    """The pattern of at most so many bits at a place; `InputError` for anything else."""
    text = place.text()
    if not _is_hexadecimal(text) or int(text, 16) >> width:
        raise place.error(f"{text!r} where a pattern of {width} bits was expected")
    return int(text, 16)


def _is_hexadecimal(text: str) -> bool:
    return bool(text) and set(text) <= set("0123456789ABCDEF")


# one operation


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


def _finding(place: Value) -> Finding:
    entry = place.members((*_ASKED, "expected", "expected_flags", "got", "got_flags"), ())
    question = _question(entry)
    operation = BY_NAME[question.operation]
    operands = entry["operands"].items()
    if len(operands) != len(operation.operands):
        raise entry["operands"].error(f"{len(operands)} operands, not {len(operation.operands)}")
    flags = not entry["got_flags"].absent
    foreign = "" if _is_hexadecimal(entry["got"].text()) else entry["got"].text()
    width = max(4, operation.result.width)
    got = 0 if foreign else _bits(entry["got"], width)
    return Finding(
        question,
        tuple(
            _bits(bits, max(4, kind.width))
            for bits, kind in zip(operands, operation.operands, strict=True)
        ),
        (_bits(entry["expected"], width), _bits(entry["expected_flags"], 8)),
        (got, _bits(entry["got_flags"], 8) if flags else 0),
        flags,
        foreign,
    )


def _question(entry: Mapping[str, Value]) -> Question:
    if entry["operation"].text() not in BY_NAME:
        raise entry["operation"].error(f"there is no operation {entry['operation'].text()!r}")
    stated = entry["environment"].members(tuple(field.name for field in fields(Environment)), ())
    environment = Environment(
        tininess=_one_of(Tininess, stated["tininess"]),
        nan_policy=_one_of(NanPolicy, stated["nan_policy"]),
        fused_nan_invalid=stated["fused_nan_invalid"].truth(),
        invalid_integer=_one_of(InvalidInteger, stated["invalid_integer"]),
        flush_to_zero=stated["flush_to_zero"].truth(),
        denormals_are_zero=stated["denormals_are_zero"].truth(),
    )
    mode, nans = _one_of(Mode, entry["mode"]), _one_of(Nans, entry["nans"])
    return Question(entry["operation"].text(), mode, environment, nans)


def _one_of(choices: type[E], place: Value) -> E:
    for choice in choices:
        if place.text() == choice.value:
            return choice
    raise place.error(f"{place.text()!r} is none of {', '.join(c.value for c in choices)}")


# reductions and graphs


def reduction_object(finding: ReductionFinding) -> dict[str, object]:
    """A finding on a reduction as JSON."""
    return {
        "operation": finding.name,
        "mode": Mode.RNE.value,
        "size": len(finding.x),
        "operands": [[f"{bits:08X}" for bits in row] for row in (finding.x, finding.y) if row],
        "expected": finding.expected,
        "got": f"{finding.got:08X}",
        "order": finding.order,
    }


def _reduction(place: Value) -> ReductionFinding:
    entry = place.members(("operation", "mode", "size", "operands", "expected", "got", "order"), ())
    name = entry["operation"].text()
    if name not in NAMES:
        raise entry["operation"].error(f"{name!r} is none of {', '.join(NAMES)}")
    rows = [tuple(_bits(bits, 32) for bits in row.items()) for row in entry["operands"].items()]
    size = read_integer(entry["size"], 1, _MOST)
    if len(rows) != 1 + (name == "dot") or {len(row) for row in rows} != {size}:
        raise entry["operands"].error(f"are not those of a {name} of {size} terms")
    return ReductionFinding(
        name,
        rows[0],
        rows[1] if name == "dot" else (),
        _bits(entry["got"], 32),
        entry["expected"].text(),
        entry["order"].text(),
    )


def graph_object(finding: GraphFinding) -> dict[str, object]:
    """A finding on a graph as JSON."""
    return {
        "inputs": {name: [f"{bits:08X}" for bits in row] for name, row in finding.inputs},
        "output": finding.output,
        "index": finding.index,
        "got": f"{finding.got:08X}",
        "lower": finding.lower,
        "upper": finding.upper,
    }


def _graph(place: Value) -> GraphFinding:
    entry = place.members(("inputs", "output", "index", "got", "lower", "upper"), ())
    return GraphFinding(
        tuple(
            (name, tuple(_bits(bits, 32) for bits in row.items()))
            for name, row in entry["inputs"].entries().items()
        ),
        entry["output"].text(),
        read_integer(entry["index"], 0, _MOST),
        _bits(entry["got"], 32),
        entry["lower"].text(),
        entry["upper"].text(),
    )
