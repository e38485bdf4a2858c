"""The sampled truth never escapes our bounds, and the test that says so can fail.

Every tensor of every network is compared, not only the outputs, at the corners of the box and at
random points of it; both sides are exact, so there is no tolerance.
"""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from gmpy2 import mpq
from sampling import corner_points, escapes, escaping, random_points, sampled

from refsem.audit.network import silent
from refsem.exact import ExactTensor
from refsem.ir import load_model
from refsem.ir.evaluation import Prepared, evaluate_graph, prepare
from refsem.properties import load_property
from refsem.properties.claims import RegionClaims, region_claims
from refsem.rules.propagation import Method
from refsem.rules.trace import Box, Region
from refsem.search.alpha import bounded_by

ACAS = [f"{i}_{j}" for i in range(1, 6) for j in range(1, 10)]
POINTS = 200
NIGHTLY_POINTS, BATCH = 10_000, 500


def acas(data: Path, network: str, number: int) -> tuple[Prepared, tuple[RegionClaims, ...]]:
    folder = data / "networks/acasxu"
    prepared = prepare(load_model(folder / f"ACASXU_run2a_{network}_batch_2000.onnx"))
    return prepared, region_claims(prepared, load_property(folder / f"prop_{number}.vnnlib"))


def evaluated(prepared: Prepared, points: ExactTensor) -> Mapping[str, ExactTensor]:
    return evaluate_graph(prepared, {prepared.graph.inputs[0]: points})


FIXED = (Method.IBP, Method.CROWN)
"""Methods whose slopes are not optimised: quick enough for every network."""


def check(prepared: Prepared, region: Region, methods: tuple[Method, ...], points: int) -> None:
    """No value at so many points, besides the corners, escapes the bounds of any method."""
    states = [bounded_by(prepared, region, method, {}, silent) for method in methods]
    for seed in range(0, points, BATCH):
        values = evaluated(prepared, sampled(region, min(points - seed, BATCH), seed))
        for state in states:
            assert escaping(state, values) == {}


@pytest.mark.parametrize("network", ACAS)
def test_no_sample_escapes_on_acas_property_1(data: Path, network: str) -> None:
    prepared, (claims,) = acas(data, network, 1)
    check(prepared, claims.region, FIXED, POINTS)


@pytest.mark.parametrize(("network", "number"), [("1_1", 3), ("1_9", 4), ("3_3", 3), ("5_9", 4)])
def test_no_sample_escapes_on_other_acas_properties(data: Path, network: str, number: int) -> None:
    prepared, (claims,) = acas(data, network, number)
    check(prepared, claims.region, FIXED, POINTS)


def test_no_sample_escapes_optimised_slopes_on_acas(data: Path) -> None:
    prepared, (claims,) = acas(data, "1_9", 4)
    check(prepared, claims.region, (Method.ALPHA,), POINTS)


@pytest.mark.nightly
@pytest.mark.parametrize("number", [1, 3, 4])
@pytest.mark.parametrize("network", ACAS)
def test_no_sample_of_many_escapes_on_acas(data: Path, network: str, number: int) -> None:
    """Property 2 is over the box of property 1."""
    prepared, (claims,) = acas(data, network, number)
    check(prepared, claims.region, FIXED, NIGHTLY_POINTS)


CONTROLLERS = {
    "cartpole": "cartpole_case_safe_14",
    "lunarlander": "lunarlander_case_safe_0",
    "dubinsrejoin": "dubinsrejoin_case_safe_0",
}


def controller(data: Path, network: str, name: str) -> tuple[Prepared, tuple[RegionClaims, ...]]:
    folder = data / "networks/rl_benchmarks"
    prepared = prepare(load_model(folder / f"{network}.onnx"))
    return prepared, region_claims(prepared, load_property(folder / f"{name}.vnnlib"))


