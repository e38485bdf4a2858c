"""`vnnlib_suite_v0_1`: boxes with unsafe sets, to be proved out of reach of a given model.

An instance's `spec` is a list of disjuncts `mat · y ≤ rhs`; it is refuted when every disjunct is
out of reach. An empty list of disjuncts, or a disjunct without rows, claims nothing and everything
respectively: both are rejected.
"""

from gmpy2 import mpq

from refsem.certificates.foreign.material import FileFormat, Material, called
from refsem.certificates.foreign.regions import read_box
from refsem.certificates.node_graph import load_covered
from refsem.certificates.report import Answers, CheckReport, Finding, judged, undecided
from refsem.certificates.settling import settle
from refsem.properties.claims import check_fits
from refsem.properties.property import Case, LinearConstraint, Property
from refsem.rules.propagation import NotBoundedError
from refsem.untrusted.decimals import read_matrix, read_vector
from refsem.untrusted.strict_json import Value

NAME = "vnnlib_suite_v0_1"

ANSWERS = Answers(
    "boxes of inputs, each with a set of unsafe outputs",
    "anyone: a suite brings questions, no bounds",
    "with a model: every disjunct of every instance is out of reach, by exact CROWN",
    "the rules of docs/rules.md, each with its obligations; replayed in order",
    "whether the suite is the property meant; the network's rounding when executed",
)


def _check(material: Material) -> CheckReport:
    members = material.root.members(("format", "instances"), ())
    findings: list[Finding] = []
    cases: list[Case] = []
    places: list[Value] = []
    for place in members["instances"].items():
        instance = place.members(("id", "input_lo", "input_hi", "spec"), ())
        box = read_box(place, "input_lo", "input_hi", None)
        findings += box.findings()
        disjuncts = instance["spec"].items()
        if not disjuncts:
            findings.append(Finding(instance["spec"].path, "an empty specification: no claim"))
        for disjunct in disjuncts:
            unsafe = _disjunct(disjunct)
            if not unsafe:
                findings.append(Finding(disjunct.path, "no rows: every output is unsafe"))
            cases.append(Case(tuple(box.lower.rationals()), tuple(box.upper.rationals()), unsafe))
            places.append(disjunct)
    if not cases and not findings:
        findings.append(Finding("instances", "an empty suite: no claim"))
    if findings:
        return judged(NAME, ANSWERS, findings, "")
    if material.model is None:
        return undecided(NAME, ANSWERS, "no model given (--model)")
    return _with_model(material, cases, places)


def _disjunct(place: Value) -> tuple[LinearConstraint, ...]:
    members = place.members(("mat", "rhs"), ())
    bounds = read_vector(members["rhs"], None).rationals()
    if not bounds and members["mat"].value == []:
        return ()
    matrix = read_matrix(members["mat"], len(bounds), None)
    return tuple(
        LinearConstraint((), _coefficients(matrix[row].rationals()), bound, strict=False)
        for row, bound in enumerate(bounds)
    )


def _coefficients(row: list[mpq]) -> tuple[tuple[int, mpq], ...]:
    return tuple((index, value) for index, value in enumerate(row) if value != 0)


def _with_model(material: Material, cases: list[Case], places: list[Value]) -> CheckReport:
    assert material.model is not None  # noqa: S101  the caller looked
    prepared = load_covered(material.model)
    inputs = len(cases[0].lower)
    outputs = prepared.graph.node(prepared.graph.outputs[0]).size
    for case, place in zip(cases, places, strict=True):
        if len(case.lower) != inputs:
            raise place.error("its box is of another number of inputs than the first one's")
        read_matrix(place.entries()["mat"], len(case.unsafe), outputs)
    property_ = Property(inputs, outputs, tuple(cases))
    check_fits(prepared, property_, str(material.file))
    try:
        settled = settle(prepared, property_, {})
    except NotBoundedError as error:
        return undecided(NAME, ANSWERS, str(error))
    findings = [
        Finding(places[case].path, f"is met at the input ({', '.join(map(str, point))})")
        for case, point in sorted(settled.witnesses.items())
    ]
    if not findings and len(settled.shown) < len(cases):
        left = f"{len(cases) - len(settled.shown)} of {len(cases)} disjuncts neither shown nor met"
        return undecided(NAME, ANSWERS, left)
    return judged(NAME, ANSWERS, findings, f"all {len(cases)} disjuncts are out of reach")


FORMAT = FileFormat(NAME, called(NAME), _check, uses=("model",))
