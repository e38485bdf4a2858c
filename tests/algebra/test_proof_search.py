"""The search proves the corpus, the same way every time, and never what is false."""

import os
import runpy
import subprocess
import sys
from pathlib import Path

import pytest
from corpus import CORPUS, HARDER
from sympy_oracle import proves
from written_proofs import WRITTEN, Written, a, b, l, obligation, u, x, y

from refsem.ir.terms import equal, maximum, nonzero, select, term
from refsem.obligations.algebra.checker import Accepted, Rejected, check
from refsem.obligations.algebra.proof import AlgebraicProof, Bounds, Leaf, Lemma, Product, Split
from refsem.obligations.algebra.search import MONOMIALS, NotFound, find_proof
from refsem.obligations.algebra.search.pruning import pruned
from refsem.obligations.generation import rule_obligations
from refsem.obligations.obligation import Kind, Obligation
from refsem.obligations.sampling import search

SLOW = {"hard_swish_any_slope", "hard_tanh_any_slope_upper", "hard_sigmoid_any_slope_upper"}
ALL = [
    pytest.param(one, id=name, marks=[pytest.mark.nightly] if name in SLOW else [])
    for one in (*CORPUS, *HARDER)
    for name in [one.id.partition("/")[0]]
]


def test_the_corpus_is_as_large_as_it_says_and_not_refuted() -> None:
    assert len(CORPUS) == 64
    assert len({one.id for one in (*CORPUS, *HARDER)}) == len(CORPUS) + len(HARDER)
    assert [one.id for one in (*CORPUS, *HARDER) if search(one, 100)] == []


@pytest.mark.parametrize("one", ALL)
def test_a_proof_of_the_corpus_is_found_and_accepted(one: Obligation) -> None:
    proof = find_proof(one, MONOMIALS)
    assert isinstance(proof, AlgebraicProof)
    assert isinstance(check(one, proof), Accepted)


@pytest.mark.parametrize("written", WRITTEN, ids=lambda one: one.obligation.id)
def test_what_was_proved_by_hand_is_found_too(written: Written) -> None:
    proof = find_proof(written.obligation, MONOMIALS)
    assert isinstance(proof, AlgebraicProof)
    assert proves(written.obligation, proof)


# what is false, or true for a reason that no proof may have

FALSE = (
    # h1 > 0, h2 ≥ 0, −h2 ≥ 0 is feasible although h1·h2 + h1·(−h2) is 0
    obligation("trap", {"one": x > 0, "two": y >= 0, "three": -y >= 0}, x <= 0),
    obligation("weak", {"side": x >= 0}, x > 0),
    obligation("square", {}, x * x > 0),
    obligation("not_zero", {"side": x >= 0}, nonzero(x)),
    obligation("one_end", {"low": l <= x}, maximum(x, 0) <= maximum(l, 0)),
    obligation("chord_below", {"low": l <= x, "high": x <= u}, (l + u) * x - l * u <= x * x),
    obligation("cube_chord", {"low": l <= x, "high": x <= u},
               x * x * x <= (l * l + l * u + u * u) * (x - l) + l * l * l),
    obligation("divided", {"order": a <= b, "apart": nonzero(x)}, a / x <= b / x),
    obligation("select_at_the_border", {}, select(0, x, 1, 0) <= 0),
    obligation("equation", {"side": equal(x * x, y * y)}, equal(x, y)),
    obligation("undefined", {}, x / y * y <= x),
)  # fmt: skip


@pytest.mark.parametrize("one", FALSE, ids=lambda one: one.id)
def test_what_is_false_is_not_proved(one: Obligation) -> None:
    assert isinstance(find_proof(one, 200_000), NotFound)


REJECTED = sorted((Path(__file__).parents[1] / "corpus" / "rejected").glob("*.py"))


def _cites(one: Obligation) -> bool:
    return any(premise.cited for premise in one.premises)


@pytest.mark.parametrize("path", REJECTED, ids=lambda path: path.stem)
def test_no_obligation_refuted_at_a_point_is_proved(path: Path) -> None:
    rule = runpy.run_path(str(path))["RULE"]
    kinds = {Kind.DEFINED, Kind.SOUND, Kind.WEAKEN}
    for one in rule_obligations(rule):
        # what is cited may be false in a wrong rule, and then proves anything
        if one.kind in kinds and not _cites(one) and search(one, 200) is not None:
            assert isinstance(find_proof(one, 10_000), NotFound)


def test_contradictory_premises_prove_anything_without_the_goal() -> None:
    """Why being inhabited is an obligation of its own."""
    one = obligation("vacuous", {"low": l <= x, "high": x <= u, "crossed": u < l}, x * x <= -1)
    proof = find_proof(one, MONOMIALS)
    assert isinstance(proof, AlgebraicProof)
    assert isinstance(proof.root, Leaf)
    assert all("goal" not in product.facts for product in proof.root.products)


def test_too_small_a_budget_is_a_reason_and_no_verdict() -> None:
    found = find_proof(CORPUS[0], 10)
    assert isinstance(found, NotFound)
    assert "10 monomials" in found.reason


# repeatable, and no longer than needed

SCRIPT = """
import json, sys
sys.path.insert(0, sys.argv[1])
from corpus import CORPUS
from refsem.obligations.algebra.encoding import encode
from refsem.obligations.algebra.search import MONOMIALS, find_proof
print(json.dumps([encode(find_proof(one, MONOMIALS)) for one in CORPUS[:4] + CORPUS[-2:]]))
"""


def test_the_search_is_the_same_whatever_the_hash_seed() -> None:
    texts = {
        subprocess.run(
            [sys.executable, "-c", SCRIPT, str(Path(__file__).parent)],
            env={**os.environ, "PYTHONHASHSEED": seed},
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(texts) == 1


def test_pruning_drops_what_is_not_used_and_keeps_what_is() -> None:
    one = obligation("pruned", {"side": x <= y, "next": y <= 0}, x <= 0)
    done = Leaf(_products("goal", "side/side", "side/next"))
    wrapped = Lemma("idle", x <= y, Leaf(_products("idle", "side/side")), done)
    split = Split("sign", x, Bounds("abs", abs(x), wrapped), done)
    assert isinstance(check(one, AlgebraicProof(split)), Accepted)
    assert pruned(split) == done
    used = Lemma("low", x <= 0, done_under("low"), Leaf(_products("goal", "low")))
    assert isinstance(check(one, AlgebraicProof(used)), Accepted)
    assert pruned(used) == used
    needed = Split("sign", term(0) - x, Leaf(_products("goal", "sign")), done)
    assert isinstance(check(one, AlgebraicProof(needed)), Accepted)
    assert isinstance(check(one, AlgebraicProof(pruned(needed))), Accepted)


def done_under(label: str) -> Leaf:
    """x ≤ 0 from x ≤ y ≤ 0, its negation under this label."""
    return Leaf(_products(label, "side/side", "side/next"))


def _products(*labels: str) -> tuple[Product, ...]:
    return tuple(Product(1, (label,)) for label in labels)


@pytest.mark.parametrize(
    "one", [one for one in CORPUS if one.id.partition("/")[0] not in SLOW][::4]
)
def test_a_found_proof_is_about_its_own_obligation_only(one: Obligation) -> None:
    proof = find_proof(one, MONOMIALS)
    assert isinstance(proof, AlgebraicProof)
    for other in CORPUS:
        if (other.goal, other.definitions) != (one.goal, one.definitions):
            assert isinstance(check(other, proof), Rejected)
