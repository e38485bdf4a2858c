"""`robust_margin_cert_v0_1`: a linear classifier's logits over L∞ balls around a data set.

The weights and the data are given, or lie beside the report under the names and the SHA-256 that
it states; in either case what is stated of their SHA-256 must be true. Logits of a linear
classifier are bounded exactly by intervals, so an end inward of the recomputed one is false.

Whether inputs are clipped to [0, 1] the format does not say: ends are held against the clipped
ball, whose bounds are the tighter ones, and both counts are reported. An example that is not in
[0, 1] itself is in no clipped ball, and an example that stands twice would be counted twice: both
are findings.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from gmpy2 import mpq

from refsem.certificates.comparison import TOLERANCE, apart, inward
from refsem.certificates.foreign.digits import Classifier, Example, read_classifier, read_examples
from refsem.certificates.foreign.material import FileFormat, Material, beside, called
from refsem.certificates.foreign.regions import FlatBox, read_box
from refsem.certificates.report import (
    Answers,
    CheckReport,
    Finding,
    Semantics,
    judged,
    undecided,
)
from refsem.exact import ExactTensor
from refsem.exact.tensor import concatenate
from refsem.rounding import BINARY64, Mode, exact_value, round_to
from refsem.untrusted.decimals import read_decimal, read_integer
from refsem.untrusted.strict_json import Value, read_json

NAME = "robust_margin_cert_v0_1"

ANSWERS = Answers(
    "bounds of the logits of a linear classifier over L∞ balls around the examples of a data set",
    "anyone: bounds, predictions and counts come from the report; weights and data from files "
    "with the stated hashes",
    "exact interval bounds from weights and data; predictions; who is certified; the counts",
    "dot_product_interval of docs/rules.md, exact for one linear layer",
    "whether weights and data are those meant; rounding of the executed classifier",
)

_META = ("weights_path", "dataset_path", "weights_sha256", "dataset_sha256")


@dataclass(frozen=True, slots=True, eq=False)
class _Row:
    """One example of the report, as stated."""

    path: str
    identity: int
    label: int
    prediction: int
    box: FlatBox
    certified: bool | None


def _check(material: Material) -> CheckReport:
    keys = ("format", "norm", "method", "eps", "input_dim", "num_classes", "examples")
    members = material.root.members(keys, ("meta", "summary"))
    for key, only in (("norm", "linf"), ("method", "ibp_linear")):
        if members[key].text() != only:
            raise members[key].error(f"{members[key].text()!r}; only {only!r} is supported")
    radius = read_decimal(members["eps"])
    classes = read_integer(members["num_classes"], 2, 10**5)
    inputs = read_integer(members["input_dim"], 1, 10**6)
    rows = [_read_row(place, classes) for place in members["examples"].items()]
    findings = [finding for row in rows for finding in _consistent(row)]
    findings += _summary(members.get("summary"), rows)
    findings += _repeated(rows)
    if radius < 0:
        findings.append(Finding("eps", f"a radius of {radius}"))
    if not rows:
        findings.append(Finding("examples", "no example: nothing is claimed"))
    files = _files(material, members.get("meta"), findings)
    if findings:
        return judged(NAME, ANSWERS, findings, "", semantics=material.semantics)
    if isinstance(files, str):
        return undecided(NAME, ANSWERS, files, semantics=material.semantics)
    weights, data = files
    classifier = read_classifier(read_json(weights), inputs, classes)
    examples = read_examples(read_json(data), inputs, classes, classifier.divisor)
    return _recompute(material.semantics, rows, radius, classifier, examples)


def _read_row(place: Value, classes: int) -> _Row:
    required = ("id", "label", "pred", "logits_lo", "logits_hi")
    members = place.members(required, ("certified",))
    box = read_box(place, "logits_lo", "logits_hi", classes)
    label, prediction = (read_integer(members[key], 0, classes - 1) for key in ("label", "pred"))
    certified = members["certified"].truth() if "certified" in members else None
    identity = read_integer(members["id"], 0, 10**9)
    return _Row(place.path, identity, label, prediction, box, certified)


# what the report says of itself


def _separated(lower: list[mpq], upper: list[mpq], label: int) -> bool:
    """Whether the label's lower end lies above every other class's upper end."""
    return all(upper[j] < lower[label] for j in range(len(upper)) if j != label)


def _consistent(row: _Row) -> list[Finding]:
    findings = row.box.findings()
    follows = _separated(row.box.lower.rationals(), row.box.upper.rationals(), row.label)
    if row.certified is not None and row.certified != follows:
        findings.append(Finding(f"{row.path}.certified", "does not follow from the stated ends"))
    return findings


def _summary(place: Value | None, rows: list[_Row]) -> list[Finding]:
    if place is None:
        return []
    members = place.members((), ("examples", "nominal_ok", "certified_ok"))
    meant = {
        "examples": len(rows),
        "nominal_ok": sum(row.label == row.prediction for row in rows),
        "certified_ok": sum(
            _separated(row.box.lower.rationals(), row.box.upper.rationals(), row.label)
            for row in rows
        ),
    }
    return [
        Finding(f"summary.{key}", f"is not the report's own count, {meant[key]}")
        for key, stated in members.items()
        if read_integer(stated, 0, 10**9) != meant[key]
    ]


def _repeated(rows: list[_Row]) -> list[Finding]:
    known: set[int] = set()
    findings = []
    for row in rows:
        if row.identity in known:
            findings.append(Finding(f"{row.path}.id", f"example {row.identity} stands here twice"))
        known.add(row.identity)
    return findings


# the files it is about


def _files(
    material: Material, meta: Value | None, findings: list[Finding]
) -> tuple[Path, Path] | str:
    """Weights and data with the stated hashes, or why there are none; a wrong hash is found."""
    stated = {} if meta is None else {k: v.text() for k, v in meta.members((), _META).items()}
    found = []
    for given, path_key, hash_key, what in (
        (material.model, _META[0], _META[2], "weights (--model)"),
        (material.data, _META[1], _META[3], "data (--data)"),
    ):
        path = given if given is not None else beside(material.file, stated.get(path_key, ""))
        if path is None:
            return f"{what} not given, and not beside the report"
        digest = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
        if given is None and hash_key not in stated:
            return f"{what} not given; the report does not state the SHA-256 of the file beside it"
        if hash_key in stated and digest != stated[hash_key]:
            if given is None:
                return f"{what} not given; the file beside the report has another SHA-256"
            findings.append(Finding(f"meta.{hash_key}", f"{path.name} has another SHA-256"))
        found.append(path)
    return found[0], found[1]


# recomputation


@dataclass(frozen=True, slots=True, eq=False)
class _Ends:
    """Recomputed ends of all logits: (examples, classes) each."""

    lower: ExactTensor
    upper: ExactTensor

    def certified(self, labels: list[int]) -> list[bool]:
        """Which examples' labels are separated from every other class."""
        return [
            _separated(self.lower[row].rationals(), self.upper[row].rationals(), label)
            for row, label in enumerate(labels)
        ]


