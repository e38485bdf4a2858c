"""The proof checker accepts what proves and nothing else; sympy, reading anew, agrees."""

from dataclasses import replace
from typing import Any

import pytest
from mutants import ANY, FATAL, UNBALANCED, dice
from sympy_oracle import proves
from written_proofs import (
    AFFINE,
    BARYCENTRIC,
    CASES,
    CHORD,
    NESTED,
    SQUARE_CHORD,
    WRITTEN,
    Written,
    a,
    b,
    l,
    leaf,
    obligation,
    u,
    x,
    y,
)

from refsem.ir.terms import Relation, Term, equal, maximum, nonzero, select, term
from refsem.obligations.algebra.checker import Accepted, Rejected, check
from refsem.obligations.algebra.proof import (
    AlgebraicProof,
    Apart,
    Barycentric,
    Bounds,
    Divide,
    Leaf,
    Lemma,
    Multiple,
    Node,
    Product,
    Resolve,
    Rewrite,
    Sign,
    Split,
)
from refsem.obligations.obligation import Definition, Obligation, Premise
from refsem.rules import Outward

each = pytest.mark.parametrize("written", WRITTEN, ids=lambda one: one.obligation.id)


def verdict(one: Obligation, root: Node) -> str:
    """The reason of a rejection, or nothing; sympy has to agree."""
    proof = AlgebraicProof(root)
    found = check(one, proof)
    assert isinstance(found, Accepted) == proves(one, proof)
    return found.reason if isinstance(found, Rejected) else ""


@each
def test_a_written_proof_is_accepted_by_both_checkers(written: Written) -> None:
    assert verdict(written.obligation, written.proof.root) == ""


def test_every_kind_of_node_is_among_the_written() -> None:
    text = repr([one.proof for one in WRITTEN])
    kinds = (Leaf, Split, Apart, Resolve, Bounds, Lemma, Divide, Rewrite, Barycentric, Multiple)
    assert all(f"{kind.__name__}(" in text for kind in kinds)


@pytest.mark.parametrize("damage", [*FATAL, *UNBALANCED])
def test_fatal_damage_is_rejected(damage: str) -> None:
    source, done = dice(damage), 0
    for written in WRITTEN:
        for _ in range(10):
            mutant = ANY[damage](written.proof, source)
            if mutant is not None and (written is not AFFINE or damage in FATAL):
                done += 1
                assert isinstance(check(written.obligation, mutant), Rejected)
    assert done >= 10


@pytest.mark.parametrize("damage", ANY)
def test_of_damaged_proofs_both_checkers_say_the_same(damage: str) -> None:
    source, seen = dice(damage), 0
    for written in WRITTEN:
        for _ in range(3):
            mutant = ANY[damage](written.proof, source)
            if mutant is not None:
                seen += 1
                accepted = isinstance(check(written.obligation, mutant), Accepted)
                assert accepted == proves(written.obligation, mutant), mutant
    assert seen > 0


def test_no_proof_proves_another_obligation() -> None:
    for written in WRITTEN:
        for other in WRITTEN:
            if other is not written:
                assert isinstance(check(other.obligation, written.proof), Rejected)


# strict, weak, equal, apart: none is taken for another

SQUARES_TRAP = {"first": x > 0, "second": y >= 0, "third": -y >= 0}


def test_the_sum_that_is_zero_at_feasible_points_proves_nothing() -> None:
    one = obligation("trap", SQUARES_TRAP, x <= 0)
    products = leaf((1, "side/first side/second"), (1, "side/first side/third"))
    assert "strict" in verdict(one, products)


def test_weak_facts_alone_prove_nothing() -> None:
    one = obligation("weak", {"first": x >= 0, "second": x <= 0}, y <= 0)
    assert "strict" in verdict(one, leaf((1, "side/first"), (1, "side/second")))


def test_the_negation_of_a_strict_goal_is_weak() -> None:
    one = obligation("strict_goal", {"side": x >= 0}, x > 0)
    assert "strict" in verdict(one, leaf((1, "goal"), (1, "side/side")))


def test_a_square_is_never_strict() -> None:
    one = obligation("square", {}, x * x > 0)
    assert "strict" in verdict(one, Leaf((Product(1, ("goal",)), Product(1, (), (x,)))))
    no_square = obligation("no_square", {"side": -(x * x) >= 0}, y <= 0)
    both = Leaf((Product(1, ("side/side",)), Product(1, (), (x,))))
    assert "strict" in verdict(no_square, both)


