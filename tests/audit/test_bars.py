"""What was promised of sizes: no exact value outside around points of ACAS Xu, and how tight."""

import json
import runpy
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from gmpy2 import mpq
from sampling import escaping, sampled

from refsem.audit.network import silent
from refsem.exact import ExactTensor
from refsem.ir import load_model
from refsem.ir.evaluation import Prepared, evaluate_graph, prepare
from refsem.rules.propagation import Method, Propagation, propagate
from refsem.rules.trace import Region

RADII = [mpq(0), mpq(1, 1000), mpq(1, 100), mpq(1, 10)]
POINTS, EACH = 20, 30
"""With 30 points besides the 32 corners, more than 600 values of five outputs around 20 points."""
SVG = "{http://www.w3.org/2000/svg}"
BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture(scope="module")
def acas(data: Path) -> Prepared:
    return prepare(load_model(data / "networks/acasxu/ACASXU_run2a_1_1_batch_2000.onnx"))


def around(prepared: Prepared, number: int, radius: mpq) -> Region:
    """The box of that radius around a point of the network's normalised inputs."""
    steps = np.random.default_rng(number).integers(-500, 501, 5)
    centre = ExactTensor.from_rationals([mpq(int(step), 1000) for step in steps], (1, 5))
    wide = ExactTensor.full((1, 5), radius)
    return Region({prepared.graph.inputs[0]: (centre - wide, centre + wide)})


def bounded(prepared: Prepared, region: Region, number: int) -> dict[str, int]:
    """How many exact values escape the boxes of either method, by tensor."""
    points = sampled(region, EACH, number)
    values = evaluate_graph(prepared, {prepared.graph.inputs[0]: points})
    found: dict[str, int] = {}
    for method in (Method.IBP, Method.CROWN):
        found |= escaping(propagate(prepared, region, method, {}, silent), values)
    return found


@pytest.mark.parametrize("radius", RADII, ids=str)
def test_no_exact_value_lies_outside_around_a_point(acas: Prepared, radius: mpq) -> None:
    number = RADII.index(radius)
    assert bounded(acas, around(acas, number, radius), number) == {}


@pytest.mark.nightly
@pytest.mark.parametrize("radius", RADII, ids=str)
def test_no_exact_value_lies_outside_around_twenty_points(acas: Prepared, radius: mpq) -> None:
    for number in range(POINTS):
        assert bounded(acas, around(acas, number, radius), number) == {}


def output_box(state: Propagation) -> tuple[ExactTensor, ExactTensor]:
    box = state.replay.box(state.boxes[state.replay.prepared.graph.outputs[0]])
    return box.lower, box.upper


def test_at_radius_0_the_bounds_are_the_value(acas: Prepared) -> None:
    region = around(acas, 5, mpq(0))
    ((lower, _),) = region.boxes.values()
    value = evaluate_graph(acas, {acas.graph.inputs[0]: lower})[acas.graph.outputs[0]]
    for method in (Method.IBP, Method.CROWN):
        below, above = output_box(propagate(acas, region, method, {}, silent))
        assert bool(below.equal(value).all())
        assert bool(above.equal(value).all())


def test_an_end_moved_inward_is_escaped(acas: Prepared) -> None:
    """The check above can fail: of a box that is too small by less than 2^-40."""
    region = around(acas, 6, mpq(0))
    state = propagate(acas, region, Method.IBP, {}, silent)
    points = sampled(region, 1, 1)
    values = dict(evaluate_graph(acas, {acas.graph.inputs[0]: points}))
    name = acas.graph.outputs[0]
    values[name] = values[name] + ExactTensor.full((1, 1), mpq(1, 2**40))
    assert escaping(state, values).keys() == {name}


# how tight


def tightness() -> dict[str, Any]:
    return runpy.run_path(str(BENCHMARKS / "tightness.py"))


def check_widths(data: Path, part: str, method: Method) -> None:
    benchmark = tightness()
    found = [row for row in benchmark["rows"](data) if part in row.name and row.method is method]
    assert found
    for row in found:
        ratios = benchmark["ratios"](data, row)
        assert len(ratios) == len(row.lower)
        assert max(ratios) <= mpq(101, 100), row.name


def test_boxes_on_acas_are_within_1_percent_of_a_float_tools(data: Path) -> None:
    for name, method in (("prop_3.", Method.CROWN), ("", Method.IBP)):
        check_widths(data, f"1_1_batch_2000 over {name}", method)


@pytest.mark.nightly
def test_boxes_of_every_row_are_within_1_percent_of_a_float_tools(data: Path) -> None:
    check_widths(data, "", Method.CROWN)
    check_widths(data, "", Method.IBP)


def test_every_row_of_a_method_we_have_is_compared(data: Path) -> None:
    content = json.loads((data / "reference_bounds.json").read_text("utf-8"))["rows"]
    named = [row["method"] for row in content if row["method"] != "CROWN-IBP"]
    assert len(list(tightness()["rows"](data))) == len(named) == 21


# how cost grows


def test_passes_of_a_fixed_length_are_as_many_applications_a_layer(tmp_path: Path) -> None:
    depth = runpy.run_path(str(BENCHMARKS / "depth.py"))
    counts = {}
    for layers in (4, 5, 6):
        prepared = prepare(depth["chain"]([6] * (layers + 1), 1))
        region = Region({"x": tuple(ExactTensor.full((1, 6), mpq(s, 100)) for s in (-1, 1))})
        state = depth["windowed"](prepared, region)
        counts[layers] = len(state.replay.applications)
        point = {"x": ExactTensor.full((1, 6), mpq(1, 300))}
        assert escaping(state, evaluate_graph(prepared, point)) == {}
    assert counts[6] - counts[5] == counts[5] - counts[4]
    drawn = depth["drawing"]({"one": [(4, 1.0), (8, 2.0)], "two": [(4, 0.5)]})
    (tmp_path / "depth.svg").write_text(drawn)
    circles = ET.parse(tmp_path / "depth.svg").getroot().iter(f"{SVG}circle")  # noqa: S314
    assert len(list(circles)) == 3


def test_the_picture_in_the_documentation_has_every_depth() -> None:
    depth = runpy.run_path(str(BENCHMARKS / "depth.py"))
    root = ET.parse(BENCHMARKS.parent / "docs" / "depth.svg").getroot()  # noqa: S314
    assert len(list(root.iter(f"{SVG}circle"))) == 2 * len(depth["DEPTHS"])
