"""ODE corridors: two networks between which the solution of u' = f(t, u) is claimed to run.

Recomputed over all of each segment, exactly: at its beginning u_L ≤ lo and hi ≤ u_U; throughout
u_L ≤ u_U, u_L' ≤ f(t, u_L) and f(t, u_U) ≤ u_U'. Then u_L is a sub- and u_U a supersolution, and
for f smooth the solution from any point of [lo, hi] stays between them: the comparison theorem for
scalar equations. An f that divides, or applies a function that is not smooth everywhere, is not
judged. Segments must meet, and each must begin with all that the one before may end with.

Source: Walter, Ordinary Differential Equations (1998), §9. Slack a file grants itself is refused.
"""

from dataclasses import dataclass
from itertools import pairwise

from gmpy2 import mpq

from refsem.certificates.foreign.chains import Affine
from refsem.certificates.foreign.curves import (
    MOST_OPEN,
    VARIABLE,
    Broken,
    Claim,
    Network,
    Open,
    Outcome,
    curves,
    settle,
)
from refsem.certificates.foreign.intervals import empty_intervals, read_interval
from refsem.certificates.foreign.material import FileFormat, Material, beside
from refsem.certificates.report import (
    Answers,
    CheckReport,
    Finding,
    Semantics,
    judged,
    undecided,
)
from refsem.exact.functions import STEPS
from refsem.ir.derivatives import NoDerivativeError
from refsem.ir.expressions import ExpressionError, parse_expression
from refsem.ir.graph import GraphError
from refsem.ir.operators import Op
from refsem.ir.terms import Term, applications, divisors, domain, substitute, variables
from refsem.rounding import BINARY64
from refsem.untrusted.decimals import read_decimal, read_matrix, read_vector
from refsem.untrusted.strict_json import Number, Value, read_json

NAME = "ode corridor"
MOST_PIECES = 512
"""Pieces into which a segment is cut at most."""
MOST_LAYERS = 16

ANSWERS = Answers(
    "networks u_L ≤ u_U that are to enclose the solution of u' = f(t, u)",
    "anyone: weights, segments and settings come from files",
    "on every segment: the beginning lies between the networks, u_L ≤ u_U, u_L' ≤ f(t, u_L) and "
    "f(t, u_U) ≤ u_U' over the whole of it; segments meet; no slack is granted",
    "the comparison theorem for scalar differential equations (Walter 1998, §9)",
    "rounding of the networks; that the equation is the one meant",
)

ACTIVATIONS = {"tanh": Op.TANH, "sin": Op.SIN, "relu": Op.RELU}

low, high, low1, high1 = variables("low high low' high'")


@dataclass(frozen=True, slots=True)
class _Segment:
    """A piece of time with a network on either side."""

    place: Value
    start: mpq
    end: mpq
    init: tuple[mpq, mpq]
    lower: Network
    upper: Network


class _AbsentError(Exception):
    """A file that is needed and not there."""


def _check(material: Material) -> CheckReport:
    members = material.root.members(("rhs", "segments"), ("settings",))
    findings = _slack(members["settings"]) if "settings" in members else []
    places = members["segments"].items()
    if not places:
        findings.append(Finding("segments", "no segment: nothing is claimed"))
    for place in places:
        findings += _shape(place)
    findings += _joints(places)
    if findings:
        return judged(NAME, ANSWERS, findings, "", semantics=Semantics.EXACT)
    try:
        right = parse_expression(members["rhs"].text(), (VARIABLE, "u"))
    except ExpressionError as error:
        raise members["rhs"].error(str(error)) from error
    if not _is_smooth(right):
        return undecided(
            NAME,
            ANSWERS,
            "f may have no value, or be steep, inside the corridor",
            semantics=Semantics.EXACT,
        )
    try:
        segments = [_segment(material, place) for place in places]
        return _judged(segments, right)
    except (_AbsentError, GraphError, NoDerivativeError) as error:
        return undecided(NAME, ANSWERS, str(error), semantics=Semantics.EXACT)


def _slack(settings: Value) -> list[Finding]:
    members = settings.entries()
    if "slack" not in members:
        return []
    slack = read_decimal(members["slack"])
    if slack == 0:
        return []
    return [Finding("settings.slack", "a file does not grant itself slack", mpq(0), slack)]


def _shape(place: Value) -> list[Finding]:
    """What is wrong with a segment whatever its networks are."""
    segment = place.members(("t0", "t1", "init", "lowerWeights", "upperWeights"), ())
    start, end = read_decimal(segment["t0"]), read_decimal(segment["t1"])
    findings = []
    if start >= end:
        findings.append(Finding(segment["t0"].path, "the segment has no duration", start, end))
    if not isinstance(segment["init"].value, Number):
        findings += empty_intervals(place, "init")
    return findings


def _joints(places: list[Value]) -> list[Finding]:
    times = [place.entries() for place in places]
    return [
        Finding(
            after["t0"].path,
            "does not begin where the segment before ends",
            read_decimal(after["t0"]),
            read_decimal(before["t1"]),
            BINARY64,
        )
        for before, after in pairwise(times)
        if read_decimal(after["t0"]) != read_decimal(before["t1"])
    ]


