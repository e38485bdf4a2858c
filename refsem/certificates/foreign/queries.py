"""`crown_query_v1` and `monotonicity_v1`: chains of exact rational layers with a claim on them.

Every parameter is a string holding an exact rational. A query asks W·y + b < 0 (≤ without
`strict`) in every row for all inputs of the box; slopes `alpha` below ReLUs are a hint in [0, 1].
Monotonicity asks that no output falls when inputs rise.
"""

from dataclasses import dataclass
from itertools import pairwise

from gmpy2 import mpq

from refsem.certificates.foreign.chains import SOURCE, Affine, Layer, Rectified, chain
from refsem.certificates.foreign.material import FileFormat, Material, called
from refsem.certificates.foreign.regions import FlatBox
from refsem.certificates.foreign.splines import exact_numbers
from refsem.certificates.report import Answers, CheckReport, Finding, judged, undecided
from refsem.certificates.settling import settle
from refsem.exact import ExactTensor
from refsem.ir.evaluation import evaluate_graph
from refsem.properties.property import Case, LinearConstraint, Property
from refsem.untrusted.decimals import read_integer
from refsem.untrusted.numbers import check_common
from refsem.untrusted.strict_json import Value

QUERY = "crown_query_v1"
MONOTONICITY = "monotonicity_v1"

WIDTH_LIMIT = 10_000

QUERY_ANSWERS = Answers(
    "a chain of exact layers, a box and a linear condition on its output",
    "anyone: slopes below ReLUs are chosen freely in [0, 1]; no bound is taken from the file",
    "the condition's exact CROWN bound over the box, with the file's slopes",
    "the rules of docs/rules.md, each with its obligations; replayed in order",
    "whether the chain is the network meant, and its rounding when executed",
)

MONOTONE_ANSWERS = Answers(
    "a chain of exact layers",
    "anyone: there is nothing to choose",
    "neighbouring affine layers are multiplied out; no weight of the product is negative",
    "sums with weights ≥ 0, and ReLU, keep the order of their arguments; so do compositions",
    "whether the chain is the network meant, and its rounding when executed",
)


@dataclass(frozen=True, slots=True, eq=False)
class _Layers:
    """What was read: the layers, the slopes of each ReLU layer that has some, and illegal ones."""

    layers: tuple[Layer, ...]
    slopes: dict[int, ExactTensor]
    findings: list[Finding]
    outputs: int


def _read_layers(place: Value, inputs: int, optional: tuple[str, ...]) -> _Layers:
    layers: list[Layer] = []
    slopes: dict[int, ExactTensor] = {}
    findings: list[Finding] = []
    width = inputs
    for index, item in enumerate(place.items()):
        kind = item.members(("kind",), ("weights", "bias", *optional))["kind"]
        match kind.text():
            case "linear":
                layers.append(affine := _read_affine(item, ("kind",), width))
                width = affine.bias.size
            case "relu":
                members = item.members(("kind",), optional)
                layers.append(Rectified())
                if "alpha" in members and not members["alpha"].absent:
                    slopes[index] = _row(members["alpha"], width)
                    findings += _illegal(members["alpha"], slopes[index])
            case other:
                raise kind.error(f"{other!r} is no layer; expected linear or relu")
    if not layers:
        raise place.error("a chain without layers")
    return _Layers(tuple(layers), slopes, findings, width)


def _read_affine(place: Value, besides: tuple[str, ...], inputs: int) -> Affine:
    members = place.members((*besides, "weights", "bias"), ())
    rows = members["weights"].items()
    if not 1 <= len(rows) <= WIDTH_LIMIT:
        raise members["weights"].error(f"{len(rows)} rows; 1 to {WIDTH_LIMIT} are read")
    entries = [entry for row in rows for entry in exact_numbers(row, inputs)]
    check_common(members["weights"], entries)
    weight = ExactTensor.from_rationals(entries, (len(rows), inputs))
    return Affine(weight, _row(members["bias"], len(rows)))


def _row(place: Value, length: int) -> ExactTensor:
    entries = exact_numbers(place, length)
    check_common(place, entries)
    return ExactTensor.from_rationals(entries, (1, length))


def _illegal(place: Value, slopes: ExactTensor) -> list[Finding]:
    return [
        Finding(f"{place.path}[{index}]", f"a slope of {slope} is not in [0, 1]")
        for index, slope in enumerate(slopes.rationals())
        if not 0 <= slope <= 1
    ]


