"""A plain float32 interval propagation, judged: the counts that the documentation states.

On ACAS Xu 1_1, property 1, about half of its 610 affine steps are broken, and about half of the 100
first-layer endpoints are refuted, the rest confirmed: intervals are exact there. On the
integer-weight satrelu networks nothing is: floats compute exactly there.
"""

import json
import runpy
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import pytest
from escape_checks import Judged, check_escapes
from gmpy2 import mpq
from plain_network import PlainNetwork

from refsem.audit.network import silent
from refsem.certificates.bounds_file import read_bounds
from refsem.certificates.judgement import Finding, judge_bounds
from refsem.ir import load_model
from refsem.ir.evaluation import prepare
from refsem.properties import load_property
from refsem.properties.claims import region_claims
from refsem.rules.propagation import Method, Propagation
from refsem.search.alpha import bounded_by

SCRIPT = Path(__file__).parents[2] / "examples/numpy_ibp.py"


def claimed_by_numpy(folder: Path, model: Path, wanted: Path, *, outward: bool = False) -> Path:
    """The bounds file that the example script writes."""
    arguments = [str(model), str(wanted), str(folder / "numpy.json")]
    script = runpy.run_path(str(SCRIPT))
    assert script["main"]([*arguments, *["--outward-input"] * outward]) == 0
    return folder / "numpy.json"


@dataclass(frozen=True, slots=True)
class Audited:
    """The judgement of what numpy claims, and our own propagation."""

    case: Judged
    state: Propagation


def audited(model: Path, wanted: Path, bounds: Path, method: Method) -> Audited:
    prepared, property_ = prepare(load_model(model)), load_property(wanted)
    sha256 = json.loads(bounds.read_text())["model_sha256"]
    file = read_bounds(bounds, prepared, sha256)
    states = tuple(
        bounded_by(prepared, claims.region, method, {}, silent)
        for claims in region_claims(prepared, property_)
    )
    boxes = [
        tuple([Fraction(str(value)) for value in ends] for ends in (case.lower, case.upper))
        for case in property_.cases
    ]
    report = judge_bounds(file, states)
    network = PlainNetwork.read(model)
    return Audited(Judged(network, [(b[0], b[1]) for b in boxes], file, report), states[0])


