"""A counterexample as executed in binary32: judged exactly, where it is, and no verdict of it."""

from pathlib import Path

import builders
import pytest
from claim_files import write_property
from gmpy2 import mpq

from refsem.audit import records
from refsem.audit.executed_witness import ExecutedWitness, executed_witness
from refsem.audit.findings import NetworkAudit, Verdict
from refsem.audit.network import audit_network, silent
from refsem.ir import load_model
from refsem.ir.evaluation import prepare
from refsem.properties import load_property
from refsem.rules.propagation import Method


@pytest.fixture
def audited(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> object:
    monkeypatch.setattr(records, "audit_rule", lambda *_: ())

    def audit(ends: tuple[str, str], unsafe: str) -> NetworkAudit:
        """y = x + 2^-30 in the reals; in binary32 the sum rounds to x near 1."""
        layers = [builders.layer([[1]], [2.0**-30])]
        prepared = prepare(load_model(builders.sequential(tmp_path / "m.onnx", layers)))
        wanted = write_property(tmp_path / "p.vnnlib", [ends[0]], [ends[1]], unsafe)
        return audit_network(prepared, load_property(wanted), Method.IBP, silent)

    return audit


@pytest.mark.parametrize(
    ("ends", "unsafe", "inside", "meets"),
    [
        (("1", "1"), "(assert (> Y_0 1))", True, False),
        (("1", "1"), "(assert (>= Y_0 1))", True, True),
        (("0", "0"), "(assert (> Y_0 0))", True, True),
        (("0.1", "0.1"), "(assert (>= Y_0 0.1))", False, True),
        (("0.3", "0.3"), "(assert (>= Y_0 0.3))", False, True),
    ],
)
def test_what_is_unsafe_in_the_reals_may_not_be_when_executed(
    audited: object, ends: tuple[str, str], unsafe: str, inside: bool, meets: bool
) -> None:
    assert callable(audited)
    found = audited(ends, unsafe)
    assert found.verdict is Verdict.VIOLATED
    executed = executed_witness(found)
    assert isinstance(executed, ExecutedWitness)
    assert (executed.inside, executed.unsafe) == (inside, meets)
    if ends[0] == "1":
        assert executed.outputs == (mpq(1),)


def test_numbers_beyond_binary32_are_not_executed(audited: object) -> None:
    assert callable(audited)
    assert executed_witness(audited(("1e60", "1e60"), "(assert (> Y_0 1))")) == (
        "an input is too great for binary32"
    )


def test_without_a_counterexample_there_is_nothing_to_execute(audited: object) -> None:
    assert callable(audited)
    with pytest.raises(ValueError, match="no counterexample"):
        executed_witness(audited(("1", "1"), "(assert (< Y_0 1))"))
