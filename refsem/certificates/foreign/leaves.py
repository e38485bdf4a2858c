"""αβ-CROWN leaf artifacts: a box covered by leaves, each with lower bounds above a threshold.

Coverage is decided exactly; a leaf's bounds are recomputed over it when the model is given, entry
i of `lb` being about output i. Without a model nothing about a network was recomputed.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from gmpy2 import mpq

from refsem.certificates.foreign.material import FileFormat, Material, called
from refsem.certificates.foreign.regions import FlatBox, read_box
from refsem.certificates.node_graph import load_covered
from refsem.certificates.report import (
    KEPT,
    Answers,
    CheckReport,
    Finding,
    judged,
    undecided,
)
from refsem.certificates.settling import settle
from refsem.properties.claims import check_fits
from refsem.properties.property import Case, LinearConstraint, Property
from refsem.rounding import BINARY64
from refsem.rules.propagation import NotBoundedError
from refsem.untrusted.decimals import read_decimal, read_integer, read_vector
from refsem.untrusted.strict_json import Value

NAMES = ("abcrown_leaf_artifact_v0_1", "abcrown_leaf_cert_v0_1")
RAW = "abcrown raw leaf dump"

MARGIN_TOLERANCE = mpq(1, 10**6)
"""How far the redundant `witness_margin` may lie from lb − threshold, as the format says."""

COVER_STEPS = 5_000_000
"""Intervals compared while deciding coverage; beyond them it is undecided."""

ANSWERS = Answers(
    "a box of inputs, leaves that are to cover it, and lower bounds of outputs over each leaf",
    "anyone: any split and any bounds",
    "leaves lie in the root and cover it; some bound of each lies above its threshold; with a "
    "model, no output of it is below its bound anywhere in the leaf, by exact CROWN",
    "a cover by leaves: what holds on every leaf holds on the root; rules as in docs/rules.md",
    "what the rows of `lb` mean beyond output i of the given model; how the leaves were found",
)


@dataclass(frozen=True, slots=True, eq=False)
class _Leaf:
    """A leaf: its box, bounds and thresholds, and where it stands."""

    box: FlatBox
    bounds: tuple[mpq, ...]
    findings: tuple[Finding, ...]


def _check_artifact(material: Material) -> CheckReport:
    members = material.root.members(("format", "input_dim", "root", "leaves"), ())
    dimension = read_integer(members["input_dim"], 1, 10**6)
    root = read_box(_boxed(members["root"]), "lo", "hi", dimension)
    leaves = [_leaf(place, dimension) for place in members["leaves"].items()]
    return _judge(material, members["format"].text(), root, leaves)


def _check_raw(material: Material) -> CheckReport:
    members = material.root.members(("root", "domains"), ())
    root = read_box(_boxed(members["root"]), "lo", "hi", None)
    leaves = []
    for place in members["domains"].items():
        place.members(("x_L", "x_U", "lower_bounds", "thresholds"), ())
        box = read_box(place, "x_L", "x_U", root.size)
        leaves.append(_bounded(place, box, "lower_bounds", "thresholds", None))
    return _judge(material, RAW, root, leaves)


def _boxed(place: Value) -> Value:
    place.members(("lo", "hi"), ())
    return place


def _leaf(place: Value, dimension: int) -> _Leaf:
    optional = ("witness_idx", "witness_margin")
    members = place.members(("lo", "hi", "lb", "threshold"), optional)
    witness = members.get("witness_idx")
    box = read_box(place, "lo", "hi", dimension)
    leaf = _bounded(place, box, "lb", "threshold", witness)
    margin = members.get("witness_margin")
    if margin is None or margin.absent or witness is None or witness.absent:
        return leaf
    index = read_integer(witness, 0, len(leaf.bounds) - 1)
    thresholds = read_vector(members["threshold"], len(leaf.bounds)).rationals()
    exact, stated = leaf.bounds[index] - thresholds[index], read_decimal(margin)
    if abs(exact - stated) <= MARGIN_TOLERANCE:
        return leaf
    wrong = Finding(margin.path, "is not lb − threshold", stated, exact, BINARY64)
    return _Leaf(box, leaf.bounds, (*leaf.findings, wrong))


def _bounded(place: Value, box: FlatBox, lb: str, threshold: str, witness: Value | None) -> _Leaf:
    members = place.entries()
    bounds = read_vector(members[lb], None).rationals()
    thresholds = read_vector(members[threshold], len(bounds)).rationals()
    rows = range(len(bounds))
    if witness is not None and not witness.absent:
        rows = range(index := read_integer(witness, 0, len(bounds) - 1), index + 1)
    findings = box.findings()
    if not any(bounds[row] > thresholds[row] for row in rows):
        findings.append(Finding(members[lb].path, "no stated bound lies above its threshold"))
    return _Leaf(box, tuple(bounds), tuple(findings))


def _judge(material: Material, name: str, root: FlatBox, leaves: list[_Leaf]) -> CheckReport:
    findings = root.findings()
    for index, leaf in enumerate(leaves):
        findings += leaf.findings
        if not (
            root.lower.less_equal(leaf.box.lower).all()
            and leaf.box.upper.less_equal(root.upper).all()
        ):
            findings.append(Finding(leaf.box.place, f"leaf {index} leaves the root"))
    if not findings:
        gap = uncovered(root, [leaf.box for leaf in leaves])
        if isinstance(gap, str):
            return undecided(name, ANSWERS, gap)
        if gap is not None:
            point = ", ".join(str(value) for value in gap[:KEPT])
            findings.append(Finding(root.place, f"no leaf contains the point ({point})"))
    if findings:
        return judged(name, ANSWERS, findings, "")
    covered = f"{len(leaves)} leaves cover the root, exactly"
    if material.model is None:
        absent = "leaf bounds not recomputed: no model given (--model)"
        return undecided(name, ANSWERS, absent, covered)
    return _with_model(material, name, leaves, covered)


def _with_model(material: Material, name: str, leaves: list[_Leaf], covered: str) -> CheckReport:
    assert material.model is not None  # noqa: S101  the caller looked
    prepared = load_covered(material.model)
    inputs, outputs = leaves[0].box.size, max(len(leaf.bounds) for leaf in leaves)
    cases, places = [], []
    for index, leaf in enumerate(leaves):
        lower, upper = leaf.box.lower.rationals(), leaf.box.upper.rationals()
        for row, bound in enumerate(leaf.bounds):
            below = LinearConstraint((), ((row, mpq(1)),), bound, strict=True)
            cases.append(Case(tuple(lower), tuple(upper), (below,)))
            places.append(f"leaf {index}, output {row}")
    property_ = Property(inputs, outputs, tuple(cases))
    check_fits(prepared, property_, str(material.file))
    try:
        settled = settle(prepared, property_, {})
    except NotBoundedError as error:
        return undecided(name, ANSWERS, str(error), covered)
    findings = [
        Finding(places[case], f"an input of the leaf gives less: ({', '.join(map(str, point))})")
        for case, point in sorted(settled.witnesses.items())
    ]
    still_open = len(cases) - len(settled.shown) - len(findings)
    if still_open and not findings:
        left = f"{still_open} of {len(cases)} leaf bounds neither confirmed nor refuted"
        return undecided(name, ANSWERS, left, covered)
    return judged(name, ANSWERS, findings, f"{covered}; all {len(cases)} bounds confirmed")


# coverage


Interval = tuple[mpq, mpq]
Box = tuple[Interval, ...]


def uncovered(root: FlatBox, leaves: list[FlatBox]) -> tuple[mpq, ...] | str | None:
    """A point of the root in no leaf; None if there is none; a reason if it took too long.

    What a leaf leaves of a box is at most two boxes a coordinate. Faces may be left aside: leaves
    are closed, and finitely many closed sets covering all but a face cover the face too.
    """
    boxes = [_intervals(leaf) for leaf in leaves]
    pending, steps = [(_intervals(root), 0)], 0
    while pending:
        box, first = pending.pop()
        for index in range(first, len(boxes)):
            steps += len(box)
            if steps > COVER_STEPS:
                return f"coverage undecided after {COVER_STEPS} comparisons"
            if _overlap(box, boxes[index]):
                pending.extend((rest, index + 1) for rest in _without(box, boxes[index]))
                break
        else:
            return tuple((low + high) / 2 for low, high in box)
    return None


def _intervals(box: FlatBox) -> Box:
    return tuple(zip(box.lower.rationals(), box.upper.rationals(), strict=True))


def _overlap(box: Box, leaf: Box) -> bool:
    """Whether the leaf covers more of the box than a face."""
    return all(
        low <= start <= high if start == end else max(start, low) < min(end, high)
        for (start, end), (low, high) in zip(box, leaf, strict=True)
    )


def _without(box: Box, leaf: Box) -> Iterator[Box]:
    """The box without the leaf, as boxes that overlap in faces only."""
    rest = list(box)
    for axis, ((start, end), (low, high)) in enumerate(zip(box, leaf, strict=True)):
        if start < low:
            yield (*rest[:axis], (start, low), *rest[axis + 1 :])
        if high < end:
            yield (*rest[:axis], (high, end), *rest[axis + 1 :])
        rest[axis] = (max(start, low), min(end, high))


FORMATS = (
    FileFormat("abcrown leaf artifact", called(*NAMES), _check_artifact, uses=("model",)),
    FileFormat(RAW, lambda root: root.has("root", "domains"), _check_raw, uses=("model",)),
)
