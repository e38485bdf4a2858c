"""Networks of others, bounded whole: every sample inside, by the script of the benchmark."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

from refsem.errors import InputError
from refsem.ir import load_model

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "every_network.py"
A_FEW = (
    "layer-zoo/batchnorm",
    "layer-zoo/constant",
    "layer-zoo/maxpool",
    "linear2-3_bn1-linear3-1",
)
"""Networks of the data's folder `marabou` that are quick, each with operators of its own."""


@pytest.fixture(scope="module")
def script() -> ModuleType:
    """The benchmark as a module."""
    spec = importlib.util.spec_from_file_location("every_network", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["every_network"] = module
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", A_FEW)
def test_samples_of_a_few_networks_are_inside(data: Path, script: ModuleType, name: str) -> None:
    graph = load_model(data / "networks/marabou" / f"{name}.onnx")
    row = script.measured(graph, tuple(script.Method))
    assert (row.inside, row.outside) == (script.SAMPLES, 0)


def test_a_box_that_is_too_small_is_noticed(data: Path, script: ModuleType) -> None:
    """The output of another region does not hold the samples."""
    graph = load_model(data / "networks/marabou/layer-zoo/maxpool.onnx")
    prepared = script.prepare(graph)
    region, elsewhere = (script.region_of(prepared, seed) for seed in (1, 2))
    state = script.bounded_by(prepared, elsewhere, script.Method.IBP, {}, lambda *_: None)
    inside, outside = script.samples(graph, [state], script.points_of(region, 1))
    assert inside == 0
    assert outside == script.SAMPLES


@pytest.mark.nightly
def test_samples_of_every_network_are_inside(data: Path, script: ModuleType) -> None:
    """All but the 40 with loops and the one in training mode, which the reader refuses."""
    refused = 0
    for path in sorted((data / "networks").rglob("*.onnx")):
        try:
            graph = load_model(path)
        except InputError:
            refused += 1
            continue
        row = script.measured(graph, (script.Method.IBP, script.Method.CROWN))
        assert (row.inside, row.outside) == (script.SAMPLES, 0), path
    assert refused == 41
