"""A real Lean reads what is exported: the user's own, else the packaged one, set up when needed.

Without any, these tests are skipped by name, or fail where REFSEM_REQUIRE_DATA=1.
"""

import re
import runpy
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest
from lean_reports import said_by, with_verdict, write_files
from program_machine import read as program_read

from lean_export.checker import Verdict
from lean_export.core import CORE_THEOREMS
from lean_export.families import FAMILIES, Family, grouped
from lean_export.program import Code, UnprintableError
from lean_export.project import assembled, write_project
from lean_export.proofs import Proof, proof, tree_proof
from lean_export.refutation import printed
from lean_export.statements import Statement, has_theorem, refutation, statement
from lean_export.theorems import Status, Theorem, rule_theorems
from lean_export.toolchain import Lean
from refsem.exact.functions import Function
from refsem.ir.terms import Term, applied, maximum, select, variables
from refsem.obligations.algebra.stored import read
from refsem.obligations.generation import rule_obligations
from refsem.obligations.obligation import Kind, Obligation
from refsem.rules import BY_NAME, CATALOGUE, Claim, Derived, Outward, Rule, Side

REJECTED = Path(__file__).parents[1] / "corpus" / "rejected"
REPRESENTATIVE = (
    *("relu_upper", "abs_lower", "scale_interval", "substitute_lower"),
    *("enclosed_upper", "exp_lower_rounded", "max_lower", "leaky_relu_lower", "square_upper"),
    *("reciprocal_lower_positive", "multiplier_lower", "ceil_step_interval", "tanh_upper_left"),
    *("where_interval", "clip_interval", "cos_interval", "l1_ball_upper", "mccormick_lower_left"),
)
"""A cheap rule of every family; what Lean is not asked here it is asked in `make nightly`."""
STEPS = frozenset(Code) - {Code.SIGNS, Code.EQ, Code.NE}
"""Every instruction that the proofs of the catalogue have."""
NUMBER = re.compile("0x[0-9a-f]+")
WRONG = (
    "add_interval_crossed_ends",
    "concretise_one_corner",
    "constant_interval_rounded_inward",
    "dot_product_interval_wrong_partial_end",
    "intersect_with_one_box",
    "relu_lower_slope_two",
    "relu_triangle_leaky",
    "relu_triangle_without_width",
    "relu_upper_min_for_max",
    "reslope_lower_with_max",
    "scale_interval_min_for_max",
    "substitute_affine_without_bias",
)

l, u, x, at = variables("l u x at")
UNUSUAL = Rule(
    name="unusual",
    operator=None,
    given=(l, u, at),
    chosen=(),
    derived=(Derived("end", maximum(abs(l), abs(u)), Outward.UP),),
    point=(x,),
    sides=(
        Side("from", l <= x, because="a keyword may name a side"),
        Side("x", x <= u, because="a side may have a variable's name"),
    ),
    claims=(
        Claim("absolute", abs(x) <= Term("end")),
        Claim("selected", select(x, at, x - Fraction(1, 2), at) * 2 <= x + at),
    ),
    because="it uses what the catalogue does not: abs, select, fractions, keywords",
    source="this test",
)

vu = Term("vu")
RISING = Rule(
    name="rising",
    operator=None,
    given=(u, vu),
    chosen=(),
    derived=(),
    point=(x,),
    sides=(
        Side("in_order", applied(Function.TANH, x) <= applied(Function.TANH, u), because="a fact"),
        Side("value_above", applied(Function.TANH, u) <= vu, because="a bound of the value"),
    ),
    claims=(Claim("upper", applied(Function.TANH, x) <= vu),),
    because="it is about a named function",
    source="this test",
)


Written = list[tuple[Family, tuple[Theorem, ...]]]


def write(written: Written, directory: Path) -> None:
    write_files(assembled(written), directory)


def names_of(theorems: tuple[Theorem, ...]) -> set[str]:
    return {f"Refsem.{theorem.statement.name}" for theorem in theorems}


def right_rules() -> Written:
    rules = [*(BY_NAME[name] for name in REPRESENTATIVE), UNUSUAL]
    return [(family, rule_theorems(family.rules)) for family in grouped(rules)]


def wrong_obligation(name: str) -> tuple[Rule, Obligation, str]:
    """A wrong rule, the obligation that refutes it, and the right rule's name."""
    values = runpy.run_path(str(REJECTED / f"{name}.py"))
    rule = values["RULE"]
    (obligation,) = (one for one in rule_obligations(rule) if one.id == values["REFUTED_BY"])
    return rule, obligation, values["VARIANT_OF"]


def by_right_proof(claim: Statement, variant: str) -> Proof:
    """A wrong claim with the proof that Lean accepts for the right one, as far as it is printed."""
    _, _, question = claim.obligation.id.partition("/")
    for one in read(variant).get(f"{variant}/{question}", ()):
        try:
            return tree_proof(claim, printed(claim, one, cancelling=False))
        except UnprintableError:
            continue
    return Proof(("grind",))


