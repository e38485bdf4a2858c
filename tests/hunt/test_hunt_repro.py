"""Every planted error's program, executed, prints the violation that was reported."""

import contextlib
import io

import pytest
from gmpy2 import mpq
from hunted import PLANTED, Planted

from refsem.binary32.catalogue import Kind
from refsem.hunt.campaign import BATCH, Plan, run_batch
from refsem.hunt.producer import Producer
from refsem.hunt.repro import python_repro
from refsem.hunt.shrink import separated

SHOWN = [p for p in PLANTED if p.boxes <= 2048]


@pytest.mark.parametrize("planted", SHOWN, ids=lambda p: p.producer.__name__)
def test_the_program_prints_the_violation(planted: Planted) -> None:
    made = f"from hunted import {planted.producer.__name__} as bounds"
    producer = Producer("test", planted.producer, made)
    plan = Plan("test", planted.operator, (), Kind.BINARY32, 1)
    numbers = range(planted.boxes // BATCH)
    found = (f for n in numbers for f in run_batch(producer, plan, n, BATCH).findings)
    finding = next(f for f in found if (f.claim, f.kind.value) == (planted.claim, planted.kind))
    program = python_repro(producer, separated(producer, finding))
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(program, {})  # noqa: S102  our own program
    if finding.violation is None:
        assert "nan" in printed.getvalue() or "inf" in printed.getvalue()
    else:
        assert mpq(printed.getvalue().strip()) == finding.violation.amount