def test_an_empty_product_is_one_and_strict() -> None:
    one = obligation("contradiction", {"side": term(0) >= 1}, x <= 0)
    assert verdict(one, leaf((1, ""), (1, "side/side"))) == ""
    assert "cancel" in verdict(one, leaf((1, "")))
    assert "strict" in verdict(one, leaf())


def test_an_equality_is_no_inequality_and_the_other_way_round() -> None:
    one = obligation("equality", {"same": equal(x, y), "less": x <= y}, x <= y)
    assert "will not do" in verdict(one, leaf((1, "goal"), multiples=(Multiple("goal", term(-1)),)))
    assert verdict(one, leaf((1, "goal"), multiples=(Multiple("side/same", term(-1)),))) == ""
    assert "no inequality" in verdict(one, leaf((1, "goal"), (1, "side/same")))
    assert "will not do" in verdict(
        one, leaf((1, "goal"), multiples=(Multiple("side/less", term(1)),))
    )


def test_a_non_equality_counts_by_its_square_only() -> None:
    one = obligation("apart", {"apart": nonzero(x), "low": -x >= 0}, y <= 0)
    assert "no inequality" in verdict(one, leaf((1, "side/apart"), (1, "side/low")))
    trap = obligation("apart_trap", {"apart": nonzero(x), "low": -(x * x) >= 0}, y <= 0)
    assert verdict(trap, leaf((1, "side/apart side/apart"), (1, "side/low"))) == ""


def test_the_second_branch_of_select_asks_for_a_strict_fact() -> None:
    chosen = select(x, y, a, b)
    one = obligation("select", {"less": y <= x, "b": b <= 0}, chosen <= 0)
    step = Resolve(chosen, 1, "side/less", leaf((1, "goal"), (1, "side/b")))
    assert "will not do" in verdict(one, step)
    strict = obligation("select", {"less": y < x, "b": b <= 0}, chosen <= 0)
    assert verdict(strict, step) == ""
    first = Resolve(chosen, 0, "side/less", leaf((1, "goal"), (1, "side/b")))
    assert "not the condition" in verdict(one, first)


def test_a_select_has_no_bounds() -> None:
    chosen = select(x, y, a, b)
    one = obligation("select_bounds", {}, chosen <= 0)
    assert "no bounds" in verdict(one, Bounds("m", chosen, leaf((1, "goal"))))
    assert "no branches" in verdict(one, Bounds("m", x, leaf((1, "goal"))))


# scope


def test_the_other_branch_s_fact_is_out_of_scope() -> None:
    half = CASES.proof.root
    assert isinstance(half, Split)
    nested = Split("again", x, half, leaf((1, "half")))
    assert "no fact 'half'" in verdict(CASES.obligation, nested)


def test_a_lemma_is_not_in_scope_in_its_own_proof() -> None:
    one = obligation("circular", {}, x <= 0)
    # under its label, its own proof has the negation, which is no help
    lemma = Lemma("claim", x <= 0, leaf((1, "goal"), (1, "claim")), leaf((1, "goal"), (1, "claim")))
    assert "cancel" in verdict(one, lemma)


def test_a_label_cannot_be_used_twice() -> None:
    one = obligation("labels", {"side": x <= 0}, x <= 0)
    done = leaf((1, "goal"), (1, "side/side"))
    for label in ("goal", "side/side"):
        assert "in use" in verdict(one, Split(label, x, done, done))
        assert "in use" in verdict(one, Lemma(label, x <= 0, done, done))
    assert "in use" in verdict(one, Split("p", x, Split("p", -x, done, done), done))
    twice = Bounds("m", abs(x), Bounds("m", abs(x), done))
    assert "in use" in verdict(one, twice)


