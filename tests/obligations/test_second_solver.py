"""cvc5 is asked what z3 calls unsatisfiable; it may agree, object, or not be there."""

import pytest
from small_rules import claiming, obligation, side, x

from refsem.obligations import second
from refsem.obligations.discharge import Limits, discharge
from refsem.obligations.ledger import evidence_object
from refsem.obligations.obligation import By, Proved, Record, Refuted, SolverRun, Unknown
from refsem.obligations.smt import smt_text

FEW = Limits(points=0, resources=1_000_000)
RIGHT = obligation(claiming(x <= 3, side("two", x <= 2)), "sound/claim")
VACUOUS = obligation(claiming(x <= 3, side("low", x <= 0), side("high", x >= 1)), "inhabited")
with_cvc5 = pytest.mark.skipif(not second.installed(), reason="cvc5 is not installed")


@with_cvc5
def test_the_second_solver_reads_the_question_that_z3_was_asked() -> None:
    agreed = second.ask(smt_text(RIGHT), 100_000)
    assert isinstance(agreed, second.Word)
    assert agreed.answer == "unsat"
    assert agreed.solver.startswith("cvc5 ")
    wrong = obligation(claiming(x <= 1, side("two", x <= 2)), "sound/claim")
    assert second.ask(smt_text(wrong), 100_000) == second.Word(agreed.solver, "sat")
    assert second.ask("(no such command)", 100_000) == second.Word(agreed.solver, "unknown")
    assert second.ask("(check", 100_000) == second.Word(agreed.solver, "unknown")


@with_cvc5
def test_what_both_call_unsatisfiable_is_recorded_with_both_words() -> None:
    match discharge(RIGHT, FEW):
        case Proved(By.Z3, SolverRun(answer="unsat", second=said) as run):
            assert said.startswith("cvc5 ")
            assert said.endswith(": unsat")
            assert evidence_object(run)["second"] == said
        case other:
            pytest.fail(str(other))
    assert isinstance(discharge(VACUOUS, FEW), Refuted)


def test_where_the_two_disagree_nothing_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(second, "ask", lambda *_: second.Word("cvc5 0", "sat"))
    for one in (RIGHT, VACUOUS):
        outcome = discharge(one, FEW)
        assert isinstance(outcome, Unknown)
        assert "cvc5 0 says sat: they disagree" in outcome.reason
        assert Record(one, outcome).surprising


def test_without_a_second_solver_the_first_ones_word_stands_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(second, "installed", lambda: False)
    assert second.ask(smt_text(RIGHT), 1) == second.NotInstalled()
    match discharge(RIGHT, FEW):
        case Proved(By.Z3, SolverRun(second=said)):
            assert said == ""
        case other:
            pytest.fail(str(other))


def test_it_is_not_asked_where_z3_finds_a_model(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(second, "ask", lambda *_: pytest.fail("asked"))
    wrong = obligation(claiming(x <= 1, side("two", x <= 2)), "sound/claim")
    assert isinstance(discharge(wrong, FEW), Refuted)
