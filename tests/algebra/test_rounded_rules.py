"""Rules on executed arithmetic: without surprise, refuted when wrong, true of real executions."""

import random
from dataclasses import replace

import pytest
from gmpy2 import mpq
from sympy_oracle import proves

from refsem.binary32 import Binary32, add, mul
from refsem.ir.readings import evaluate, holds
from refsem.ir.terms import Term, maximum, minimum
from refsem.obligations.algebra.checker import Accepted, Rejected, check
from refsem.obligations.algebra.proof import AlgebraicProof, Lemma
from refsem.obligations.discharge import DEFAULT_LIMITS, audit_rule, discharge
from refsem.obligations.generation import rule_obligations
from refsem.obligations.obligation import By, Kind, Point, Proved, Record, Refuted, Stated
from refsem.obligations.outright import dot_obligation, dot_proof
from refsem.rounding import BINARY32, RISCV, Mode, round_to_binary32
from refsem.rules import EXECUTED, Claim, Rule, Side
from refsem.rules.rounded import (
    affine_rounded_down,
    affine_rounded_up,
    dot_step_fused_down,
    dot_step_fused_up,
    dot_step_rounded_down,
    dot_step_rounded_up,
    leaf_error,
    maximum_error,
    product_error,
    step_directed,
    step_nearest,
    tree_error,
    tree_growth,
    unrolled,
)
from refsem.rules.rounding_properties import above, below, constants


@pytest.mark.parametrize("rule", EXECUTED, ids=lambda rule: rule.name)
def test_no_rule_on_executed_arithmetic_has_a_surprise(rule: Rule) -> None:
    records = audit_rule(rule, DEFAULT_LIMITS)
    assert [record.obligation.id for record in records if record.surprising] == []
    words = {one.outcome.by for one in records if isinstance(one.outcome, Proved)}
    assert words <= {By.ALGEBRA, By.POINT}
    stated = [one.outcome for one in records if isinstance(one.outcome, Stated)]
    assert stated == [Stated("with the rule, by induction")] * bool(rule.lift)


# wrong variants

ULP = mpq(1, 2**23)


def with_side(rule: Rule, side: Side) -> Rule:
    assert side.name in {one.name for one in rule.sides}
    sides = tuple(side if one.name == side.name else one for one in rule.sides)
    return replace(rule, sides=sides)


def with_bound(rule: Rule, bound: Term) -> Rule:
    (derived,) = rule.derived
    return replace(rule, derived=(replace(derived, term=bound),))


a, b, d, e, f, g, k, l, m, p, q, r, s, u, v, w, x, y, z = (
    Term(name) for name in "abdefgklmpqrsuvwxyz"
)
unit, least, growth = Term("unit"), Term("least"), Term("growth")

