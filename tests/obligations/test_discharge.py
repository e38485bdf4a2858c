"""What comes of obligations: every outcome, and the ways in which none may be reached wrongly."""

from dataclasses import replace
from pathlib import Path

import pytest
import z3
from gmpy2 import mpq
from small_rules import a, claiming, d, derived, obligation, p, q, side, x, y, z

from refsem.ir.terms import Relation, equal, nonzero, select
from refsem.obligations import discharge as discharging
from refsem.obligations import smt
from refsem.obligations.discharge import DEFAULT_LIMITS, Limits, audit_rule, audit_rules, discharge
from refsem.obligations.generation import rule_obligations
from refsem.obligations.obligation import (
    Algebraic,
    By,
    Expected,
    Kind,
    Outcome,
    Point,
    Proved,
    Record,
    Refuted,
    SolverRun,
    Stated,
    Unknown,
    outcome_name,
)
from refsem.rules import BY_NAME, Outward, Rule

SOLVER_ONLY = replace(DEFAULT_LIMITS, points=0)
RUN = SolverRun("a solver", "unsat", "0.000")
PROVED = Proved(By.Z3, RUN)
REFUTED = Refuted(Point((), "1 <= 0"))
UNKNOWN = Unknown("no time")
STATED = Stated("somewhere")


def outcome(rule: Rule, what: str, limits: Limits = DEFAULT_LIMITS) -> Outcome:
    return discharge(obligation(rule, what), limits)


# sound, weaken, needed


def test_a_claim_that_needs_exact_values_is_sound_but_cannot_be_weakened() -> None:
    rule = claiming(q >= 0, derived=(derived("q", a * a, Outward.DOWN),))
    assert isinstance(outcome(rule, "sound/claim"), Proved)
    assert isinstance(outcome(rule, "weaken/q"), Refuted)
    upward = claiming(q >= 0, derived=(derived("q", a * a, Outward.UP),))
    assert isinstance(outcome(upward, "weaken/q"), Proved)


def test_later_values_are_evaluated_with_the_already_moved_ones() -> None:
    values = (derived("p", a, Outward.UP), derived("q", a - p, Outward.UP))
    rule = claiming(q >= 0, derived=values)
    assert isinstance(outcome(rule, "sound/claim"), Proved)
    found = outcome(rule, "weaken/q")
    assert isinstance(found, Refuted)
    assert isinstance(found.evidence, Point)
    values_there = dict(found.evidence.values)
    assert values_there["p"] > values_there["a"]
    assert values_there["q"] >= values_there["a"] - values_there["p"]


def test_values_move_jointly() -> None:
    values = (derived("p", a, Outward.UP), derived("q", a, Outward.DOWN))
    rule = claiming(p - q <= 0, derived=values)
    assert isinstance(outcome(rule, "weaken/q"), Refuted)
    reverse = claiming(q - p <= 0, derived=values)
    assert isinstance(outcome(reverse, "weaken/q"), Proved)


def test_a_needed_side_is_refuted_without_it_and_a_superfluous_one_is_proved() -> None:
    rule = claiming(x <= a, side("below", x <= a), side("small", d <= 1))
    assert isinstance(outcome(rule, "needed/below"), Refuted)
    superfluous = outcome(rule, "needed/small")
    assert isinstance(superfluous, Proved)
    assert superfluous.by is By.Z3


def test_a_side_may_be_needed_for_definedness_alone() -> None:
    rule = claiming(x * x / d >= x * x / d, side("apart", nonzero(d)))
    found = outcome(rule, "needed/apart")
    assert isinstance(found, Refuted)
    assert isinstance(found.evidence, Point)
    assert found.evidence.failing == "d != 0"


# definedness and quotients


def test_a_derived_value_that_divides_does_not_make_its_divisor_non_zero() -> None:
    rule = claiming(q >= q - 1, derived=(derived("q", a / d, Outward.EXACT),))
    for limits in (DEFAULT_LIMITS, SOLVER_ONLY):
        found = outcome(rule, "defined/divisor_0", limits)
        assert isinstance(found, Refuted)
        assert isinstance(found.evidence, Point)
        assert dict(found.evidence.values)["d"] == 0