def wrong_rules(names: tuple[str, ...]) -> Written:
    """What the named wrong rules claim, and the negations of it."""
    claims, negations = [], []
    for name in names:
        rule, obligation, variant = wrong_obligation(name)
        claim, negation = statement(obligation), refutation(obligation)
        claims.append(Theorem(rule, claim, by_right_proof(claim, variant)))
        negations.append(Theorem(rule, negation, proof(negation)))
        assert isinstance(negations[-1].proof, Proof)
    return [
        (Family("Claims", "Claims of wrong rules", ()), tuple(claims)),
        (Family("Negations", "Their negations", ()), tuple(negations)),
    ]


def relative() -> Written:
    """A theorem about any function of which its hypotheses are true."""
    (sound,) = (one for one in rule_obligations(RISING) if one.kind is Kind.SOUND)
    stated = statement(sound)
    theorem = Theorem(RISING, stated, proof(stated))
    return [(Family("Rising", "A rule about a function", ()), (theorem,))]


def doubtful() -> Written:
    """A theorem announced closed whose proof is a `sorry`."""
    sound = rule_theorems((BY_NAME["start_form"],))[1]
    theorem = replace(sound, proof=Proof(("exact sorry",)))
    return [(Family("Doubtful", "A proof that is none", ()), (theorem,))]


def test_lean_accepts_rules_and_negations_and_nothing_else(lean: Lean, tmp_path: Path) -> None:
    right, (claims, negations) = right_rules(), wrong_rules(WRONG)
    assert {family.name for family, _ in right} >= {family.name for family in FAMILIES}
    proofs = "".join(str(one.proof) for _, theorems in right for one in theorems)
    assert {one.code for one in program_read(NUMBER.findall(proofs))} == STEPS
    assert sum("(tree :=" in str(theorem.proof) for theorem in claims[1]) >= 6
    (rising,), (unproved,) = relative(), doubtful()
    write([*right, claims, negations, rising, unproved], tmp_path)
    report = said_by(lean, tmp_path)
    right_ones = [theorem for _, theorems in right for theorem in theorems]
    relative_ones = tuple(one for one in right_ones if one.status is Status.RELATIVE)
    closed = tuple(one for one in (*right_ones, *negations[1]) if one.status is Status.CLOSED)
    assert len(closed) > 80
    assert set(with_verdict(report, Verdict.CLOSED)) == names_of(closed)
    assert set(with_verdict(report, Verdict.RELATIVE)) == names_of((*rising[1], *relative_ones))
    failed = with_verdict(report, Verdict.ERROR)
    assert set(failed) == names_of(claims[1]) | names_of(unproved[1])
    (name,) = names_of(unproved[1])
    assert failed[name] == (
        "announced closed, but leans on Refsem.Proofs.start_form_same_sound, which has a `sorry`"
    )
    assert all("which is in error" in failed[name] for name in names_of(claims[1]))
    files = {problem.file for problem in report.problems}
    assert files == {"Refsem/Proofs/Claims.lean", "Refsem/Proofs/Doubtful.lean"}
    assert report.warnings == ()
    stubs = [one for one in right_ones if one.status is Status.STUB]
    assert report.sorries == 1 + len(stubs)
    assert not report.as_announced


UNPROVED = {
    *(f"{name}_{side}_defined_divisor_0" for name in ("sin", "cos") for side in ("upper", "lower")),
    "sqrt_upper_defined_divisor_0",
    "hard_sigmoid_upper_needed_rising",
    "hard_sigmoid_lower_needed_rising",
}
"""The stubs of the catalogue: two proofs with steps that are not printed, and two lost points."""


@pytest.mark.nightly
def test_lean_accepts_every_rule(lean: Lean, tmp_path: Path) -> None:
    summary = write_project(tmp_path / "project")
    theorems = rule_theorems(CATALOGUE)
    assert {one.statement.name for one in theorems if one.status is Status.STUB} <= UNPROVED
    report = said_by(lean, tmp_path / "project")
    announced = {f"Refsem.{one.statement.name}": one.status.value for one in theorems}
    announced |= {name: status.value for name, status in CORE_THEOREMS.items()}
    assert {one.name: one.verdict.value for one in report.theorems} == announced
    assert report.problems == report.warnings == ()
    assert report.as_announced
    assert report.sorries == summary.stubs


@pytest.mark.nightly
def test_lean_rejects_every_wrong_rule(lean: Lean, tmp_path: Path) -> None:
    names = []
    for path in sorted(REJECTED.glob("*.py")):
        _, obligation, _ = wrong_obligation(path.stem)
        if has_theorem(obligation) and obligation.goal is not None:
            negation = refutation(obligation)
            # of a named function no point is claimed: core Lean knows no values
            if negation.point is not None and not negation.functions:
                names.append(path.stem)
    assert len(names) >= 100
    claims, negations = wrong_rules(tuple(names))
    write([claims, negations], tmp_path)
    report = said_by(lean, tmp_path)
    assert set(with_verdict(report, Verdict.CLOSED)) == names_of(negations[1])
    failed = with_verdict(report, Verdict.ERROR)
    assert set(failed) == names_of(claims[1])
    # each by an error of its own proof, none for being left unread
    assert all("which is in error" in message for message in failed.values())
