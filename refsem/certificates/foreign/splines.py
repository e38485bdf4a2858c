"""`piecewise_poly_v0`: a spline in exact rationals, which must interpolate its stated points.

A piece's coefficients are of the powers of x − lo, the constant first.
"""

from gmpy2 import mpq

from refsem.certificates.foreign.material import FileFormat, Material, called
from refsem.certificates.report import Answers, CheckReport, Finding, judged
from refsem.rounding import Infinite
from refsem.untrusted.decimals import read_integer
from refsem.untrusted.numbers import read_number
from refsem.untrusted.strict_json import Value

NAME = "piecewise_poly_v0"

DEGREE_LIMIT = 1000

ANSWERS = Answers(
    "a piecewise polynomial and the points it is to pass through",
    "anyone: coefficients and points are taken from the file",
    "knots ascend; each piece spans neighbouring knots; its exact values there are the points'",
    "none is needed: interpolation is what was recomputed; neighbours meet, so it is continuous",
    "what function the points were taken from, and how well the spline follows it between them",
)


def exact_number(place: Value) -> mpq:
    """The finite rational a string denotes; `InputError` for a number that is no string."""
    number = read_number(place)
    if isinstance(number, Infinite):
        raise place.error("an infinity where a number was expected")
    return number


def exact_numbers(place: Value, length: int | None) -> list[mpq]:
    """The finite rationals a list of strings denotes."""
    items = place.items()
    if length is not None and len(items) != length:
        raise place.error(f"{len(items)} numbers; {length} were expected")
    return [exact_number(item) for item in items]


def check_spline(material: Material) -> CheckReport:
    """Whether every piece interpolates its two points, exactly."""
    members = material.root.members(("format", "degree", "xs", "ys", "pieces"), ())
    degree = read_integer(members["degree"], 0, DEGREE_LIMIT)
    xs = exact_numbers(members["xs"], None)
    ys = exact_numbers(members["ys"], len(xs))
    pieces = members["pieces"].items()
    if len(xs) < 2:
        raise members["xs"].error("at least two knots are needed")
    if len(pieces) != len(xs) - 1:
        raise members["pieces"].error(f"{len(pieces)} pieces between {len(xs)} knots")
    findings = [
        Finding(f"xs[{i + 1}]", "knots do not ascend", xs[i + 1], xs[i])
        for i in range(len(xs) - 1)
        if xs[i] >= xs[i + 1]
    ]
    for index, piece in enumerate(pieces):
        findings += _piece(piece, degree, xs[index : index + 2], ys[index : index + 2])
    return judged(NAME, ANSWERS, findings, f"all {len(pieces)} pieces interpolate, exactly")


def _piece(place: Value, degree: int, xs: list[mpq], ys: list[mpq]) -> list[Finding]:
    members = place.members(("lo", "hi", "coeffs"), ())
    coefficients = exact_numbers(members["coeffs"], degree + 1)
    ends = {name: exact_number(members[name]) for name in ("lo", "hi")}
    findings = []
    for (name, end), x, y in zip(ends.items(), xs, ys, strict=True):
        if end != x:
            findings.append(Finding(members[name].path, "is not the knot", end, x))
        value = _value(coefficients, end - ends["lo"])
        if value != y:
            findings.append(Finding(f"{place.path}.coeffs", f"another value at {name}", y, value))
    return findings


def _value(coefficients: list[mpq], x: mpq) -> mpq:
    total = mpq(0)
    for coefficient in reversed(coefficients):
        total = total * x + coefficient
    return total


FORMAT = FileFormat(NAME, called(NAME), check_spline)
