"""A defect of refsem is no verdict: it has an exit status of its own."""

import numpy as np
import pytest
from gmpy2 import mpq

from refsem import cli
from refsem.exact import ExactTensor


def test_a_defect_is_not_reported_as_refuted(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(*_arguments: object, **_options: object) -> int:
        raise OverflowError("a defect")

    monkeypatch.setattr(cli.refsem, "main", broken)
    assert cli.main([]) == cli.DEFECT
    assert "OverflowError: a defect" in capsys.readouterr().err


def test_a_closed_pipe_is_no_verdict(monkeypatch: pytest.MonkeyPatch) -> None:
    def closed(*_arguments: object, **_options: object) -> int:
        raise BrokenPipeError

    monkeypatch.setattr(cli.refsem, "main", closed)
    monkeypatch.setattr(cli.sys.stderr, "close", lambda: None)
    assert cli.main([]) == cli.CLOSED_PIPE


def test_proposals_survive_numbers_beyond_host_floats() -> None:
    tensor = ExactTensor.from_rationals([mpq(10) ** 400, -(mpq(10) ** 400), mpq(1, 2)])
    assert np.isfinite(tensor.nearest_float64()).all()
    assert tensor.nearest_float64()[2] == 0.5