def _check_query(material: Material) -> CheckReport:
    members = material.root.members(("format", "input_dim", "input", "layers", "query"), ())
    inputs = read_integer(members["input_dim"], 1, WIDTH_LIMIT)
    ends = members["input"].members(("lo", "hi"), ())
    low, high = _row(ends["lo"], inputs), _row(ends["hi"], inputs)
    box = FlatBox(low, high, ends["lo"].path, ends["hi"].path)
    read = _read_layers(members["layers"], inputs, ("alpha",))
    asked = members["query"].members(("weights", "bias", "strict"), ())
    strict = asked["strict"].truth()
    condition = _read_condition(members["query"], read.outputs)
    findings = box.findings() + read.findings
    if findings:
        return judged(QUERY, QUERY_ANSWERS, findings, "")
    property_ = _unsafe(box, condition, strict)
    prepared, tensors = chain(inputs, read.layers)
    settled = settle(prepared, property_, {tensors[i]: s for i, s in read.slopes.items()})
    findings = [
        Finding(f"query.weights[{row}]", f"fails at the input ({', '.join(map(str, point))})")
        for row, point in sorted(settled.witnesses.items())
    ]
    rows = len(property_.cases)
    if not findings and len(settled.shown) < rows:
        left = f"{rows - len(settled.shown)} of {rows} rows neither proved nor refuted"
        return undecided(QUERY, QUERY_ANSWERS, left)
    return judged(QUERY, QUERY_ANSWERS, findings, f"all {rows} rows proved by exact CROWN")


def _read_condition(place: Value, outputs: int) -> Affine:
    members = place.entries()
    bare = {key: members[key].value for key in ("weights", "bias")}
    return _read_affine(Value(place.file, place.path, bare), (), outputs)


def _unsafe(box: FlatBox, condition: Affine, strict: bool) -> Property:
    """One case a row: the outputs at which W·y + b < 0 (or ≤ 0) fails."""
    lower, upper = tuple(box.lower.rationals()), tuple(box.upper.rationals())
    cases = []
    for row, bias in enumerate(condition.bias.rationals()):
        weights = condition.weight[row].rationals()
        negated = tuple((i, -weight) for i, weight in enumerate(weights) if weight != 0)
        unsafe = LinearConstraint((), negated, bias, strict=not strict)
        cases.append(Case(lower, upper, (unsafe,)))
    return Property(box.size, condition.weight.shape[1], tuple(cases))


# monotonicity


def _check_monotone(material: Material) -> CheckReport:
    members = material.root.members(("format", "input_dim", "layers"), ())
    inputs = read_integer(members["input_dim"], 1, WIDTH_LIMIT)
    read = _read_layers(members["layers"], inputs, ())
    negative = _negative_weight(read.layers)
    if negative is None:
        accepted = "no weight is negative once neighbouring affine layers are multiplied out"
        return judged(MONOTONICITY, MONOTONE_ANSWERS, [], accepted)
    fall = _fall(inputs, read.layers)
    if fall is None:
        reason = f"{negative}, but no fall was found at the points tried"
        return undecided(MONOTONICITY, MONOTONE_ANSWERS, reason)
    return judged(MONOTONICITY, MONOTONE_ANSWERS, [Finding("layers", fall)], "")


def _negative_weight(layers: tuple[Layer, ...]) -> str | None:
    """The first negative weight of the multiplied-out layers, in words; None if there is none."""
    product: ExactTensor | None = None
    for index, layer in enumerate((*layers, Rectified())):
        if isinstance(layer, Affine):
            product = layer.weight if product is None else layer.weight.matmul(product)
        else:
            if product is not None and min(product.rationals(), default=mpq(0)) < 0:
                return f"a weight before layer {index} is negative"
            product = None
    return None


def _fall(inputs: int, layers: tuple[Layer, ...]) -> str | None:
    """Two points, the second above the first, at which an output falls; None if none was tried.

    Tried are steps along one coordinate, from points where some ReLU of the first affine layer
    turns on or off, and large ones.
    """
    prepared, tensors = chain(inputs, layers)
    steps = [mpq(sign * 10**power) for power in range(-3, 7, 3) for sign in (1, -1)]
    steps = sorted({*steps, mpq(0)})
    for axis in range(min(inputs, 64)):
        for base in (mpq(0), mpq(1), mpq(-1), mpq(10**6), mpq(-(10**6))):
            rows = [[step if i == axis else base for i in range(inputs)] for step in steps]
            points = ExactTensor.from_rationals(
                [value for row in rows for value in row], (len(rows), inputs)
            )
            values = evaluate_graph(prepared, {SOURCE: points})[tensors[-1]]
            for lower, upper in pairwise(range(len(rows))):
                if values[upper].less(values[lower]).any():
                    ends = ["(" + ", ".join(map(str, rows[r][:20])) + ")" for r in (lower, upper)]
                    return f"an output falls from {ends[0]} to {ends[1]}"
    return None


FORMATS = (
    FileFormat(QUERY, called(QUERY), _check_query),
    FileFormat(MONOTONICITY, called(MONOTONICITY), _check_monotone),
)