WRONG = {
    "a product rounded up": with_side(
        affine_rounded_down, above.side("product_at_lower_end", t=w * l, r=p)
    ),
    "a sum rounded up": with_side(affine_rounded_down, above.side("sum", t=minimum(p, q) + b, r=r)),
    "a sum rounded down": with_side(affine_rounded_up, below.side("sum", t=maximum(p, q) + b, r=r)),
    "the greater product": with_side(
        dot_step_rounded_down, below.side("sum", t=a + maximum(p, q), r=r)
    ),
    "a product rounded down": with_side(
        dot_step_rounded_up, below.side("product_at_upper_end", t=w * u, r=q)
    ),
    "the partial sum forgotten": with_side(
        dot_step_rounded_up, above.side("sum", t=maximum(p, q), r=r)
    ),
    "one fused end": replace(dot_step_fused_down, claims=(Claim("lower", p <= s + w * x),)),
    "the lesser fused end": replace(
        dot_step_fused_up, claims=(Claim("upper", s + w * x <= minimum(p, q)),)
    ),
    "no absolute error": with_bound(leaf_error, unit * m),
    "an absolute error too small by one ulp": with_bound(leaf_error, unit * m + (1 - ULP) * least),
    "a relative error too small by one ulp": with_bound(leaf_error, (1 - ULP) * unit * m + least),
    "the rounding of the sum forgotten": with_bound(tree_error, d + g),
    "the greater error for both": with_bound(tree_error, maximum(d, g) + unit * abs(e + f)),
    "a sum's error too small by one ulp": with_bound(
        tree_error, d + g + (1 - ULP) * unit * abs(e + f)
    ),
    "growth without the product": with_bound(
        tree_growth, (growth + unit) * (m + k) + (1 + unit) * (y + z)
    ),
    "growth once for two levels": with_bound(tree_growth, growth * (m + k) + (1 + unit) * (y + z)),
    "absolute errors not rounded": with_bound(
        tree_growth, (growth + unit + unit * growth) * (m + k) + y + z
    ),
    "a product's error too small by one ulp": with_bound(
        product_error, (1 + unit) * (m * g + k * d + d * g) + (1 - ULP) * unit * m * k + least
    ),
    "a product without the product of errors": with_bound(
        product_error, (1 + unit) * (m * g + k * d) + unit * m * k + least
    ),
    "a product of which one error is not scaled": with_bound(
        product_error, (1 + unit) * (m * g + d + d * g) + unit * m * k + least
    ),
    "a product whose errors are not rounded": with_bound(
        product_error, m * g + k * d + d * g + unit * m * k + least
    ),
    "a maximum with the error of one": replace(
        maximum_error, sides=(maximum_error.sides[0], Side("right", f <= v + d, because=""))
    ),
    "nearest with half the gap": with_side(
        step_nearest,
        Side("gap", Term("j") - Term("i") <= (2 + ULP) * unit * Term("o"), because="too wide"),
    ),
    "directed with the gap of nearest": with_side(
        step_directed,
        Side("gap", Term("j") - Term("i") <= 2 * unit * Term("o"), because="too wide"),
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_variant_is_refuted_by_an_exact_point(name: str) -> None:
    wrong = replace(WRONG[name], name="wrong")
    sound = [one for one in rule_obligations(wrong) if one.kind is Kind.SOUND]
    found = [discharge(one, replace(DEFAULT_LIMITS, points=400)) for one in sound]
    refuted, *_ = found
    assert isinstance(refuted, Refuted)
    assert isinstance(refuted.evidence, Point)
    values = dict(refuted.evidence.values)
    assert all(holds(side.relation, values) for side in wrong.sides)
    assert not holds(wrong.claims[0].relation, values)


# a dot product outright


@pytest.mark.parametrize("length", [1, 2, 16])
def test_a_whole_dot_product_is_proved_outright(length: int) -> None:
    obligation, proof = dot_obligation(length), dot_proof(length)
    assert isinstance(proof, AlgebraicProof)
    accepted = check(obligation, proof)
    assert isinstance(accepted, Accepted)
    assert accepted.leaves == 3 * length + 1
    if length <= 2:
        assert proves(obligation, proof)


def test_the_proof_of_another_length_or_with_a_step_left_out_is_rejected() -> None:
    proof = dot_proof(3)
    assert isinstance(proof, AlgebraicProof)
    assert isinstance(check(dot_obligation(4), proof), Rejected)
    assert isinstance(proof.root, Lemma)
    assert isinstance(check(dot_obligation(3), AlgebraicProof(proof.root.rest)), Rejected)


def test_a_dot_product_with_one_operation_rounded_up_is_not_proved() -> None:
    proof = dot_proof(3)
    assert isinstance(proof, AlgebraicProof)
    whole = dot_obligation(3)
    for index, premise in enumerate(whole.premises):
        relation = replace(
            premise.relation, left=premise.relation.right, right=premise.relation.left
        )
        others = (*whole.premises[:index], replace(premise, relation=relation))
        turned = replace(whole, premises=(*others, *whole.premises[index + 1 :]))
        assert isinstance(check(turned, proof), Rejected)


# the sides hold of what binary32 does, and so do the claims


def number(source: random.Random) -> mpq:
    size = mpq(source.randrange(1, 1 << 26), 1 << source.randrange(20, 32))
    return Binary32(round_to_binary32(Mode.RNE, source.choice((1, -1)) * size, 0)).value


def executed(operation: str, mode: Mode, one: mpq, other: mpq) -> mpq:
    operands = [Binary32(round_to_binary32(Mode.RNE, value, 0)) for value in (one, other)]
    found = {"add": add, "mul": mul}[operation](mode, *operands, RISCV)
    return found.value.value


@pytest.mark.parametrize("length", [1, 3, 16])
def test_a_directed_dot_product_meets_the_sides_and_the_claim(length: int) -> None:
    source = random.Random(length)  # noqa: S311  repeatable, not secret
    sides, last, exact = unrolled(length)
    for _ in range(20):
        partial = number(source)
        point = {"b": partial}
        for index in range(1, length + 1):
            low, high = sorted((number(source), number(source)))
            weight, inside = number(source), low + (high - low) * source.randrange(8) / 7
            products = [executed("mul", Mode.RTN, weight, end) for end in (low, high)]
            partial = executed("add", Mode.RTN, partial, min(products))
            values = (weight, inside, low, high, *products, partial)
            point |= {f"{n}_{index}": v for n, v in zip("wxlupqr", values, strict=True)}
        assert all(holds(side.relation, point) for side in sides)
        assert evaluate(last, point) <= evaluate(exact, point)


@pytest.mark.parametrize("mode", list(Mode))
@pytest.mark.parametrize("shape", ["balanced", "chain"])
def test_the_error_of_a_reduction_tree_is_within_its_bounds(mode: Mode, shape: str) -> None:
    source = random.Random(f"{mode.value} {shape}")  # noqa: S311  repeatable, not secret
    numbers = constants(BINARY32, mode, None)
    relative, absolute = (evaluate(numbers[name], {}) for name in ("unit", "least"))
    for _ in range(5):
        level: list[tuple[mpq, mpq, mpq, mpq, mpq]] = []
        for _ in range(16):
            weight, value = number(source), number(source)
            product = executed("mul", mode, weight, value)
            point = {"w": weight, "x": value, "m": abs(weight * value), "r": product}
            point |= {"unit": relative, "least": absolute}
            error = applied(leaf_error, point)
            level.append((product, weight * value, abs(weight * value), error, relative))
        while len(level) > 1:
            left, right, *rest = level
            joined = node(mode, left, right, relative)
            level = [joined, *rest] if shape == "chain" else [*rest, joined]
        value, exact, *_ = level[0]
        assert value != exact


def node(
    mode: Mode, left: tuple[mpq, ...], right: tuple[mpq, ...], relative: mpq
) -> tuple[mpq, mpq, mpq, mpq, mpq]:
    """The sum of two executed values with its error bounds, each checked against the rules."""
    total = executed("add", mode, left[0], right[0])
    point = {"e": left[0], "t": left[1], "d": left[3], "unit": relative, "r": total}
    point |= {"f": right[0], "v": right[1], "g": right[3]}
    error = applied(tree_error, point)
    point |= {"m": left[2], "k": right[2], "growth": growing(left, right)}
    point |= {"y": mpq(0), "z": mpq(0)}
    bound = applied(tree_growth, point)
    assert error <= bound
    return total, left[1] + right[1], left[2] + right[2], error, bound / (left[2] + right[2])


def growing(left: tuple[mpq, ...], right: tuple[mpq, ...]) -> mpq:
    return max(one[3] / one[2] for one in (left, right))


def applied(rule: Rule, point: dict[str, mpq]) -> mpq:
    """The derived bound, once every side and the claim have been seen to hold."""
    (derived,) = rule.derived
    bound = evaluate(derived.term, point)
    values = point | {derived.name: bound}
    assert all(holds(side.relation, values) for side in rule.sides)
    assert all(holds(claim.relation, values) for claim in rule.claims)
    return bound


def test_a_surprise_is_noticed() -> None:
    wrong = replace(WRONG["no absolute error"], name="wrong")
    records = audit_rule(wrong, DEFAULT_LIMITS)
    assert any(isinstance(one, Record) and one.surprising for one in records)