@pytest.fixture(scope="module")
def acas(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Audited:
    folder = data / "networks/acasxu"
    model, wanted = folder / "ACASXU_run2a_1_1_batch_2000.onnx", folder / "prop_1.vnnlib"
    bounds = claimed_by_numpy(tmp_path_factory.mktemp("acas"), model, wanted)
    return audited(model, wanted, bounds, Method.CROWN)


def affine(case: Judged) -> list[str]:
    relus = {node.output[0] for node in case.network.nodes if node.op_type == "Relu"}
    return [report.tensor for report in case.report.tensors if report.tensor not in relus]


def test_about_half_of_the_affine_steps_are_broken(acas: Audited) -> None:
    names = affine(acas.case)
    reports = {report.tensor: report for report in acas.case.report.tensors}
    steps = [reports[name].steps for name in names]
    assert len(names) == 7
    assert sum(sum(counts.values()) for counts in steps) == 610
    assert 200 <= sum(counts[Finding.BROKEN] for counts in steps) <= 400
    assert sum(counts[Finding.OPEN] for counts in steps) == 0
    assert acas.case.report.count(Finding.BROKEN) == sum(c[Finding.BROKEN] for c in steps)
    assert acas.case.report.verdict == "unsound"


def test_every_first_layer_endpoint_is_decided(acas: Audited) -> None:
    first = acas.case.report.tensors[0]
    assert first.tensor == affine(acas.case)[0]
    assert first.endpoints[Finding.OPEN] == 0
    assert first.endpoints[Finding.REFUTED] + first.endpoints[Finding.CONFIRMED] == 100
    assert 30 <= first.endpoints[Finding.REFUTED] <= 70


def test_each_first_layer_endpoint_is_refuted_exactly_if_false(acas: Audited) -> None:
    """Intervals are exact there: the extreme corner of each neuron, evaluated in fractions."""
    network, (box,) = acas.case.network, acas.case.boxes[:1]
    name = affine(acas.case)[0]
    claimed = acas.case.file.tensors[name]
    values = [network.values({network.source: point}, name)[name] for point in corners(box)]
    false = 0
    for index in range(50):
        column = [Fraction(row[index]) for row in values]
        low, high = claimed.lower[index], claimed.upper[index]
        assert low is not None
        assert high is not None
        false += min(column) < Fraction(str(low))
        false += max(column) > Fraction(str(high))
    assert acas.case.report.tensors[0].endpoints[Finding.REFUTED] == false


def corners(box: tuple[list[Fraction], list[Fraction]]) -> list[list[Fraction]]:
    points: list[list[Fraction]] = [[]]
    for low, high in zip(*box, strict=True):
        points = [[*point, end] for point in points for end in dict.fromkeys((low, high))]
    return points


def test_witnesses_are_true_ones(acas: Audited) -> None:
    assert check_escapes(acas.case) >= 8


def test_each_kind_of_finding_has_a_witness(acas: Audited) -> None:
    found = [escape.finding for escape in acas.case.report.escapes()]
    assert found[0] is Finding.NOT_CONTAINED
    assert {Finding.NOT_CONTAINED, Finding.REFUTED, Finding.BROKEN} <= set(found)


def test_most_endpoints_inside_our_intervals_are_not_refuted(acas: Audited) -> None:
    """Broken is not false: never "half of the bounds are false"."""
    report = acas.case.report
    assert report.endpoints == 1210
    assert report.count(Finding.REFUTED) < report.endpoints // 5


def test_rounding_the_input_box_outward_does_not_repair_the_steps(
    data: Path, tmp_path: Path
) -> None:
    folder = data / "networks/acasxu"
    model, wanted = folder / "ACASXU_run2a_1_1_batch_2000.onnx", folder / "prop_1.vnnlib"
    bounds = claimed_by_numpy(tmp_path, model, wanted, outward=True)
    case = audited(model, wanted, bounds, Method.IBP).case
    assert case.report.input_contains_box
    assert 200 <= case.report.count(Finding.BROKEN) <= 400
    check_escapes(case)


@pytest.mark.parametrize("method", [Method.IBP, Method.CROWN])
def test_on_the_integer_networks_every_bound_and_step_is_sound(
    data: Path, tmp_path: Path, method: Method
) -> None:
    models = sorted((data / "networks/neurocodebench_satrelu").glob("*.onnx"))
    assert len(models) == 10
    for model in models:
        wanted = model.with_suffix(".vnnlib")
        report = audited(
            model, wanted, claimed_by_numpy(tmp_path, model, wanted), method
        ).case.report
        assert (report.verdict, report.escapes()) == ("sound", ())
        assert report.count(Finding.INDUCTIVE) == report.steps == report.endpoints > 0


# the bars for our own bounds


def output_0(state: Propagation) -> tuple[mpq, mpq]:
    box = state.replay.box(state.boxes[state.replay.prepared.graph.outputs[0]])
    return box.lower.rational(0, 0), box.upper.rational(0, 0)


def test_our_crown_bounds_are_at_least_as_tight_as_promised(acas: Audited) -> None:
    lower, upper = output_0(acas.state)
    assert mpq("-410.8378") - mpq(1, 1000) <= lower < upper <= mpq("1662.1881") + mpq(1, 1000)


def test_our_intervals_are_the_known_ones(acas: Audited) -> None:
    prepared = acas.state.replay.prepared
    region = acas.state.replay.regions[0]
    lower, upper = output_0(bounded_by(prepared, region, Method.IBP, {}, silent))
    assert abs(lower - mpq("-1512.696479057")) <= mpq(1, 10**6)
    assert abs(upper - mpq("4214.583871932")) <= mpq(1, 10**6)