def _ends(classifier: Classifier, inputs: ExactTensor, radius: mpq, *, clip: bool) -> _Ends:
    around = ExactTensor.full((1, 1), radius)
    lower, upper = inputs - around, inputs + around
    if clip:
        zero, one = (ExactTensor.full((1, 1), mpq(end)) for end in (0, 1))
        lower, upper = (end.maximum(zero).minimum(one) for end in (lower, upper))
    return _Ends(*classifier.interval(lower, upper))


def _recompute(
    semantics: Semantics,
    rows: list[_Row],
    radius: mpq,
    classifier: Classifier,
    examples: dict[int, Example],
) -> CheckReport:
    findings = [
        Finding(row.path, "the data set has no such example with this label")
        for row in rows
        if row.identity not in examples or examples[row.identity].label != row.label
    ]
    findings += [
        Finding(row.path, "the example is not in [0, 1], to which inputs are taken to be clipped")
        for row in rows
        if row.identity in examples and not _within(examples[row.identity].values)
    ]
    if findings:
        return judged(NAME, ANSWERS, findings, "", semantics=semantics)
    inputs = concatenate([examples[row.identity].values for row in rows], axis=0)
    logits = classifier.forward(inputs)
    clipped = _ends(classifier, inputs, radius, clip=True)
    inside: list[Finding] = []
    for number, row in enumerate(rows):
        exact = clipped.lower[number : number + 1], clipped.upper[number : number + 1]
        label = f"example {row.identity}"
        inside += inward(row.box, *exact, label, BINARY64)
        if semantics is Semantics.TOLERANCE:
            findings += apart(row.box, *exact, TOLERANCE, label, BINARY64)
        findings += _prediction(row, logits[number].rationals())
    separated = clipped.certified([row.label for row in rows])
    findings += [
        Finding(row.path, "certified, but the recomputed ends do not separate its label")
        for row, really in zip(rows, separated, strict=True)
        if row.certified and not really
    ]
    facts = _facts(rows, logits, separated, inside)
    wide = _ends(classifier, inputs, radius, clip=False).certified([row.label for row in rows])
    facts["certified without clipping"] = f"{sum(wide)} of {len(rows)}"
    count, furthest = _in_binary64(rows, radius, classifier, inputs)
    facts["ends inward, decimals read as binary64"] = str(count)
    facts["worst distance inward, decimals read as binary64"] = furthest
    if semantics is Semantics.EXACT:
        findings += sorted(inside, key=_distance, reverse=True)
    accepted = (
        "bounds, predictions and counts follow from weights and data, inputs clipped to [0, 1]"
    )
    return judged(NAME, ANSWERS, findings, accepted, semantics=semantics, facts=facts)


