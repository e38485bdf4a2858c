"""Lyapunov files: bounds of a function and of its derivative along a flow, over a box.

Such a file names no network, so that nothing can be recomputed: at best it is `undecided`. What is
wrong whatever the function is is `rejected`: intervals that are empty, verdicts that do not follow
from the bounds, an equilibrium inside a box on which a derivative is claimed to be negative.
"""

from gmpy2 import mpq

from refsem.certificates.foreign.intervals import empty_intervals, numbers
from refsem.certificates.foreign.material import FileFormat, Material
from refsem.certificates.report import Answers, CheckReport, Finding, judged, undecided
from refsem.rounding import BINARY64
from refsem.untrusted.strict_json import Value

NAME = "lyapunov bounds"
NO_NETWORK = "the file has no network: there is nothing to recompute its bounds from"

ANSWERS = Answers(
    "bounds of a function V and of its derivative along a flow, over a box",
    "anyone: all bounds come from the file",
    "no interval is empty, the verdicts follow from the bounds, no equilibrium contradicts them",
    "none: nothing that was recomputed says anything about the network",
    "the network, its gradient, and any region of attraction",
)

_AT_ORIGIN = ("van_der_pol", "double_integrator", "linear", "pendulum")
"""Dynamics that rest at the origin, where every derivative along the flow is 0."""


def _check(material: Material) -> CheckReport:
    root = material.root
    findings = empty_intervals(root, "region")
    for name in ("V_bounds", "grad_bounds", "Vdot_bounds"):
        findings += empty_intervals(root, name)
    members = root.entries()
    value, rate = (members[name].entries() for name in ("V_bounds", "Vdot_bounds"))
    said = members["verification"].entries()
    rows = (
        ("V_positive", min(numbers(value["lo"]), default=mpq(0)), 1),
        ("Vdot_negative", max(numbers(rate["hi"]), default=mpq(0)), -1),
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
        return judged(NAME, ANSWERS, findings, "")
    return undecided(NAME, ANSWERS, NO_NETWORK)


def _at_rest(members: dict[str, Value], rate: mpq) -> list[Finding]:
    """A negative derivative claimed on a box that holds the equilibrium, where it is 0."""
    region = members["region"].entries()
    low, high = numbers(region["lo"]), numbers(region["hi"])
    inside = all(a <= 0 <= b for a, b in zip(low, high, strict=True))
    if members["dynamics"].text() not in _AT_ORIGIN or not inside or rate >= 0:
        return []
    message = "the box holds the equilibrium, where the derivative is 0"
    return [Finding("Vdot_bounds.hi", message, rate, mpq(0), BINARY64)]


FORMAT = FileFormat(
    NAME,
    lambda root: root.has("dynamics", "region", "V_bounds", "Vdot_bounds", "verification"),
    _check,
)
