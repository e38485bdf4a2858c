"""The bundled examples: written by their script, held in claims that branch and bound decides."""

import time
from hashlib import sha256
from pathlib import Path

import pytest

from refsem.audit.branching import branch
from refsem.audit.findings import Verdict
from refsem.audit.network import audit_region, silent
from refsem.ir import load_model
from refsem.ir.evaluation import prepare
from refsem.ir.joining import joined
from refsem.properties.claims import region_claims
from refsem.properties.stated import load_statement
from refsem.properties.statement import Statement
from refsem.rules.propagation import Method

FOLDER = Path(__file__).parents[2] / "examples" / "lyapunov"
NAMES = ("double_integrator", "pendulum", "van_der_pol")


def said(model: str, property_: str) -> Statement:
    path = FOLDER / f"{model}.onnx"
    digest = sha256(path.read_bytes()).hexdigest()
    return load_statement(FOLDER / f"{property_}.toml", load_model(path), digest)


@pytest.mark.parametrize("name", NAMES)
def test_the_examples_are_small_and_say_something(name: str) -> None:
    assert (FOLDER / f"{name}.onnx").stat().st_size < 20_000
    statement = said(name, name)
    assert len(statement.cases) == 20
    assert any("dominating diagonal" in line for line in statement.rests_on)


def test_the_bad_controller_is_refuted_with_a_witness() -> None:
    statement = said("pendulum_bad", "pendulum")
    prepared = prepare(joined(statement.graph))
    claims = region_claims(prepared, statement.property)[0]
    found = audit_region(prepared, claims, Method.CROWN, silent)
    (case,) = found.witnesses
    assert statement.cases[case] == "V falls at angle <= -1/16"
    witness = found.witnesses[case]
    assert witness.outputs[1] - witness.error > 0


@pytest.mark.nightly
@pytest.mark.parametrize("name", NAMES)
def test_the_examples_hold(name: str) -> None:
    statement = said(name, name)
    prepared = prepare(joined(statement.graph))
    for claims in region_claims(prepared, statement.property):
        region = audit_region(prepared, claims, Method.CROWN, silent)
        if len(region.shown) < len(claims.cases):
            proof = branch(prepared, claims, time.monotonic() + 600, lambda *_: None).proof
            assert proof is not None
        assert Verdict.VIOLATED not in {region.verdict(case) for case, _ in claims.cases}
