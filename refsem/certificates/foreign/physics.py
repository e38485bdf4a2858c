"""ODE corridors, PINN residuals and Lyapunov files: what can be judged without derivatives.

These claims rest on derivatives of networks, which refsem does not have yet: at best they are
`undecided`. What is wrong whatever the networks are is `rejected`: slack a file grants itself,
segments that do not meet, intervals that are empty, an equilibrium inside a box on which a
derivative is claimed to be negative.
"""

from itertools import pairwise

from gmpy2 import mpq

from refsem.certificates.foreign.material import FileFormat, Material
from refsem.certificates.report import Answers, CheckReport, Finding, judged, undecided
from refsem.rounding import BINARY64
from refsem.untrusted.decimals import read_decimal, read_vector
from refsem.untrusted.strict_json import Number, Value

ODE, PINN, LYAPUNOV = "ode corridor", "pinn residual", "lyapunov bounds"

NO_DERIVATIVES = "derivatives of networks are not supported yet"

ODE_ANSWERS = Answers(
    "networks u_L ≤ u_U that are to enclose the solution of u' = f(t, u)",
    "anyone: weights, segments and settings come from files",
    "segments meet in time and value, initial intervals are not empty, no slack is granted; the "
    "differential inequalities are not recomputed yet",
    "a comparison theorem for clamped dynamics; not applied here",
    "the inequalities themselves, existence of a solution, rounding of the networks",
)
PINN_ANSWERS = Answers(
    "bounds of a network and of a differential residual at listed points",
    "anyone: weights and bounds come from the file",
    "no interval is empty; residuals are not recomputed yet",
    "none: nothing that was recomputed says anything about the network",
    "the residual, and everything between the listed points and in the rest of the domain",
)
LYAPUNOV_ANSWERS = Answers(
    "bounds of a function V and of its derivative along a flow, over a box",
    "anyone: all bounds come from the file",
    "no interval is empty, the verdicts follow from the bounds, no equilibrium contradicts them",
    "none: nothing that was recomputed says anything about the network",
    "the network, its gradient, and any region of attraction",
)

_AT_ORIGIN = ("van_der_pol", "double_integrator", "linear", "pendulum")
"""Dynamics that rest at the origin, where every derivative along the flow is 0."""


def _empty(place: Value, name: str) -> list[Finding]:
    """The empty interval under a key holding `lo` and `hi`, numbers or lists."""
    if not place.has(name):
        return []
    members = place.entries()[name].entries()
    if "lo" not in members or "hi" not in members:
        raise place.entries()[name].error("the keys 'lo' and 'hi' are needed")
    low, high = (_numbers(members[key]) for key in ("lo", "hi"))
    if len(low) != len(high):
        raise members["hi"].error(f"{len(high)} numbers; {len(low)} were expected")
    return [
        Finding(members["lo"].path, "lower end above the upper end", a, b, BINARY64)
        for a, b in zip(low, high, strict=True)
        if a > b
    ]


def _numbers(place: Value) -> list[mpq]:
    if isinstance(place.value, list):
        return read_vector(place, None).rationals()
    return [read_decimal(place)]


def _check_ode(material: Material) -> CheckReport:
    members = material.root.members(("rhs", "segments"), ("settings",))
    members["rhs"].text()
    segments = members["segments"].items()
    findings = _slack(members["settings"]) if "settings" in members else []
    if not segments:
        findings.append(Finding("segments", "no segment: nothing is claimed"))
    times = []
    for place in segments:
        required = ("t0", "t1", "init", "lowerWeights", "upperWeights")
        segment = place.members(required, ())
        start, end = read_decimal(segment["t0"]), read_decimal(segment["t1"])
        times.append((segment["t0"].path, start, end))
        if start >= end:
            findings.append(Finding(segment["t0"].path, "the segment has no duration", start, end))
        if isinstance(segment["init"].value, Number):
            read_decimal(segment["init"])
        else:
            findings += _empty(place, "init")
    findings += [
        Finding(place, "does not begin where the segment before ends", start, end, BINARY64)
        for (_, _, end), (place, start, _) in pairwise(times)
        if start != end
    ]
    if findings:
        return judged(ODE, ODE_ANSWERS, findings, "")
    return undecided(ODE, ODE_ANSWERS, NO_DERIVATIVES)


def _slack(settings: Value) -> list[Finding]:
    members = settings.entries()
    if "slack" not in members:
        return []
    slack = read_decimal(members["slack"])
    if slack == 0:
        return []
    return [Finding("settings.slack", "a file does not grant itself slack", mpq(0), slack)]


def _check_pinn(material: Material) -> CheckReport:
    root = material.root
    members = root.entries()
    findings = _empty(root, "residual_bounds") + _empty(root, "residual_bounds_deriv")
    for place in members["u_bounds"].items() if "u_bounds" in members else []:
        for name in ("u_minus", "u", "u_plus"):
            findings += _empty(place, name)
    if findings:
        return judged(PINN, PINN_ANSWERS, findings, "")
    return undecided(PINN, PINN_ANSWERS, NO_DERIVATIVES)


def _check_lyapunov(material: Material) -> CheckReport:
    root = material.root
    findings = _empty(root, "region")
    for name in ("V_bounds", "grad_bounds", "Vdot_bounds"):
        findings += _empty(root, name)
    members = root.entries()
    value, rate = (members[name].entries() for name in ("V_bounds", "Vdot_bounds"))
    said = members["verification"].entries()
    rows = (
        ("V_positive", min(_numbers(value["lo"]), default=mpq(0)), 1),
        ("Vdot_negative", max(_numbers(rate["hi"]), default=mpq(0)), -1),
    )
    for name, end, sign in rows:
        if name in said and said[name].truth() and end * sign <= 0:
            findings.append(Finding(said[name].path, "does not follow from the bounds", end))
    if "lyapunov_verified" in said and said["lyapunov_verified"].truth():
        stated = [name in said and said[name].truth() for name, _, _ in rows]
        if not all(stated):
            findings.append(Finding(said["lyapunov_verified"].path, "not both conditions are said"))
    findings += _at_rest(members, rows[1][1])
    if findings:
        return judged(LYAPUNOV, LYAPUNOV_ANSWERS, findings, "")
    return undecided(LYAPUNOV, LYAPUNOV_ANSWERS, NO_DERIVATIVES)


def _at_rest(members: dict[str, Value], rate: mpq) -> list[Finding]:
    """A negative derivative claimed on a box that holds the equilibrium, where it is 0."""
    region = members["region"].entries()
    low, high = _numbers(region["lo"]), _numbers(region["hi"])
    inside = all(a <= 0 <= b for a, b in zip(low, high, strict=True))
    if members["dynamics"].text() not in _AT_ORIGIN or not inside or rate >= 0:
        return []
    message = "the box holds the equilibrium, where the derivative is 0"
    return [Finding("Vdot_bounds.hi", message, rate, mpq(0), BINARY64)]


FORMATS = (
    FileFormat(ODE, lambda root: root.has("rhs", "segments"), _check_ode),
    FileFormat(PINN, lambda root: root.has("model", "pinn"), _check_pinn),
    FileFormat(
        LYAPUNOV,
        lambda root: root.has("dynamics", "region", "V_bounds", "Vdot_bounds", "verification"),
        _check_lyapunov,
    ),
)
