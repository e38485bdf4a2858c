"""The stored proofs prove what the catalogue asks for, all of it, and nothing else."""

import json
from dataclasses import replace
from importlib.resources import files
from pathlib import Path

import pytest
from mutants import FATAL, UNBALANCED, dice
from sympy_oracle import proves

from refsem.ir.terms import Comparison, Relation
from refsem.obligations.algebra.checker import Accepted, Rejected, check
from refsem.obligations.algebra.encoding import EncodingError
from refsem.obligations.algebra.proof import AlgebraicProof
from refsem.obligations.algebra.search import NotFound
from refsem.obligations.algebra.store import main, provable, proved, searched_for, stored
from refsem.obligations.algebra.stored import checked, file_text, parsed, read
from refsem.obligations.discharge import DEFAULT_LIMITS, discharge
from refsem.obligations.ledger import evidence_object
from refsem.obligations.obligation import Algebraic, By, Kind, Obligation, Proved, Refuted
from refsem.rules import BY_NAME, CATALOGUE, EXECUTED, Rule

WITHOUT_PROOF: tuple[str, ...] = ()
"""Obligations that should be proved, and have no algebraic proof; at most two, with reasons."""

FOLDER = Path(str(files("refsem.obligations").joinpath("proofs")))
FILES = sorted(FOLDER.glob("*.json"))
EVERY = (*CATALOGUE, *EXECUTED)
OBLIGATIONS = {rule.name: list(provable(rule)) for rule in EVERY}
each_rule = pytest.mark.parametrize("rule", EVERY, ids=lambda rule: rule.name)


@each_rule
def test_every_obligation_of_a_rule_has_a_stored_proof(rule: Rule) -> None:
    missing = [one.id for one in OBLIGATIONS[rule.name] if checked(one) is None]
    assert missing == [one for one in WITHOUT_PROOF if one.startswith(f"{rule.name}/")]


@each_rule
def test_every_stored_proof_proves_an_obligation_of_its_rule(rule: Rule) -> None:
    for key, proofs in read(rule.name).items():
        for proof in proofs:
            found = [one for one in OBLIGATIONS[rule.name] if one.id == key]
            assert any(isinstance(check(one, proof), Accepted) for one in found)


def test_there_is_one_file_a_rule_as_it_would_be_written_today() -> None:
    assert {path.stem for path in FILES} == {rule.name for rule in EVERY}
    for path in FILES:
        assert path.stat().st_size < 1_000_000
        assert path.read_text(encoding="utf-8") == file_text(path.stem, read(path.stem))


@each_rule
def test_sympy_accepts_every_stored_proof(rule: Rule) -> None:
    for one in OBLIGATIONS[rule.name]:
        proofs = read(rule.name).get(one.id, ())
        verdicts = [isinstance(check(one, proof), Accepted) for proof in proofs]
        assert verdicts == [proves(one, proof) for proof in proofs]


@each_rule
def test_discharge_believes_a_checked_proof_before_a_solver(rule: Rule) -> None:
    nothing = replace(DEFAULT_LIMITS, points=0, resources=1)
    for one in OBLIGATIONS[rule.name]:
        if one.id not in WITHOUT_PROOF:
            match discharge(one, nothing):
                case Proved(By.ALGEBRA, Algebraic(file, leaves, products), relying_on):
                    assert file == f"{rule.name}.json"
                    assert leaves >= 1
                    assert products >= 1
                    assert relying_on == one.assumes
                case other:
                    pytest.fail(f"{one.id}: {other}")


def test_the_evidence_names_the_file_and_the_size_of_the_proof() -> None:
    found = checked(OBLIGATIONS["relu_triangle"][0])
    assert found is not None
    entry = {"proof": "relu_triangle.json", "leaves": found.leaves, "products": found.products}
    assert evidence_object(found) == entry


# attacks


def accepted_pairs(rule: Rule) -> list[tuple[Obligation, AlgebraicProof]]:
    return [
        (one, proof)
        for one in OBLIGATIONS[rule.name]
        for proof in read(rule.name).get(one.id, ())
        if isinstance(check(one, proof), Accepted)
    ]


def damaged(rule: Rule, times: int) -> int:
    """How many damaged proofs of a rule were rejected, each kind of damage so many times."""
    source, done = dice(rule.name), 0
    for one, proof in accepted_pairs(rule):
        for damage, inflict in {**FATAL, **UNBALANCED}.items():
            for _ in range(times):
                mutant = inflict(proof, source)
                if mutant is not None:
                    done += 1
                    # a summand that is zero may be taken any number of times
                    harmless = damage in UNBALANCED and proves(one, mutant)
                    assert isinstance(check(one, mutant), Rejected) or harmless, damage
    return done


