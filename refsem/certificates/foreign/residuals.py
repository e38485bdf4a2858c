"""PINN residuals: bounds of a network u(x) and of a differential expression near listed points.

Recomputed from the file's own weights, exactly: around every listed point, for all x within `eps`
of it (u_minus and u_plus: of the point moved by h), the value of u; the expression of the equation
in u, u' and u''; and the difference quotient (u₊ − 2u + u₋) / h², its three values anywhere
within their own intervals, as the producer means it.

The equation is an expression in u, ux, uxx (or u', u'', u_x, u_xx), set equal to 0. What lies
between the listed points is not claimed, and not checked: the report counts how much of the domain
that is.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

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
    Range,
    Shown,
    curves,
    settle,
    value_range,
)
from refsem.certificates.foreign.intervals import empty_intervals, read_interval
from refsem.certificates.foreign.material import FileFormat, Material
from refsem.certificates.report import (
    Answers,
    CheckReport,
    Finding,
    Semantics,
    judged,
    undecided,
)
from refsem.ir.derivatives import NoDerivativeError
from refsem.ir.evaluation import Prepared
from refsem.ir.expressions import ExpressionError, parse_equation
from refsem.ir.graph import GraphError
from refsem.ir.operators import Op
from refsem.ir.terms import Term, substitute
from refsem.rounding import BINARY64
from refsem.rules.propagation import Method
from refsem.untrusted.decimals import read_decimal, read_integer, read_matrix, read_vector
from refsem.untrusted.strict_json import Value

NAME = "pinn residual"
MOST_PIECES = 256
MOST_POINTS = 1000
RANGE_PIECES = ((1, Method.IBP), (4, Method.CROWN), (32, Method.CROWN))
"""Into how many pieces an interval is cut for the range of u, and how each is bounded, in turn."""

ANSWERS = Answers(
    "bounds of a network and of a differential residual near listed points",
    "anyone: weights and bounds come from the file",
    "around every listed point the bounds hold of u, of the difference quotient, and of the "
    "equation's expression in u and its derivatives, recomputed from the file's weights",
    "the rules of docs/rules.md, each with its obligations, on the network and its derivatives",
    "everything between the listed points and in the rest of the domain; rounding of the network",
)

_ACTIVATIONS = {"tanh": Op.TANH, "sin": Op.SIN}
_NAMES = {"u": "u", "ux": "u'", "u_x": "u'", "u'": "u'", "uxx": "u''", "u_xx": "u''", "u''": "u''"}

_PARTS = ("u_minus", "u", "u_plus")


@dataclass(frozen=True, slots=True, eq=False)
class _Claims:
    """What the file claims: the expression, and around each point bounds of five quantities."""

    expression: Term
    radius: mpq
    step: mpq
    domain: tuple[mpq, mpq]
    points: tuple[mpq, ...]
    values: tuple[Mapping[str, Claim], ...]
    """Of u_minus, u and u_plus, a mapping a point."""
    quotients: tuple[Claim, ...]
    residuals: tuple[Claim, ...]


def _check(material: Material) -> CheckReport:
    root = material.root
    keys = ("model", "pinn", "residual_bounds", "residual_bounds_deriv", "u_bounds")
    members = root.members(keys, ())
    findings = empty_intervals(root, "residual_bounds")
    findings += empty_intervals(root, "residual_bounds_deriv")
    for place in members["u_bounds"].items():
        for name in _PARTS:
            findings += empty_intervals(place, name)
    claims = _claims(members)
    findings += [
        Finding("pinn.points", "a point outside the domain", point)
        for point in claims.points
        if not claims.domain[0] <= point <= claims.domain[1]
    ]
    if findings:
        return judged(NAME, ANSWERS, findings, "", semantics=Semantics.EXACT)
    try:
        return _recomputed(_network(members["model"]), claims)
    except (GraphError, NoDerivativeError) as error:
        return undecided(NAME, ANSWERS, str(error), semantics=Semantics.EXACT)


def _claims(members: Mapping[str, Value]) -> _Claims:
    settings = members["pinn"].members(("pde", "domain", "h", "eps", "points"), ())
    step, radius = read_decimal(settings["h"]), read_decimal(settings["eps"])
    if step <= 0 or radius < 0:
        raise members["pinn"].error("h > 0 and eps ≥ 0 are needed")
    points = tuple(read_vector(settings["points"], None).rationals())
    if not 1 <= len(points) <= MOST_POINTS:
        raise settings["points"].error(f"{len(points)} points; 1 to {MOST_POINTS} are judged")
    rows = members["u_bounds"].items()
    if len(rows) != len(points):
        raise members["u_bounds"].error(f"{len(rows)} entries for {len(points)} points")
    values = []
    for row, point in zip(rows, points, strict=True):
        entry = row.members(("x", *_PARTS), ())
        if read_decimal(entry["x"]) != point:
            raise entry["x"].error(f"is not the point {point}")
        values.append({name: _intervals(entry[name], 1)[0] for name in _PARTS})
    first, last = read_vector(settings["domain"], 2).rationals()
    return _Claims(
        _expression(settings["pde"]),
        radius,
        step,
        (first, last),
        points,
        tuple(values),
        _intervals(members["residual_bounds"], len(points)),
        _intervals(members["residual_bounds_deriv"], len(points)),
    )


def _intervals(place: Value, count: int) -> tuple[Claim, ...]:
    low, high = read_interval(place)
    if len(low) != count:
        raise place.error(f"{len(low)} intervals; {count} were expected")
    return tuple(Claim(a, b) for a, b in zip(low, high, strict=True))


def _expression(place: Value) -> Term:
    """The equation's residual in x, u, u' and u''."""
    text = re.sub(r"\b(u[_x]*'*)\s*\(\s*x\s*\)", r"\1", place.text())
    try:
        found = parse_equation(text, ("x", *_NAMES))
    except ExpressionError as error:
        raise place.error(str(error)) from error
    names = {**_NAMES, "x": VARIABLE}
    return substitute(found, {name: Term(own) for name, own in names.items()})


def _recomputed(network: Network, claims: _Claims) -> CheckReport:
    findings: list[Finding] = []
    unsettled: list[str] = []

    def note(place: str, outcome: Outcome) -> None:
        match outcome:
            case Broken(point, value, end):
                findings.append(Finding(place, f"false at x = {point}", end, value, BINARY64))
            case Open(pieces):
                unsettled.append(f"{place}: not settled in {pieces} pieces")

    value = curves({"u": network}, 0, {"value": Term("u")})
    residual = curves({"u": network}, 2, {"residual": claims.expression})
    for index, point in enumerate(claims.points):
        if len(unsettled) >= MOST_OPEN:
            unsettled.append(f"points from number {index} on were not looked at")
            break
        centres = dict(zip(_PARTS, (point - claims.step, point, point + claims.step), strict=True))
        for name, centre in centres.items():
            ends = centre - claims.radius, centre + claims.radius
            wanted = {"value": claims.values[index][name]}
            note(f"u_bounds[{index}].{name}", settle(value, wanted, *ends, MOST_PIECES)["value"])
        ends = point - claims.radius, point + claims.radius
        wanted = {"residual": claims.residuals[index]}
        outcome = settle(residual, wanted, *ends, MOST_PIECES)["residual"]
        note(f"residual_bounds_deriv[{index}]", outcome)
        note(f"residual_bounds[{index}]", _quotient(value, claims, index, centres))
    facts = {"covered": f"{_covered(claims)} of the domain's length"}
    if findings or not unsettled:
        said = "every bound holds around its point, exactly, for the file's own weights"
        return judged(NAME, ANSWERS, findings, said, semantics=Semantics.EXACT, facts=facts)
    return undecided(NAME, ANSWERS, *unsettled, semantics=Semantics.EXACT)


def _quotient(value: Prepared, claims: _Claims, index: int, centres: Mapping[str, mpq]) -> Outcome:
    """What becomes of the claim about (u₊ − 2u + u₋) / h², its three values independent."""
    outcome: Outcome = Open(0)
    for pieces, method in RANGE_PIECES:
        ranges = {
            name: value_range(
                value, "value", centre - claims.radius, centre + claims.radius, pieces, method
            )
            for name, centre in centres.items()
        }
        found = _combined(ranges, claims.step * claims.step)
        outcome = _held(claims.quotients[index], found, claims.points[index], pieces)
        if not isinstance(outcome, Open):
            break
    return outcome


def _combined(ranges: Mapping[str, Range], square: mpq) -> Range:
    minus, here, plus = (ranges[name] for name in _PARTS)
    return Range(
        (minus.least_at_least + plus.least_at_least - 2 * here.greatest_at_most) / square,
        (minus.least_at_most + plus.least_at_most - 2 * here.greatest_at_least) / square,
        (minus.greatest_at_least + plus.greatest_at_least - 2 * here.least_at_most) / square,
        (minus.greatest_at_most + plus.greatest_at_most - 2 * here.least_at_least) / square,
    )


def _held(claim: Claim, found: Range, point: mpq, pieces: int) -> Outcome:
    """A claim about a range that is known from both sides."""
    if claim.holds(found.least_at_least, found.greatest_at_most):
        return Shown()
    for end in (found.least_at_most, found.greatest_at_least):
        broken = claim.broken(end, end)
        if broken is not None:
            return Broken(point, end, broken)
    return Open(pieces)


def _covered(claims: _Claims) -> mpq:
    """The share of the domain that lies within eps of a listed point."""
    first, last = claims.domain
    if last <= first:
        return mpq(0)
    total, reached = mpq(0), first
    for point in sorted(claims.points):
        low = max(point - claims.radius, reached)
        high = min(point + claims.radius, last)
        if high > low:
            total, reached = total + high - low, high
    return total / (last - first)


def _network(place: Value) -> Network:
    members = place.members(("arch", "activations", "weights"), ())
    names = [one.text() for one in members["activations"].items()]
    if len(set(names)) != 1 or not set(names) <= set(_ACTIVATIONS):
        raise members["activations"].error(f"one of {', '.join(_ACTIVATIONS)} was expected")
    inner = ("Wm", "bm") if members["weights"].has("Wm") else ()
    weights = members["weights"].members(("W1", "b1", *inner, "W2", "b2"), ())
    layers, widths = [], [1]
    for name in ("1", "m", "2") if inner else ("1", "2"):
        bias = read_vector(weights[f"b{name}"], 1 if name == "2" else None)
        layers.append(Affine(read_matrix(weights[f"W{name}"], bias.shape[1], widths[-1]), bias))
        widths.append(bias.shape[1])
    if [read_integer(one, 1, 10**6) for one in members["arch"].items()] != widths:
        raise members["arch"].error(f"the weights are those of {widths}")
    if len(names) != len(layers) - 1:
        raise members["activations"].error(f"{len(layers) - 1} of them were expected")
    return Network(tuple(layers), _ACTIVATIONS[names[0]])


FORMAT = FileFormat(NAME, lambda root: root.has("model", "pinn"), _check)