@pytest.mark.parametrize("network", CONTROLLERS)
def test_no_sample_escapes_on_the_controllers(data: Path, network: str) -> None:
    prepared, (claims,) = controller(data, network, CONTROLLERS[network])
    check(prepared, claims.region, FIXED, POINTS // 2)


@pytest.mark.nightly
@pytest.mark.parametrize("network", CONTROLLERS)
def test_no_sample_of_many_escapes_on_the_controllers(data: Path, network: str) -> None:
    for path in sorted((data / "networks/rl_benchmarks").glob(f"{network}_*.vnnlib")):
        prepared, every = controller(data, network, path.stem)
        for claims in every:
            check(prepared, claims.region, tuple(Method), NIGHTLY_POINTS // 10)


def satrelu(data: Path) -> list[Path]:
    return sorted((data / "networks/neurocodebench_satrelu").glob("*.onnx"))


def test_no_sample_escapes_on_the_satrelu_networks(data: Path) -> None:
    assert len(satrelu(data)) == 10
    for path in satrelu(data):
        prepared = prepare(load_model(path))
        wanted = load_property(path.with_suffix(".vnnlib"))
        for claims in region_claims(prepared, wanted):
            check(prepared, claims.region, tuple(Method), POINTS)


def mnist(data: Path, network: str, name: str) -> tuple[Prepared, Region]:
    folder = data / "networks/mnist_fc"
    prepared = prepare(load_model(folder / f"mnist-net_{network}.onnx"))
    (claims,) = region_claims(prepared, load_property(folder / f"{name}.vnnlib"))
    return prepared, claims.region


def test_no_sample_escapes_on_mnist(data: Path) -> None:
    prepared, region = mnist(data, "256x2", "prop_0_0.03")
    check(prepared, region, FIXED, 20)


@pytest.mark.nightly
@pytest.mark.parametrize("name", ["prop_0_0.03", "prop_0_0.05", "prop_1_0.03"])
@pytest.mark.parametrize("network", ["256x2", "256x4"])
def test_no_sample_of_many_escapes_on_mnist(data: Path, network: str, name: str) -> None:
    prepared, region = mnist(data, network, name)
    check(prepared, region, tuple(Method), NIGHTLY_POINTS // 10)


def test_acas_property_2_is_over_the_box_of_property_1(data: Path) -> None:
    boxes = []
    for number in (1, 2):
        _, (claims,) = acas(data, "1_1", number)
        ((lower, upper),) = claims.region.boxes.values()
        boxes.append((lower.rationals(), upper.rationals()))
    assert boxes[0] == boxes[1]


# the test can fail


@pytest.mark.parametrize("side", ["lower", "upper"])
def test_a_shrunk_box_is_noticed(data: Path, side: str) -> None:
    """Any first-layer end moved inward by 10^-40 is escaped at a corner, as intervals are exact."""
    prepared, (claims,) = acas(data, "1_1", 1)
    state = bounded_by(prepared, claims.region, Method.IBP, {}, silent)
    first = next(name for name in prepared.nodes if prepared.nodes[name].size == 50)
    box = state.replay.box(state.boxes[first])
    values = evaluated(prepared, corner_points(claims.region, 32, 0))[first]
    assert escapes(box, values) == 0
    for index in range(50):
        step = [mpq(i == index, 10**40) for i in range(50)]
        inward = ExactTensor.from_rationals(step).reshape(1, -1)
        shrunk = Box(
            first,
            box.lower + inward if side == "lower" else box.lower,
            box.upper - inward if side == "upper" else box.upper,
        )
        assert escapes(shrunk, values) >= 1


def test_a_box_shrunk_at_the_output_is_noticed(data: Path) -> None:
    """A box narrower than the samples, by one part in a thousand, is escaped in every entry."""
    prepared, (claims,) = acas(data, "1_1", 1)
    output = prepared.graph.outputs[0]
    values = evaluated(prepared, random_points(claims.region, 50, 0))[output]
    rows = np.argmin(values.numerators, axis=0), np.argmax(values.numerators, axis=0)
    least, greatest = (values[row, np.arange(5)].reshape(1, -1) for row in rows)
    assert escapes(Box(output, least, greatest), values) == 0
    inward = (greatest - least) * ExactTensor.full((1, 1), mpq(1, 1000))
    assert escapes(Box(output, least + inward, greatest - inward), values) >= 10


def test_the_points_lie_in_the_box_and_meet_its_ends(data: Path) -> None:
    _, (claims,) = acas(data, "1_1", 3)
    ((lower, upper),) = claims.region.boxes.values()
    points = sampled(claims.region, 100, 0)
    assert points.shape == (132, 5)
    assert (lower.less_equal(points) & points.less_equal(upper)).all()
    assert lower.equal(points).any(axis=0).all()
    assert upper.equal(points).any(axis=0).all()