def _segment(material: Material, place: Value) -> _Segment:
    members = place.entries()
    init = members["init"]
    if isinstance(init.value, Number):
        ends = read_decimal(init), read_decimal(init)
    else:
        (below, *others), (above, *_) = read_interval(init)
        if others:
            raise init.error("one interval was expected")
        ends = below, above
    return _Segment(
        place,
        read_decimal(members["t0"]),
        read_decimal(members["t1"]),
        ends,
        _network(material, members["lowerWeights"]),
        _network(material, members["upperWeights"]),
    )


def _network(material: Material, stated: Value) -> Network:
    path = beside(material.file, stated.text())
    if path is None:
        raise _AbsentError(f"parameters absent: {stated.text()} is not beside the file")
    members = read_json(path).entries()
    if "meta" not in members:
        raise read_json(path).error("the key 'meta' is missing")
    meta = members["meta"].entries()
    activation = meta["activation"].text() if "activation" in meta else "tanh"
    if activation not in ACTIVATIONS:
        raise meta["activation"].error(f"{activation!r} is none of {', '.join(ACTIVATIONS)}")
    count = (len(members) - 1) // 2
    keys = [f"layers.{k}.{part}" for k in range(count) for part in ("weight", "bias")]
    found = read_json(path).members(("meta", *keys), ())
    if not 1 <= count <= MOST_LAYERS:
        raise members["meta"].error(f"{count} layers; from 1 to {MOST_LAYERS} are read")
    layers, width = [], 1
    for k in range(count):
        bias = read_vector(found[f"layers.{k}.bias"], None)
        rows = bias.shape[1] if k < count - 1 else 1
        weight = read_matrix(found[f"layers.{k}.weight"], rows, width)
        layers.append(Affine(weight, read_vector(found[f"layers.{k}.bias"], rows)))
        width = rows
    return Network(tuple(layers), ACTIVATIONS[activation])


def _judged(segments: list[_Segment], right: Term) -> CheckReport:
    outcomes: list[tuple[_Segment, str, Outcome]] = []
    for segment in segments:
        if sum(isinstance(outcome, Open) for *_, outcome in outcomes) >= MOST_OPEN:
            outcomes.append((segment, "it and what follows", Open(0)))
            break
        outcomes += [(segment, name, found) for name, found in _outcomes(segment, right).items()]
    for before, after in pairwise(segments):
        outcomes += [(after, name, found) for name, found in _continued(before, after).items()]
    findings, unsettled = [], []
    for segment, name, outcome in outcomes:
        path = segment.place.path
        if isinstance(outcome, Broken):
            message = f"{name}: false at t = {outcome.point}"
            findings.append(Finding(path, message, outcome.end, outcome.value, BINARY64))
        elif isinstance(outcome, Open):
            unsettled.append(f"{path}: {name}: not settled in {outcome.pieces} pieces")
    if findings or not unsettled:
        said = "the networks are a sub- and a supersolution over every segment, exactly"
        return judged(NAME, ANSWERS, findings, said, semantics=Semantics.EXACT)
    return undecided(NAME, ANSWERS, *unsettled, semantics=Semantics.EXACT)


def _outcomes(segment: _Segment, right: Term) -> dict[str, Outcome]:
    """What becomes of each inequality of a segment."""
    terms = {
        "u_L ≤ u_U": high - low,
        "u_L' ≤ f(t, u_L)": substitute(right, {"u": low}) - low1,
        "f(t, u_U) ≤ u_U'": high1 - substitute(right, {"u": high}),
    }
    networks = {"low": segment.lower, "high": segment.upper}
    prepared = curves(networks, 1, terms)
    wanted = dict.fromkeys(terms, Claim(mpq(0), None))
    found = settle(prepared, wanted, segment.start, segment.end, MOST_PIECES)
    ends = {"u_L ≤ lo at the beginning": low, "hi ≤ u_U at the beginning": high}
    first = Claim(None, segment.init[0]), Claim(segment.init[1], None)
    begun = dict(zip(ends, first, strict=True))
    return found | settle(curves(networks, 0, ends), begun, segment.start, segment.start, 1)


def _continued(before: _Segment, after: _Segment) -> dict[str, Outcome]:
    """Whether a segment begins with all that the one before may end with."""
    terms = {"it begins below the end before it": low, "it begins above the end before it": high}
    prepared = curves({"low": before.lower, "high": before.upper}, 0, terms)
    claims = (Claim(after.init[0], None), Claim(None, after.init[1]))
    asked = dict(zip(terms, claims, strict=True))
    return settle(prepared, asked, before.end, before.end, 1)


def _is_smooth(right: Term) -> bool:
    """Whether the right-hand side is smooth wherever t and u are: no steps, poles or divisions."""
    rough = any(one.head in STEPS or domain(one) for one in applications((right,)))
    return not rough and not divisors((right,))


FORMAT = FileFormat(NAME, lambda root: root.has("rhs", "segments"), _check)