def _within(values: ExactTensor) -> bool:
    """Whether all values lie in [0, 1]."""
    return all(0 <= value <= 1 for value in values.rationals())


def _distance(finding: Finding) -> mpq:
    assert finding.claimed is not None  # noqa: S101  an inward end has both numbers
    assert finding.recomputed is not None  # noqa: S101
    return abs(finding.claimed - finding.recomputed)


def _prediction(row: _Row, logits: list[mpq]) -> list[Finding]:
    best = max(range(len(logits)), key=logits.__getitem__)
    if row.prediction == best:
        return []
    return [Finding(f"{row.path}.pred", f"the greatest logit is that of class {best}")]


def _facts(
    rows: list[_Row], logits: ExactTensor, separated: list[bool], inside: list[Finding]
) -> dict[str, str | mpq]:
    predictions = [
        max(range(logits.shape[1]), key=logits[number].rationals().__getitem__)
        for number in range(len(rows))
    ]
    right = sum(row.label == best for row, best in zip(rows, predictions, strict=True))
    ends = sum(2 * row.box.size for row in rows)
    worst = max((_distance(finding) for finding in inside), default=mpq(0))
    return {
        "nominal": f"{right} of {len(rows)}",
        "certified with inputs clipped to [0, 1]": f"{sum(separated)} of {len(rows)}",
        "ends inward of the exact clipped bound": f"{len(inside)} of {ends}",
        "worst distance inward": worst,
    }


def _in_binary64(
    rows: list[_Row], radius: mpq, classifier: Classifier, inputs: ExactTensor
) -> tuple[int, mpq]:
    """Ends inward, and by how much, when every decimal is first rounded to binary64."""
    ends = _ends(
        Classifier(_nearest(classifier.weight), _nearest(classifier.bias), classifier.divisor),
        _nearest(inputs),
        _nearest(ExactTensor.full((1, 1), radius)).rational(0, 0),
        clip=True,
    )
    lower = _nearest(concatenate([row.box.lower for row in rows], axis=0)) - ends.lower
    upper = ends.upper - _nearest(concatenate([row.box.upper for row in rows], axis=0))
    beyond = [value for side in (lower, upper) for value in side.rationals() if value > 0]
    return len(beyond), max(beyond, default=mpq(0))


def _nearest(values: ExactTensor) -> ExactTensor:
    rounded = [
        exact_value(BINARY64, round_to(BINARY64, Mode.RNE, value, 0))
        for value in values.rationals()
    ]
    return ExactTensor.from_rationals(rounded, values.shape)


FORMAT = FileFormat(
    NAME, called(NAME), _check, (Semantics.EXACT, Semantics.TOLERANCE), ("model", "data")
)
