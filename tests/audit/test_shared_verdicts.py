"""Verdicts on the networks others use: never against what is known, every witness checked again.

Known: the satrelu verdicts, by construction; of ACAS Xu, that property 1 holds throughout, and that
3 and 4 fail on networks 1_7, 1_8, 1_9 only (Katz et al. 2017). A witness is evaluated in plain
fractions, from the ONNX file, by code that shares nothing with refsem.
"""

from fractions import Fraction
from pathlib import Path

import pytest
from escape_checks import unsafe_cases
from plain_network import PlainNetwork

from refsem.audit.findings import NetworkAudit, Verdict
from refsem.audit.network import audit_network, silent
from refsem.ir import load_model
from refsem.ir.evaluation import prepare
from refsem.properties import load_property
from refsem.properties.claims import check_fits
from refsem.rules.propagation import Method

ACAS = [f"{i}_{j}" for i in range(1, 6) for j in range(1, 10)]
FAILING = ("1_7", "1_8", "1_9")

FIXED = (Method.IBP, Method.CROWN)


def audited(model: Path, wanted: Path, method: Method) -> NetworkAudit:
    """The audit, every witness in it checked again."""
    prepared, property_ = prepare(load_model(model)), load_property(wanted)
    check_fits(prepared, property_, wanted.name)
    found = audit_network(prepared, property_, method, silent)
    network = PlainNetwork.read(model)
    for region in found.regions:
        for case, witness in region.witnesses.items():
            assert witness.case == case
            assert case in unsafe_cases(network, property_, witness.inputs, Fraction(0))
            outputs = network.values({network.source: list(witness.inputs)})[network.sink]
            assert outputs == [Fraction(str(value)) for value in witness.outputs]
    assert (found.verdict is Verdict.VIOLATED) == (found.witness() is not None)
    if found.verdict is Verdict.VIOLATED:
        assert found.tolerant is Verdict.VIOLATED
    assert not any(record.surprising for record in found.judged())
    return found


def acas(data: Path, network: str, number: int, method: Method) -> Verdict:
    folder = data / "networks/acasxu"
    model = folder / f"ACASXU_run2a_{network}_batch_2000.onnx"
    return audited(model, folder / f"prop_{number}.vnnlib", method).verdict


SHOWN = [
    ("1_1", 1, Verdict.UNDECIDED),
    ("2_3", 2, Verdict.VIOLATED),
    ("5_7", 3, Verdict.HOLDS),
    ("1_7", 4, Verdict.VIOLATED),
]


@pytest.mark.parametrize(("network", "number", "verdict"), SHOWN)
def test_some_verdicts_on_acas(data: Path, network: str, number: int, verdict: Verdict) -> None:
    assert acas(data, network, number, Method.CROWN) is verdict


@pytest.mark.nightly
@pytest.mark.parametrize("method", FIXED)
@pytest.mark.parametrize("number", [1, 2, 3, 4])
@pytest.mark.parametrize("network", ACAS)
def test_no_verdict_on_acas_contradicts_what_is_known(
    data: Path, network: str, number: int, method: Method
) -> None:
    found = acas(data, network, number, method)
    if number == 1 or (number in (3, 4) and network not in FAILING):
        assert found is not Verdict.VIOLATED
    if number in (3, 4) and network in FAILING:
        assert found is not Verdict.HOLDS


@pytest.mark.parametrize("method", list(Method))
def test_no_verdict_on_satrelu_contradicts_its_construction(data: Path, method: Method) -> None:
    models = sorted((data / "networks/neurocodebench_satrelu").glob("*.onnx"))
    assert len(models) == 10
    for model in models:
        found = audited(model, model.with_suffix(".vnnlib"), method)
        if model.stem.startswith("sat_"):
            assert found.verdict is Verdict.VIOLATED
        else:
            assert found.verdict is not Verdict.VIOLATED
            assert found.tolerant is not Verdict.VIOLATED


def controllers(data: Path, *networks: str) -> list[tuple[Path, Path]]:
    folder = data / "networks/rl_benchmarks"
    properties = sorted(folder.glob("*.vnnlib"))
    pairs = [(folder / f"{path.stem.split('_', 1)[0]}.onnx", path) for path in properties]
    return [pair for pair in pairs if pair[0].stem in networks]


def test_verdicts_on_two_controllers(data: Path) -> None:
    """All cartpole properties hold; whatever the names of the files say, lunarlander's do not."""
    verdicts = {"cartpole": Verdict.HOLDS, "lunarlander": Verdict.VIOLATED}
    pairs = controllers(data, *verdicts)
    assert len(pairs) == 12
    for model, wanted in pairs:
        found = audited(model, wanted, Method.CROWN)
        undecided = wanted.stem == "lunarlander_case_safe_12"
        assert found.verdict is (Verdict.UNDECIDED if undecided else verdicts[model.stem])


@pytest.mark.nightly
def test_a_property_of_fifteen_cases(data: Path) -> None:
    folder = data / "networks/rl_benchmarks"
    wanted = folder / "dubinsrejoin_case_safe_10.vnnlib"
    found = audited(folder / "dubinsrejoin.onnx", wanted, Method.CROWN)
    assert (found.verdict, len(found.regions)) == (Verdict.HOLDS, 1)
    assert len(found.regions[0].claims.cases) == 15


@pytest.mark.nightly
@pytest.mark.parametrize("method", list(Method))
def test_every_controller_property_is_audited(data: Path, method: Method) -> None:
    for model, wanted in controllers(data, "cartpole", "lunarlander", "dubinsrejoin"):
        audited(model, wanted, method)


@pytest.mark.nightly
@pytest.mark.parametrize("method", FIXED)
@pytest.mark.parametrize("name", ["prop_0_0.03", "prop_0_0.05", "prop_1_0.03"])
@pytest.mark.parametrize("network", ["256x2", "256x4"])
def test_every_mnist_property_is_audited(
    data: Path, network: str, name: str, method: Method
) -> None:
    folder = data / "networks/mnist_fc"
    audited(folder / f"mnist-net_{network}.onnx", folder / f"{name}.vnnlib", method)