def test_a_rule_true_only_if_division_by_zero_gave_zero_is_not_proved() -> None:
    zero_where_d_is = equal(select(d * d, 0, x / d, 0), x * 0)
    rule = claiming(zero_where_d_is)
    records = {record.obligation.id: record for record in audit_rule(rule, DEFAULT_LIMITS)}
    assert isinstance(records["small/defined/divisor_0"].outcome, Refuted)
    assert records["small/defined/divisor_0"].surprising
    sound = records["small/sound/claim"].outcome
    assert isinstance(sound, Proved)
    assert sound.relying_on == ("small/defined/divisor_0",)


@pytest.mark.parametrize(
    "relation",
    [equal(x / d, x * 0), x / d <= x / d - 1, equal(x / d * d, x * 0), x / d <= 0],
    ids=["is zero", "below itself", "times d is zero", "not positive"],
)
def test_what_holds_for_some_value_of_a_quotient_is_not_proved(relation: Relation) -> None:
    for sides in ((), (side("apart", nonzero(d)),)):
        found = outcome(claiming(relation, *sides), "sound/claim", SOLVER_ONLY)
        assert isinstance(found, Refuted)


def test_quotients_are_numbers_with_their_laws() -> None:
    apart = side("apart", d >= 1)
    for relation in (equal(x / d * d, x), equal(x / d, x * (1 / d)), x / d <= x / d + 1):
        assert isinstance(outcome(claiming(relation, apart), "sound/claim", SOLVER_ONLY), Proved)


def test_a_divisor_must_survive_the_moves_of_derived_values_before_it() -> None:
    def rule(direction: Outward) -> Rule:
        values = (derived("p", a * a + 1, direction), derived("q", 1 / p, Outward.EXACT))
        return claiming(equal(p * q, p * 0 + 1), derived=values)

    assert isinstance(outcome(rule(Outward.UP), "defined/divisor_0"), Proved)
    assert isinstance(outcome(rule(Outward.EXACT), "defined/divisor_0"), Proved)
    for limits in (DEFAULT_LIMITS, SOLVER_ONLY):
        assert isinstance(outcome(rule(Outward.DOWN), "defined/divisor_0", limits), Refuted)


# inhabited


def test_a_point_inhabits_even_where_only_the_solver_finds_it() -> None:
    rule = claiming(x <= a, side("far", equal(x, a + 1_000_003)), side("half", equal(2 * d, a)))
    found = outcome(rule, "inhabited")
    assert isinstance(found, Proved)
    assert found.by is By.POINT
    assert isinstance(found.evidence, Point)
    values = dict(found.evidence.values)
    assert values["x"] == values["a"] + 1_000_003


def test_sides_that_nothing_meets_are_refuted_by_the_solver() -> None:
    rule = claiming(x <= a, side("below", x <= a), side("above", x > a))
    found = outcome(rule, "inhabited")
    assert isinstance(found, Refuted)
    assert isinstance(found.evidence, SolverRun)
    assert found.evidence.answer == "unsat"
    assert isinstance(outcome(rule, "sound/claim"), Proved)
    inhabited = Record(obligation(rule, "inhabited"), found)
    assert inhabited.surprising


def test_sides_met_at_irrational_points_only_leave_it_open() -> None:
    rule = claiming(x <= x + 1, side("root", equal(x * x, a * 0 + 2)))
    found = outcome(rule, "inhabited")
    assert isinstance(found, Unknown)
    assert "not at a rational point" in found.reason


# unknown


@pytest.mark.parametrize("relation", [nonzero(x * x - 2), nonzero(x * x * x - 2)])
def test_a_counterexample_at_an_irrational_point_is_unknown(relation: Relation) -> None:
    found = outcome(claiming(relation), "sound/claim")
    assert isinstance(found, Unknown)
    assert "not at a rational point" in found.reason


def hard() -> Rule:
    """A true inequality that no sum of squares shows (Motzkin's), and a square added to it."""
    xx, yy = x * x, y * y
    motzkin = xx * xx * yy + xx * yy * yy + 1 - 3 * (xx * yy)
    root = a * d * z * z - x * y * a * d
    return claiming(motzkin + root * root >= 0)


@pytest.mark.parametrize("resources", [1, 100, 1000, 20_000])
def test_out_of_resources_is_unknown_and_never_proved(resources: int) -> None:
    one = obligation(hard(), "sound/claim")
    found = discharge(one, Limits(points=50, resources=resources))
    assert isinstance(found, Unknown)
    assert found.reason.startswith(smt.SOLVER)
    assert Record(one, found).surprising


