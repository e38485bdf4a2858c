"""Judging in tests; every witness is checked again in plain fractions, not in refsem's arithmetic.

case = Judged.of(model, [box], bounds_file(box, claims))
check_escapes(case)
assert case.report.verdict == "sound"
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from gmpy2 import mpq
from plain_network import Bounds, PlainNetwork, Vector

from refsem.audit.network import silent
from refsem.certificates.bounds_file import BoundsFile, Claimed
from refsem.certificates.judgement import BoundsReport, Escape, Finding, judge_bounds
from refsem.exact import ExactTensor
from refsem.ir import load_model
from refsem.ir.evaluation import prepare
from refsem.properties import Property
from refsem.properties.property import LinearConstraint
from refsem.rules.propagation import Method
from refsem.rules.trace import Region
from refsem.search.alpha import bounded_by

Claims = Mapping[str, tuple[Sequence[Fraction | None], Sequence[Fraction | None]]]


def rational(value: Fraction | None) -> mpq | None:
    return None if value is None else mpq(value.numerator, value.denominator)


def bounds_file(box: Bounds, claims: Claims, *, method: str = "ibp") -> BoundsFile:
    """The claims as a file that was read; None is no claim."""
    lower, upper = ([rational(end) for end in ends] for ends in box)
    tensors = {
        name: Claimed(tuple(map(rational, low)), tuple(map(rational, high)))
        for name, (low, high) in claims.items()
    }
    return BoundsFile("a test", method, Claimed(tuple(lower), tuple(upper)), tensors)


@dataclass(frozen=True, slots=True)
class Judged:
    """A judgement and all that went into it."""

    network: PlainNetwork
    boxes: Sequence[Bounds]
    file: BoundsFile
    report: BoundsReport

    @classmethod
    def of(
        cls, model: Path, boxes: Sequence[Bounds], file: BoundsFile, audit: Method = Method.CROWN
    ) -> "Judged":
        prepared = prepare(load_model(model))
        source = prepared.graph.inputs[0]
        states = []
        for box in boxes:
            lower, upper = (ExactTensor.from_rationals(map(mpq, e)).reshape(1, -1) for e in box)
            region = Region({source: (lower, upper)})
            states.append(bounded_by(prepared, region, audit, {}, silent))
        return cls(PlainNetwork.read(model), boxes, file, judge_bounds(file, tuple(states)))

    def counts(self, finding: Finding) -> dict[str, int]:
        """How often something was found, for each tensor where it was."""
        found = {t.tensor: {**t.endpoints, **t.steps} for t in self.report.tensors}
        return {name: all_[finding] for name, all_ in found.items() if all_.get(finding)}


def check_escapes(case: Judged) -> int:
    """How many witnesses there are; each lies where it says and has the value it says."""
    for escape in case.report.escapes():
        claims = case.file.input if escape.finding is Finding.NOT_CONTAINED else None
        if claims is None:
            claims = case.file.tensors[escape.tensor]
        assert escape.side in ("lower", "upper")
        claimed = (claims.lower if escape.side == "lower" else claims.upper)[escape.index]
        assert claimed == escape.claimed
        assert escape.exact < claimed if escape.side == "lower" else escape.exact > claimed
        assert escape.ulps > 0
        check_point(case, escape)
    return len(case.report.escapes())


def check_point(case: Judged, escape: Escape) -> None:
    point = {name: [Fraction(str(v)) for v in values] for name, values in escape.point}
    found = case.network.values(point, escape.tensor)[escape.tensor][escape.index]
    assert found == Fraction(str(escape.exact))
    if escape.finding is Finding.BROKEN:
        for name, values in point.items():
            claims = case.file.input if name == case.network.source else case.file.tensors[name]
            for low, value, high in zip(claims.lower, values, claims.upper, strict=True):
                assert low is not None
                assert high is not None
                assert low <= value <= high
    else:
        assert set(point) == {case.network.source}
        assert any(contains(box, point[case.network.source]) for box in case.boxes)


def contains(box: Bounds, point: Sequence[Fraction]) -> bool:
    return all(low <= x <= high for low, x, high in zip(box[0], point, box[1], strict=True))


def unsafe_cases(
    network: PlainNetwork, property_: Property, inputs: Sequence[object], looser: Fraction
) -> set[int]:
    """The cases to which this input is a counterexample, all bounds loosened by so much."""
    point = [Fraction(str(value)) for value in inputs]
    outputs = network.values({network.source: point})[network.sink]
    found = set()
    for number, case in enumerate(property_.cases):
        ends = zip(fractions(case.lower), point, fractions(case.upper), strict=True)
        inside = all(low - looser <= value <= high + looser for low, value, high in ends)
        if inside and all(is_met(one, point, outputs, looser) for one in case.unsafe):
            found.add(number)
    return found


def is_met(constraint: LinearConstraint, inputs: Vector, outputs: Vector, looser: Fraction) -> bool:
    total = Fraction(0)
    total += sum(Fraction(str(c)) * inputs[i] for i, c in constraint.inputs)
    total += sum(Fraction(str(c)) * outputs[i] for i, c in constraint.outputs)
    bound = Fraction(str(constraint.bound)) + looser
    return total < bound if constraint.strict else total <= bound


def fractions(values: Iterable[object]) -> Vector:
    return [Fraction(str(value)) for value in values]