def test_a_proof_cannot_speak_of_variables_that_do_not_exist() -> None:
    one = obligation("names", {"low": l <= x, "high": x <= u}, x <= u)
    done = leaf((1, "goal"), (1, "side/high"))
    ghost = Term("ghost")
    assert "no variable 'ghost'" in verdict(one, Split("p", ghost, done, done))
    assert "no variable" in verdict(one, Leaf((Product(1, ("goal",), (ghost,)),)))
    assert "no variable" in verdict(one, Bounds("m", abs(ghost), done))
    assert "no variable" in verdict(one, Resolve(abs(ghost), 0, "goal", done))
    assert "no variable" in verdict(one, Lemma("m", ghost <= 0, done, done))
    assert "no variable" in verdict(one, Divide("m", ghost, Sign.NONZERO, done, done))
    # θ exists under its node only, and is not what was split on before
    moved = Barycentric("x", "side/low", "side/high", "ghost", Split("p", ghost, done, done))
    assert verdict(one, moved) != "there is no variable 'ghost' here"
    assert "no variable" in verdict(one, Split("p", ghost - 5, moved, moved))


def test_a_parameter_must_be_new() -> None:
    one = BARYCENTRIC.obligation
    node = BARYCENTRIC.proof.root
    assert isinstance(node, Barycentric)
    assert "exists already" in verdict(one, replace(node, parameter="b"))
    assert "exists already" in verdict(one, replace(node, parameter="x"))
    again = replace(node, rest=replace(node, variable="b"))
    assert "exists already" in verdict(one, again)


def test_a_variable_is_replaced_once_and_definitions_never() -> None:
    node = AFFINE.proof.root
    assert isinstance(node, Rewrite)
    one = AFFINE.obligation
    assert "no variable" in verdict(one, replace(node, rest=node))
    assert "no variable" in verdict(one, replace(node, variable="k"))
    assert "no variable" in verdict(one, replace(node, variable="ghost"))
    assert "will not do" in verdict(one, replace(node, equality="goal"))


def test_a_barycentric_step_needs_two_inequalities() -> None:
    same = obligation("same", {"low": equal(l, x), "high": x <= u}, x <= u)
    node = Barycentric("x", "side/low", "side/high", "t", leaf((1, "goal"), (1, "side/high")))
    assert "will not do" in verdict(same, node)


# division


def test_nothing_divides_by_what_is_not_known_to_be_non_zero() -> None:
    one = obligation("unknown_divisor", {"side": a / x <= 0}, a / x <= 0)
    assert "non-zero" in verdict(one, leaf((1, "goal"), (1, "side/side")))


def test_a_fact_that_divides_by_a_divisor_has_no_say_about_it() -> None:
    # 1/x = y and y·x = 1 would show that x is not 0; but to read the premise, x must not be 0
    one = obligation("own_divisor", {"side": equal(1 / x, y), "product": y * x > 0}, nonzero(x))
    claimed = Multiple("side/side", x)
    divide = Divide("zero", x, Sign.NONZERO, Leaf((Product(1, ()),), (claimed,)), leaf((1, "")))
    assert "non-zero" in verdict(one, divide)
    assert "non-zero" in verdict(one, Leaf((Product(1, ()),), (claimed,)))


def test_the_sign_of_a_divisor_has_to_be_proved() -> None:
    divide = CHORD.proof.root
    assert isinstance(divide, Divide)
    assert "cancel" in verdict(CHORD.obligation, replace(divide, sign=Sign.NEGATIVE))
    assert "no inequality" in verdict(CHORD.obligation, replace(divide, sign=Sign.NONZERO))
    without = tuple(one for one in CHORD.obligation.premises if one.name != "width")
    assert "no fact" in verdict(replace(CHORD.obligation, premises=without), divide)


def test_a_divisor_known_to_be_apart_from_zero_only_keeps_its_sign_open() -> None:
    one = obligation("open_sign", {"apart": nonzero(x), "order": a <= b}, a / x <= b / x)
    zero = leaf((1, "side/apart side/apart"), multiples=(Multiple("zero", -x),))
    divide = Divide("zero", x, Sign.NONZERO, zero, leaf((1, "goal"), (1, "side/order")))
    assert "cancel" in verdict(one, divide)


def test_a_constant_divides_unless_it_is_zero_or_a_quotient() -> None:
    half = obligation("half", {"side": x <= 0}, x / 2 <= 0)
    assert verdict(half, leaf((2, "goal"), (1, "side/side"))) == ""
    nothing = obligation("nothing", {"side": x <= 0}, x / (term(1) - 1) <= 0)
    assert "non-zero" in verdict(nothing, leaf((1, "goal"), (1, "side/side")))
    # 1/y − 1/y + 1 reads as y²/y², whose numerator is no number, 1/y as 1/y, whose numerator is
    hidden = obligation("hidden", {"y": y > 0, "side": x <= 0}, x / (1 / y) <= 0)
    sign = leaf((1, "sign"), (1, "side/y"))
    divide = Divide("sign", y, Sign.POSITIVE, sign, leaf((1, "goal"), (1, "side/side")))
    assert "non-zero" in verdict(hidden, divide)