def test_an_exception_of_the_solver_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise z3.Z3Exception(b"out of memory")

    monkeypatch.setattr(smt, "solver_for", fail)
    found = outcome(claiming(x <= x + 1), "sound/claim")
    assert isinstance(found, Unknown)
    assert "out of memory" in found.reason


def answering(candidate: dict[str, mpq] | None) -> object:
    return lambda *_: smt.Answer("sat", "", candidate)


def test_a_model_that_does_not_survive_exact_evaluation_is_unknown(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rule = claiming(x <= a, side("below", x <= a))
    one = obligation(rule, "sound/claim")
    for where in ({"x": mpq(1), "a": mpq(0)}, {"x": mpq(0), "a": mpq(1)}):
        point = {"d": mpq(0), "y": mpq(0), "z": mpq(0), **where}
        monkeypatch.setattr(smt, "ask", answering(point))
        found = discharge(one, SOLVER_ONLY)
        assert isinstance(found, Unknown)
        assert "does not survive exact evaluation" in found.reason


def test_a_model_without_a_rational_point_proves_no_inhabitant(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(smt, "ask", answering(None))
    found = outcome(claiming(x <= a), "inhabited", SOLVER_ONLY)
    assert isinstance(found, Unknown)


# combination, classification


@pytest.mark.parametrize(
    ("outcomes", "expected"),
    [
        ([PROVED, PROVED], "proved"),
        ([PROVED, REFUTED], "refuted"),
        ([UNKNOWN, REFUTED], "refuted"),
        ([REFUTED, UNKNOWN], "refuted"),
        ([PROVED, UNKNOWN], "unknown"),
        ([UNKNOWN, PROVED], "unknown"),
        ([STATED, PROVED], "stated"),
    ],
)
def test_a_conjunction_is_as_good_as_its_worst_part(outcomes: list[Outcome], expected: str) -> None:
    assert outcome_name(discharging._conjunction(outcomes)) == expected


@pytest.mark.parametrize("found", [PROVED, REFUTED, UNKNOWN, STATED], ids=outcome_name)
@pytest.mark.parametrize("expected", [one for one in Expected if one is not Expected.EITHER])
def test_any_outcome_but_the_expected_one_is_a_surprise(found: Outcome, expected: Expected) -> None:
    one = replace(obligation(claiming(x <= a), "sound/claim"), expected=expected)
    assert Record(one, found).surprising == (outcome_name(found) != expected.value)
    if isinstance(found, Unknown):
        assert Record(one, found).surprising


@pytest.mark.parametrize("found", [PROVED, REFUTED, UNKNOWN, STATED], ids=outcome_name)
def test_nothing_surprises_where_either_outcome_will_do(found: Outcome) -> None:
    one = replace(obligation(claiming(x <= a), "sound/claim"), expected=Expected.EITHER)
    assert not Record(one, found).surprising


def test_a_lift_is_stated_in_files_that_exist() -> None:
    found = outcome(BY_NAME["substitute_affine"], "lift")
    assert isinstance(found, Stated)
    root = Path(discharging.__file__).parents[2]
    files = [word.strip(",") for word in found.where.split() if "/" in word]
    assert files
    assert all((root / file).exists() for file in files)


def test_an_instance_is_not_for_a_solver() -> None:
    one = replace(obligation(claiming(x <= a), "sound/claim"), kind=Kind.INSTANCE)
    with pytest.raises(TypeError, match="by replay"):
        discharge(one, DEFAULT_LIMITS)


def test_an_audit_has_one_record_an_obligation_in_order() -> None:
    rule = BY_NAME["substitute_affine"]
    records = audit_rule(rule, DEFAULT_LIMITS)
    assert [record.obligation for record in records] == list(rule_obligations(rule))
    both = [record.obligation.id for record in audit_rules((rule, rule), DEFAULT_LIMITS)]
    assert both == 2 * [record.obligation.id for record in records]


def test_evidence_is_exact_or_a_named_solver() -> None:
    for record in audit_rule(BY_NAME["relu_triangle"], DEFAULT_LIMITS):
        match record.outcome:
            case Proved(By.Z3, SolverRun(solver=solver, answer=answer)):
                assert (solver, answer) == (smt.SOLVER, "unsat")
            case Proved(By.ALGEBRA, Algebraic(file=file)):
                assert file == "relu_triangle.json"
            case Proved(By.POINT, Point(values=values)) | Refuted(Point(values=values)):
                assert all(isinstance(value, type(mpq())) for _, value in values)
            case other:
                pytest.fail(f"{record.obligation.id}: {other}")
