"""The catalogue with rows for a few functions, until it has them."""

from types import SimpleNamespace

import pytest

from refsem.exact.functions import Function
from refsem.hunt import statement
from refsem.ir.operators import CATALOGUE, ROW, Op, OperatorRow
from refsem.ir.terms import applied, variables

NAMES = {"tanh": Function.TANH, "sin": Function.SIN, "log": Function.LOG}


@pytest.fixture(autouse=True)
def functions(monkeypatch: pytest.MonkeyPatch) -> None:
    (x,) = variables("x")
    known = {row.op.value for row in CATALOGUE}
    shape = ROW[Op.RELU].shape
    rows = tuple(
        OperatorRow(SimpleNamespace(value=name), 1, (), shape, name, applied(function, x))  # type: ignore[arg-type]
        for name, function in NAMES.items()
        if name not in known
    )
    monkeypatch.setattr(statement, "CATALOGUE", (*CATALOGUE, *rows))
