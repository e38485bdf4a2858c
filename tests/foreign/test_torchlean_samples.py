"""Every JSON file of the TorchLean data is recognised and gets the verdict stated here."""

from collections import Counter
from pathlib import Path

import pytest
from checking import checked
from gmpy2 import mpq

from refsem.certificates.report import CheckReport, Semantics, Verdict

NAMED = {
    "cnn.json": "weights: a PyTorch state dict",
    "transformer_encoder.json": "weights: a PyTorch state dict",
    "digits_linear_weights.json": "weights: what a margin report is about",
    "digits_test.json": "a data set: what a margin report is about",
    "realworld_manifest.json": "a manifest: a list of cases to be run",
    "sample_dataset_1d.json": "a data set: points of a differential equation",
    "sample_dataset_2d.json": "a data set: points of a differential equation",
    "logistic_lower_learned.json": "weights: a network an ODE corridor names",
    "logistic_upper_learned.json": "weights: a network an ODE corridor names",
    "one_mlp.json": "weights: a network an ODE corridor names",
    "zero_mlp.json": "weights: a network an ODE corridor names",
    "zero_siren.json": "weights: a network an ODE corridor names",
    "ir_v1_eraA_minimal.json": "a graph: give it to a certificate as --model, or to `refsem show`",
    "ir_v1_eraD_minimal.json": "a graph: give it to a certificate as --model, or to `refsem show`",
    "box_region_samples.json": "a list of box regions to be accepted or refused; "
    "this reader decides as it says",
}
ACCEPTED = {
    *("mlp_cert.json", "piecewise_linear_cert.json", "smoke_box3d_camera_cert.json"),
    *("check_box3d_camera_cert.json", "crown_query_v1_readme.json"),
    *("monotonicity_v1_readme.json", "logistic_trivial_cert.json", "sin_cert.json"),
}
LONG, PINN = "logistic_learned_cert.json", "pinn_cert.json"
"""Judged in test_curves.py, for they take longer."""
CORRIDOR = "sample_ode_cert.json"
UNDECIDED = {
    "sample_ode_cert.json": "parameters absent",
    "attention_softmax_cert.json": "parameters absent",
    "cnn_cert.json": "parameters absent",
    "gru_gate_cert.json": "parameters absent",
    "transformer_encoder_cert.json": "parameters absent",
    "sample_abcrown_leaf_cert_v0_1.json": "leaf bounds not recomputed: no model given",
    "sample_abcrown_leaf_artifact_v0_1.json": "leaf bounds not recomputed: no model given",
    "example_raw_leaf_dump.json": "leaf bounds not recomputed: no model given",
}
MARGINS = "digits_linear_margin_cert.json"


def expected(path: Path) -> tuple[Verdict, str]:
    name = path.name
    if name == "mlp.json":
        words = "PyTorch state dict" if "PyTorch" in path.parts else "parameters of a network"
        return Verdict.NOT_A_CERTIFICATE, words
    if name in NAMED:
        return Verdict.NOT_A_CERTIFICATE, NAMED[name]
    if name in ACCEPTED:
        return Verdict.ACCEPTED, ""
    if name == CORRIDOR and (path.parent / "zero_mlp.json").exists():
        return Verdict.ACCEPTED, ""
    return Verdict.UNDECIDED, UNDECIDED[name]


def test_every_file_gets_its_verdict_with_reasons(data: Path) -> None:
    files = sorted((data / "torchlean").rglob("*.json"))
    counts = Counter[Verdict]()
    for path in files:
        if path.name in {MARGINS, LONG, PINN}:
            continue
        found = checked(path)
        verdict, reason = expected(path)
        assert found.verdict is verdict, path
        assert found.reasons, path
        assert reason in found.reasons[0], path
        assert all(vars_of(found)), path
        counts[verdict] += 1
    assert len(files) == 67
    assert counts == {
        Verdict.NOT_A_CERTIFICATE: 30,
        Verdict.ACCEPTED: 15,
        Verdict.UNDECIDED: 16,
    }


def vars_of(found: CheckReport) -> list[str]:
    answers = found.answers
    return [
        *(answers.checked, answers.candidates, answers.recomputed, answers.lifted_by),
        answers.outside,
    ]


# the margin report: known results


@pytest.fixture(scope="module")
def margins(data: Path) -> Path:
    return next((data / "torchlean" / "era-a-fd2c196").rglob(MARGINS))


def test_the_margin_report_is_recomputed_exactly(margins: Path) -> None:
    found = checked(margins)
    assert found.verdict is Verdict.REJECTED
    worst = found.facts["worst distance inward, decimals read as binary64"]
    assert mpq("1.025e-14") < worst < mpq("1.035e-14")
    assert found.facts == {
        "nominal": "349 of 360",
        "certified with inputs clipped to [0, 1]": "318 of 360",
        "ends inward of the exact clipped bound": "2400 of 7200",
        "worst distance inward": mpq("1.008198e-14"),
        "certified without clipping": "296 of 360",
        "ends inward, decimals read as binary64": "2435",
        "worst distance inward, decimals read as binary64": worst,
    }
    assert len(found.findings) + found.uncounted == 2400


def test_the_margin_report_is_within_the_tolerance(margins: Path) -> None:
    assert checked(margins, semantics=Semantics.TOLERANCE).verdict is Verdict.ACCEPTED


@pytest.mark.parametrize("era", ["era-a-fd2c196", "era-c-b2a2184", "era-d-3447b74"])
def test_the_mlp_workflow_contains_its_exact_bounds(data: Path, era: str) -> None:
    path = next((data / "torchlean" / era).rglob("mlp_cert.json"))
    assert checked(path).verdict is Verdict.ACCEPTED
