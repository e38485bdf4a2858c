"""Branch and bound on the shared controllers and satrelu networks: all decided, and rightly."""

import time
from pathlib import Path

import pytest

from refsem.audit.branching import branch
from refsem.ir import load_model
from refsem.ir.evaluation import prepare
from refsem.properties import load_property
from refsem.properties.claims import region_claims

SECONDS = 600.0

VIOLATED = ("lunarlander_case_safe_0", "lunarlander_case_safe_1", "lunarlander_case_safe_10")
VIOLATED += ("lunarlander_case_safe_11", "lunarlander_case_safe_13")
"""Whatever the names of the files say: an exact point shows each."""


def verdict(model: Path, wanted: Path) -> str:
    prepared = prepare(load_model(model))
    words = set()
    for claims in region_claims(prepared, load_property(wanted)):
        found = branch(prepared, claims, time.monotonic() + SECONDS, lambda *_: None)
        word = "holds" if found.proof is not None else f"undecided: {found.reason}"
        words.add("violated" if found.found else word)
    return "violated" if "violated" in words else "; ".join(sorted(words))


@pytest.mark.parametrize("name", ["unsat_v2_c4", "unsat_v3_c8", "sat_v3_c9", "sat_v13_c62"])
def test_satrelu_networks_that_are_quick(data: Path, name: str) -> None:
    model = data / f"networks/neurocodebench_satrelu/{name}.onnx"
    expected = "violated" if name.startswith("sat_") else "holds"
    assert verdict(model, model.with_suffix(".vnnlib")) == expected


CERSYVE = [
    (f"{system}_{stage}_{part}", f"prop_{system}")
    for system in ("double_integrator", "pendulum", "point_mass")
    for stage in ("pretrain", "finetune")
    for part in ("con", "inv")
]
SLOW = ("pendulum_finetune_inv", "point_mass_finetune_inv")


@pytest.mark.parametrize(("name", "wanted"), [one for one in CERSYVE if one[0] not in SLOW])
def test_cersyve_networks_are_what_they_were_trained_for(
    data: Path, name: str, wanted: str
) -> None:
    folder = data / "networks/cersyve"
    expected = "violated" if "pretrain" in name else "holds"
    assert verdict(folder / f"{name}.onnx", folder / f"{wanted}.vnnlib") == expected


@pytest.mark.nightly
def test_the_slow_cersyve_network_holds(data: Path) -> None:
    folder = data / "networks/cersyve"
    model, wanted = folder / "pendulum_finetune_inv.onnx", folder / "prop_pendulum.vnnlib"
    assert verdict(model, wanted) == "holds"


@pytest.mark.nightly
def test_all_satrelu_networks(data: Path) -> None:
    models = sorted((data / "networks/neurocodebench_satrelu").glob("*.onnx"))
    assert len(models) == 10
    for model in models:
        expected = "violated" if model.stem.startswith("sat_") else "holds"
        assert verdict(model, model.with_suffix(".vnnlib")) == expected, model.stem


@pytest.mark.nightly
def test_all_controllers(data: Path) -> None:
    properties = sorted((data / "networks/rl_benchmarks").glob("*.vnnlib"))
    assert len(properties) == 18
    for wanted in properties:
        model = wanted.parent / f"{wanted.stem.split('_', 1)[0]}.onnx"
        expected = "violated" if wanted.stem in VIOLATED else "holds"
        assert verdict(model, wanted) == expected, wanted.stem