def test_a_nested_divisor_waits_for_its_own() -> None:
    outer = NESTED.proof.root
    assert isinstance(outer, Divide)
    assert isinstance(outer.rest, Divide)
    assert "non-zero" in verdict(NESTED.obligation, outer.rest)


def test_terms_of_a_proof_do_not_divide_in_leaves() -> None:
    divide = CHORD.proof.root
    assert isinstance(divide, Divide)
    with_square = Leaf((Product(1, ("goal",), (1 / (u - l),)),))
    assert "divides" in verdict(CHORD.obligation, replace(divide, rest=with_square))
    with_multiple = Leaf((Product(1, ()),), (Multiple("side/lower", 1 / (u - l)),))
    assert verdict(CHORD.obligation, replace(divide, rest=with_multiple)) != ""


# the obligation


def test_only_an_obligation_with_a_goal_can_be_proved() -> None:
    done = AlgebraicProof(leaf((1, "")))
    one = SQUARE_CHORD.obligation
    assert isinstance(check(replace(one, goal=None), done), Rejected)
    assert isinstance(check(replace(one, parts=(one,)), SQUARE_CHORD.proof), Rejected)


def test_an_ill_formed_obligation_is_not_proved() -> None:
    one, proof = SQUARE_CHORD.obligation, SQUARE_CHORD.proof
    undeclared = replace(one, free=one.free[1:])
    assert isinstance(check(undeclared, proof), Rejected)
    twice = replace(one, premises=(*one.premises, one.premises[0]))
    assert isinstance(check(twice, proof), Rejected)
    loop = Definition("q", Term("q") + 1, Outward.EXACT)
    assert isinstance(check(replace(one, definitions=(loop,)), proof), Rejected)
    taken = Definition("x", l, Outward.EXACT)
    assert isinstance(check(replace(one, definitions=(taken,)), proof), Rejected)


@each
def test_premises_are_read_from_the_obligation(written: Written) -> None:
    """Without a premise that it uses, or with the goal turned round, a proof proves nothing."""
    one = written.obligation
    for dropped in one.premises:
        if f"'side/{dropped.name}'" in repr(written.proof):
            rest = tuple(premise for premise in one.premises if premise is not dropped)
            assert isinstance(check(replace(one, premises=rest), written.proof), Rejected)
    assert one.goal is not None
    turned = Relation(one.goal.comparison, one.goal.right, one.goal.left)
    symmetric = one.goal.comparison.value in {"==", "!="}
    if not symmetric:
        assert isinstance(check(replace(one, goal=turned), written.proof), Rejected)


@each
def test_a_weaker_premise_or_a_stronger_goal_is_noticed(written: Written) -> None:
    """Sides moved by one, each in the direction that says less, are not what was proved."""
    one = written.obligation
    for index, premise in enumerate(one.premises):
        relation = premise.relation
        if relation.comparison.value in {"<=", "<"}:
            weaker = Premise(premise.name, replace(relation, left=relation.left - 1))
            moved = (*one.premises[:index], weaker, *one.premises[index + 1 :])
            used = f"'side/{premise.name}'" in repr(written.proof)
            found = check(replace(one, premises=moved), written.proof)
            assert isinstance(found, Rejected) == used


def test_deeply_nested_proofs_and_terms_end_in_a_verdict() -> None:
    one = obligation("deep", {"side": x <= 0}, x <= 0)
    node: Node = leaf((1, "goal"), (1, "side/side"))
    for depth in range(400):
        node = Bounds(f"m{depth}", abs(x), node)
    assert isinstance(check(one, AlgebraicProof(node)), Accepted)
    root = x
    for _ in range(5000):
        root = root + 1
    deep = Leaf((Product(1, ("goal",), (root,)),))
    assert isinstance(check(one, AlgebraicProof(deep)), Rejected)


def test_something_else_than_a_node_is_rejected() -> None:
    for wrong in (None, 3, "leaf", Product(1, ()), maximum(x, y)):
        strange: Any = wrong
        assert isinstance(check(SQUARE_CHORD.obligation, AlgebraicProof(strange)), Rejected)
