"""Every rule of the catalogue under every reading, at points drawn from its own statement.

Registration implies execution: one test for each pair of a rule and a reading; every reading and
every rule there is takes part.
"""

import importlib
import pkgutil
import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from types import ModuleType

import pytest
import rule_points
import z3
from gmpy2 import mpq
from hypothesis import given
from hypothesis import strategies as st
from plain_arithmetic import value_of

import refsem.ir
import refsem.obligations
import refsem.rules
from refsem.exact import ExactTensor
from refsem.exact.functions import STEPS, Enclosure, Function
from refsem.ir.enclosing import Enclosed, Truth, decide, enclose_term, point_enclosure
from refsem.ir.floats import Floats
from refsem.ir.readings import (
    Exact,
    Tensors,
    Text,
    evaluate,
    evaluate_tensor,
    holds_tensor,
    relation_text,
    to_text,
)
from refsem.ir.term_nodes import TermNodes
from refsem.ir.terms import (
    Operator,
    Relation,
    Term,
    applications,
    fold,
    free_variables,
    relation_terms,
)
from refsem.obligations.smt import Smt
from refsem.rounding import Unbounded, round_down, round_up
from refsem.rules import BY_NAME, CATALOGUE, EXECUTED, Outward, Rule
from refsem.rules.lifts import table
from refsem.rules.outward import OutwardBinary32, derive_outward

Point = dict[str, mpq]


def sampled(rule: Rule, count: int) -> Iterator[Point]:
    """Points at which the rule applies, with small and with wide numbers in turn."""
    generator = random.Random(rule.name)  # noqa: S311  repeatable, not secret
    sources = [rule_points.Seeded(generator, grid) for grid in rule_points.grids(rule)]
    for i in range(count):
        yield rule_points.draw_point(rule, sources[i % 2])


def with_derived(rule: Rule, point: Point) -> Point:
    values = dict(point)
    for derived in rule.derived:
        values[derived.name] = evaluate(derived.term, values)
    return values


@dataclass(frozen=True, slots=True)
class Pretended:
    """Terms at a point, each function taken for a rational one that has nothing to do with it."""

    exact: Exact

    def constant(self, value: mpq) -> mpq:
        return self.exact.constant(value)

    def variable(self, name: str) -> mpq:
        return self.exact.variable(name)

    def apply(self, operator: Operator, arguments: tuple[mpq, ...]) -> mpq:
        return self.exact.apply(operator, arguments)

    def function(self, function: Function, argument: mpq) -> mpq:
        return pretend(function.value, argument)


def pretend(name: str, argument: mpq) -> mpq:
    if Function(name) in STEPS:  # z3 knows those
        return mpq(STEPS[Function(name)](mpq(argument)))
    return argument * argument + sum(map(ord, name))


def pretended(root: Term, point: Point) -> mpq:
    return fold(root, Pretended(Exact(point)))


def true(relation: Relation, point: Point) -> bool:
    return decide(relation, point) is Truth.TRUE


def relations_of(rule: Rule) -> list[Relation]:
    return [*(side.relation for side in rule.sides), *(claim.relation for claim in rule.claims)]


def terms_of(rule: Rule) -> list[Term]:
    return [*(value.term for value in rule.derived), *relation_terms(relations_of(rule))]


# one check for each reading


def exact_reading(rule: Rule) -> None:
    """The sides hold, and the claims with exactly derived values."""
    for point in sampled(rule, 60):
        values = with_derived(rule, point)
        assert all(true(relation, values) for relation in relations_of(rule))


def enclosed_reading(rule: Rule) -> None:
    """At a point the enclosure of a term is its exact value, or around a tighter enclosure."""
    for point in sampled(rule, 12):
        values = with_derived(rule, point)
        spans = {name: point_enclosure(value) for name, value in values.items()}
        for root in terms_of(rule):
            found, tighter = enclose_term(root, spans, 53), enclose_term(root, spans, 300)
            assert isinstance(found, Enclosure)
            assert isinstance(tighter, Enclosure)
            assert found.lower <= tighter.lower <= tighter.upper <= found.upper
            if not applications((root,)):
                assert found == point_enclosure(evaluate(root, values))
        assert all(true(relation, values) for relation in relations_of(rule))


def tensor_reading(rule: Rule) -> None:
    """On a tensor of points the reading gives what the exact one gives entry by entry."""
    rows = [with_derived(rule, point) for point in sampled(rule, 12)]
    bound = {
        name: ExactTensor.from_rationals([row[name] for row in rows], (3, 4)) for name in rows[0]
    }
    for derived in rule.derived:
        found = evaluate_tensor(derived.term, bound).broadcast_to((3, 4))
        assert found.rationals() == [row[derived.name] for row in rows]
    plain = [one for one in relations_of(rule) if not applications(relation_terms((one,)))]
    assert all(holds_tensor(relation, bound) for relation in plain)


def outward_reading(rule: Rule) -> None:
    """Each claim is judged somewhere, and holds wherever it is judged."""
    judged = [judge_outward(rule, point) for point in sampled(rule, 60)]
    assert {name for names in judged for name in names} == {claim.name for claim in rule.claims}