@each_rule
def test_damaged_proofs_are_rejected(rule: Rule) -> None:
    assert damaged(rule, 2) >= 10


@pytest.mark.nightly
@each_rule
def test_hundreds_of_damaged_proofs_are_rejected(rule: Rule) -> None:
    assert damaged(rule, 6) >= 30


def test_a_proof_of_one_obligation_does_not_prove_another() -> None:
    pairs, source = [pair for rule in CATALOGUE for pair in accepted_pairs(rule)], dice("another")
    for one, _ in pairs:
        for other, proof in source.sample(pairs, 16):
            if other.goal != one.goal and isinstance(check(one, proof), Accepted):
                # two rules may well share a statement; then sympy agrees that this is a proof
                assert proves(one, proof)


@each_rule
def test_a_proof_does_not_survive_a_stronger_goal(rule: Rule) -> None:
    for one, proof in accepted_pairs(rule):
        assert one.goal is not None
        if one.goal.comparison is Comparison.LE:
            stronger = Relation(Comparison.LE, one.goal.left + 1, one.goal.right)
            assert isinstance(check(replace(one, goal=stronger), proof), Rejected)


def test_a_rule_of_the_same_name_gets_no_credit() -> None:
    """The stored proof is checked against the obligation at hand, not found by its name."""
    rule = BY_NAME["relu_lower"]
    wrong = replace(rule, sides=rule.sides[:1])
    for one in provable(wrong):
        assert checked(one) is None
        assert isinstance(discharge(one, DEFAULT_LIMITS), Refuted)


# files


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        '{"format": "refsem.proofs.v1", "rule": "a"}',
        '{"format": "refsem.proofs.v2", "rule": "a", "proofs": {}}',
        '{"format": "refsem.proofs.v1", "rule": "b", "proofs": {}}',
        '{"format": "refsem.proofs.v1", "rule": "a", "proofs": []}',
        '{"format": "refsem.proofs.v1", "rule": "a", "proofs": {"a/sound/x": {}}}',
        '{"format": "refsem.proofs.v1", "rule": "a", "proofs": {}, "proofs": {}}',
    ],
)
def test_a_file_that_is_not_a_rules_proofs_is_refused(text: str) -> None:
    with pytest.raises(EncodingError):
        parsed(text, "a")


def test_what_is_no_rule_has_no_proofs() -> None:
    for name in ("no_such_rule", "../obligation", "", "a/b"):
        assert read(name) == {}


def test_proofs_are_written_one_a_line_and_read_back() -> None:
    proofs = read("relu_upper")
    text = file_text("relu_upper", proofs)
    assert json.loads(text)["rule"] == "relu_upper"
    assert text.count("\n") == 4 + sum(2 + len(found) for found in proofs.values())


# regenerating


def test_what_is_stored_is_kept_and_what_is_missing_is_searched() -> None:
    rule = BY_NAME["relu_triangle"]
    kept = list(proved(rule, read(rule.name)))
    assert not any(entry.searched for entry in kept)
    assert file_text(rule.name, stored(kept)) == file_text(rule.name, read(rule.name))
    anew = list(proved(rule, {}))
    assert all(entry.searched for entry in anew)
    assert file_text(rule.name, stored(anew)) == file_text(rule.name, read(rule.name))


def test_a_stale_proof_is_replaced() -> None:
    rule, other = BY_NAME["relu_lower"], BY_NAME["relu_upper"]
    (mine, *_), theirs = read(rule.name), next(iter(read(other.name).values()))
    entries = list(proved(rule, {mine: theirs}))
    assert all(entry.searched for entry in entries)
    assert theirs[0] not in stored(entries)[mine]


def test_nothing_is_searched_for_what_a_point_refutes() -> None:
    rule = BY_NAME["relu_lower"]
    (one,) = (one for one in provable(replace(rule, sides=rule.sides[:1])) if "sound" in one.id)
    assert searched_for(one) == NotFound("refuted at a point")


def test_the_parts_of_a_side_that_stays_want_proofs_too() -> None:
    rule = BY_NAME["relu_lower"]
    idle = replace(rule.sides[0], name="again", stays="said twice")
    found = list(provable(replace(rule, sides=(*rule.sides, idle))))
    # those that are moved first, then the weakest premises
    order = [(one.kind is not Kind.WEAKEN, len(one.premises)) for one in found]
    assert order == sorted(order)
    assert [one.id for one in found].count("relu_lower/sound/lower") == 2
    assert all(checked(one) is not None for one in found)


def test_the_script_says_what_it_did(capsys: pytest.CaptureFixture[str]) -> None:
    before = (FOLDER / "start_form.json").read_bytes()
    assert main(["start_form"]) == 0
    assert "start_form/sound/same: proved, kept" in capsys.readouterr().out
    assert (FOLDER / "start_form.json").read_bytes() == before
