"""Small files for the command line, and a way to run it that keeps what it prints apart."""

import functools
from pathlib import Path

import builders
import pytest
from claim_files import bounds_document, write_bounds, write_property
from command_line import Command, Files, Run

from refsem.audit import records
from refsem.cli import main
from refsem.obligations.discharge import audit_rule

AUDIT_RULE = functools.cache(audit_rule)
"""The obligations of a rule do not depend on the network; discharged once for all tests here."""


@pytest.fixture
def refsem(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Command:
    """Run the command line in this process."""
    monkeypatch.setattr(records, "audit_rule", AUDIT_RULE)

    def run(*arguments: object) -> Run:
        capsys.readouterr()
        status = main([str(argument) for argument in arguments])
        return Run(status, *capsys.readouterr())

    return run


@pytest.fixture
def files(tmp_path: Path) -> Files:
    layers = [builders.layer([[1, -1]], [0, 0]), builders.layer([[1], [1]], [0])]
    model = builders.sequential(tmp_path / "model.onnx", layers)
    unsafe = {
        "holds": "(assert (>= Y_0 2))",
        "violated": "(assert (>= Y_0 1))",
        "undecided": "(assert (>= Y_0 1.1))",
    }
    box = ["-1"], ["(/ 1 3)"]
    properties = {
        name: write_property(tmp_path / f"{name}.vnnlib", *box, text)
        for name, text in unsafe.items()
    }
    y = {
        "sound": (["0"], ["4/3"], "ibp"),
        "unsound": (["0"], ["0.99"], "ibp"),
        "undecided": (["0"], ["1"], "other"),
    }
    bounds = {
        name: write_bounds(
            tmp_path / f"{name}.json",
            bounds_document(
                model,
                (["-1"], ["1/3"]),
                {"relu_1": (["0", "0"], ["1/3", "1"]), "y": (low, high)},
                method=method,
            ),
        )
        for name, (low, high, method) in y.items()
    }
    return Files(tmp_path, model, properties, bounds)