def text_reading(rule: Rule) -> None:
    """What is printed, read back as arithmetic, has the value of the term."""
    for point in sampled(rule, 10):
        values = with_derived(rule, point)
        fractions = {
            name: Fraction(int(value.numerator), int(value.denominator))
            for name, value in values.items()
        }
        for root in terms_of(rule):
            assert value_of(to_text(root), fractions, pretend) == pretended(root, values)
        for relation in relations_of(rule):
            left, right = relation_text(relation).split(f" {relation.comparison.value} ")
            assert value_of(left, fractions, pretend) == pretended(relation.left, values)
            assert value_of(right, fractions, pretend) == pretended(relation.right, values)


def smt_reading(rule: Rule) -> None:
    """At a point z3 admits the exact value of each term, and no other."""
    for point in sampled(rule, 4):
        values = with_derived(rule, point)
        reading = Smt(z3.Context(), {})
        solver = z3.Solver(ctx=reading.context)
        read = [fold(root, reading) for root in terms_of(rule)]
        exact = [reading.constant(pretended(root, values)) for root in terms_of(rule)]
        for one in applications(terms_of(rule)):
            solver.add(fold(one, reading) == reading.constant(pretended(one, values)))
        solver.add(*reading.constraints)
        solver.add(
            *(reading.variable(name) == reading.constant(value) for name, value in values.items())
        )
        assert solver.check() == z3.sat
        for found, expected in zip(read, exact, strict=True):
            assert solver.check(found != expected) == z3.unsat


READINGS: Mapping[type, Callable[[Rule], None]] = {
    Exact: exact_reading,
    Enclosed: enclosed_reading,
    Tensors: tensor_reading,
    OutwardBinary32: outward_reading,
    Text: text_reading,
    Smt: smt_reading,
}


def judge_outward(rule: Rule, point: Point) -> set[str]:
    """The claims judged at a point with outward derived values; one without them is not judged.

    Each derived value is also held against the exact one, computed from the already moved ones.
    """
    derived_values = derive_outward(rule, point)
    values = dict(point)
    for derived in rule.derived:
        moved = derived_values[derived.name]
        if isinstance(moved, Unbounded):
            continue
        assert round_down(moved) == moved == round_up(moved)
        unmoved = evaluate(derived.term, values)
        match derived.outward:
            case Outward.UP:
                assert moved >= unmoved
            case Outward.DOWN:
                assert moved <= unmoved
            case Outward.EXACT:
                assert moved == unmoved
        values[derived.name] = moved
    judged = [
        claim
        for claim in rule.claims
        if set(free_variables(relation_terms((claim.relation,)))) <= set(values)
    ]
    assert all(true(claim.relation, values) for claim in judged)
    return {claim.name for claim in judged}


# the tests


@pytest.mark.parametrize("reading", READINGS, ids=lambda reading: reading.__name__)
@pytest.mark.parametrize("rule", CATALOGUE, ids=lambda rule: rule.name)
def test_each_rule_under_each_reading(rule: Rule, reading: type) -> None:
    READINGS[reading](rule)


@pytest.mark.parametrize("rule", CATALOGUE, ids=lambda rule: rule.name)
@given(data=st.data())
def test_claims_hold_exactly_with_outward_derived_values(rule: Rule, data: st.DataObject) -> None:
    point = data.draw(rule_points.points(rule))
    assert all(true(side.relation, point) for side in rule.sides)
    judge_outward(rule, point)


def modules(package: ModuleType) -> Iterator[ModuleType]:
    for found in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
        yield importlib.import_module(found.name)


def test_every_public_reading_of_terms_is_executed_on_every_rule() -> None:
    folds = {
        value
        for package in (refsem.ir, refsem.rules, refsem.obligations)
        for module in modules(package)
        for name, value in vars(module).items()
        if isinstance(value, type)
        and {"constant", "variable", "apply"} <= set(vars(value))
        and not name.startswith("_")
        and not getattr(value, "_is_protocol", False)
    }
    # these two read the meanings of operators, never rules: as floats, and as nodes of a graph
    assert folds == {*READINGS, Floats, TermNodes}


def test_every_rule_written_is_in_the_catalogue_and_found_by_its_name() -> None:
    written = {
        value.name: value
        for module in modules(refsem.rules)
        for value in (*vars(module).values(), *getattr(module, "RULES", ()))
        if isinstance(value, Rule)
    }
    assert written == BY_NAME | {rule.name: rule for rule in EXECUTED}
    assert list(BY_NAME.values()) == list(CATALOGUE)
    assert len(BY_NAME) == len(CATALOGUE)


def test_every_lift_belongs_to_a_rule() -> None:
    assert set(table.LIFTS) <= set(BY_NAME)


def test_points_are_drawn_alike_from_alike_seeds() -> None:
    rule = BY_NAME["concretise"]
    assert list(sampled(rule, 20)) == list(sampled(rule, 20))


OPPOSITE = {Outward.UP: Outward.DOWN, Outward.DOWN: Outward.UP}


@pytest.mark.parametrize("name", ["add_interval", "relu_upper", "reslope_lower", "concretise"])
def test_a_derived_value_rounded_inward_is_noticed(name: str) -> None:
    rule = BY_NAME[name]
    inward = replace(
        rule,
        derived=tuple(replace(value, outward=OPPOSITE[value.outward]) for value in rule.derived),
    )
    with pytest.raises(AssertionError):
        outward_reading(inward)
