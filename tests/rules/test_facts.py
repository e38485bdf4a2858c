"""Facts: well-formed, true where they say so, and vouched for only where they are true."""

import random
from collections.abc import Iterator
from dataclasses import replace

import mpmath
import pytest
from gmpy2 import mpq

from refsem.exact.functions import Enclosure, Function
from refsem.ir.enclosing import Spans, Truth, decide, decide_over, point_enclosure
from refsem.ir.readings import Exact
from refsem.ir.terms import (
    Comparison,
    Operator,
    Relation,
    Term,
    applied,
    fold,
    maximum,
    minimum,
    select,
    term,
    variables,
)
from refsem.rules import CATALOGUE, function_facts
from refsem.rules.facts import Assumption, Cited, Fact, FactError, Shape, Voucher
from refsem.rules.function_facts import FACTS
from refsem.rules.vouchers import NotVouched, Vouched, throughout, vouch

k, l, t, u, x, y = variables("k l t u x y")
NUMBERS = [s * mpq(n, d) for s in (1, -1) for n in (0, 1, 2, 3, 5, 20) for d in (1, 2, 7, 64)]
DIGITS = 60

MPMATH = {
    Function.EXP: mpmath.exp,
    Function.LOG: mpmath.log,
    Function.SOFTPLUS: lambda z: mpmath.log1p(mpmath.exp(z)),
    Function.TANH: mpmath.tanh,
    Function.SIGMOID: lambda z: 1 / (1 + mpmath.exp(-z)),
    Function.SIN: mpmath.sin,
    Function.COS: mpmath.cos,
    Function.SQRT: mpmath.sqrt,
    Function.ERF: mpmath.erf,
    Function.FLOOR: mpmath.floor,
    Function.CEIL: mpmath.ceil,
    Function.ROUND: mpmath.nint,
    Function.TRUNC: lambda z: mpmath.sign(z) * mpmath.floor(abs(z)),
}
ARITHMETIC = {
    Operator.ADD: lambda a, b: a + b,
    Operator.SUB: lambda a, b: a - b,
    Operator.MUL: lambda a, b: a * b,
    Operator.NEG: lambda a: -a,
    Operator.MAX: max,
    Operator.MIN: min,
    Operator.ABS: abs,
    Operator.SELECT: lambda a, b, c, d: c if a <= b else d,
}


def near(root: Term, point: dict[str, mpq]) -> mpmath.mpf:
    """The value by mpmath, which has nothing of Arb."""
    if isinstance(root.head, str):
        return mpmath.mpf(int(point[root.head].numerator)) / int(point[root.head].denominator)
    arguments = [near(argument, point) for argument in root.arguments]
    if isinstance(root.head, Function):
        return MPMATH[root.head](*arguments)
    if isinstance(root.head, Operator):
        return ARITHMETIC[root.head](*arguments)
    return mpmath.mpf(int(root.head.numerator)) / int(root.head.denominator)


def nearly(relation: Relation, point: dict[str, mpq]) -> bool:
    """Whether a relation holds by mpmath, give or take the last digits."""
    with mpmath.workdps(DIGITS):
        gap = near(relation.right, point) - near(relation.left, point)
        small = mpmath.mpf(10) ** (10 - DIGITS)
        return bool(abs(gap) < small if relation.comparison is Comparison.EQ else gap > -small)


def points_of(fact: Fact, count: int) -> Iterator[dict[str, mpq]]:
    """Points that meet a fact's premises: numbers in order, and a slope that is small enough."""
    source = random.Random(fact.name)  # noqa: S311  repeatable, not secret
    names = [str(variable.head) for variable in fact.variables]
    for _ in range(count * 40):
        drawn = sorted(source.choice(NUMBERS) for _ in "lxyu")
        point = dict(zip("lxyu", drawn, strict=True))
        point |= {"t": source.choice(NUMBERS), "k": source.choice(NUMBERS) / 64}
        point = {name: point[name] for name in names}
        if all(decide(one.relation, point) is Truth.TRUE for one in fact.premises):
            yield point


each = pytest.mark.parametrize("fact", FACTS, ids=lambda fact: fact.name)
ball = pytest.mark.parametrize(
    "fact", [f for f in FACTS if f.voucher is Voucher.BALL], ids=lambda fact: fact.name
)


# the facts


def test_every_fact_is_listed_once_under_its_name() -> None:
    written = [value for value in vars(function_facts).values() if isinstance(value, Fact)]
    assert written == list(FACTS)
    assert len({fact.name for fact in FACTS}) == len(FACTS)
    cited = {one.fact for rule in CATALOGUE for one in rule.cites}
    assert cited <= set(FACTS)


@each
def test_a_fact_holds_wherever_its_premises_do(fact: Fact) -> None:
    points = [point for _, point in zip(range(60), points_of(fact, 60), strict=False)]
    assert len(points) >= 20
    assert all(nearly(fact.conclusion, point) for point in points)


@each
def test_a_fact_is_about_its_function_and_says_why(fact: Fact) -> None:
    assert fact.because
    assert fact.source
    assert fact.name.startswith(fact.function.value)


# ill-formed


def test_what_is_no_fact_is_refused() -> None:
    fact = function_facts.exp_monotone
    for changes in (
        {"conclusion": applied(Function.EXP, x) <= t},
        {"variables": (x, y, x)},
        {"name": "exp monotone"},
        {"conclusion": 1 / x <= y},
        {"premises": (Assumption("in order", x <= y),)},
        {"premises": (Assumption("divides", 1 / x <= y),)},
    ):
        with pytest.raises(FactError):
            replace(fact, **changes)


def test_a_citation_has_an_argument_for_each_variable_and_a_name() -> None:
    fact = function_facts.exp_monotone
    for arguments in ((x,), (x, y, t), (1 / x, y)):
        with pytest.raises(FactError):
            fact.at(*arguments)
    with pytest.raises(FactError):
        fact.at(x, y, named="no name")
    assert fact.at(x, 0, named="to_0").arguments == (x, term(0))
    assert fact.at(x, y).name == "exp_monotone_x_y"


class Linear(Exact):
    """Every function taken for 3z + 1: a function of its argument, whatever that is."""

    def function(self, function: Function, argument: mpq) -> mpq:  # noqa: ARG002
        return 3 * argument + 1


@pytest.mark.parametrize(
    "argument",
    [maximum(x, y), minimum(x, 0), abs(x - y), select(x, y, minimum(x, 1), maximum(y, -x))],
)
def test_taking_a_function_apart_changes_no_value(argument: Term) -> None:
    cited = function_facts.exp_positive.at(argument, named="instance")
    plain = applied(Function.EXP, argument)
    for a in NUMBERS[::5]:
        for b in NUMBERS[::3]:
            point = {"x": a, "y": b}
            reading = Linear(point)
            assert fold(cited.conclusion.right, reading) == fold(plain, reading)
    found = [node for node in cited.conclusion.right.arguments if node.head is Function.EXP]
    assert found != [plain]


# vouchers


def spans_of(fact: Fact, point: dict[str, mpq], width: mpq) -> Spans:
    """Intervals at a point that meets the premises, towards where the fact holds too."""
    sign = -1 if fact.name.endswith("left") or min(point.values()) < 0 else 1
    ends = {name: sorted((value, value + sign * width)) for name, value in point.items()}
    return {name: Enclosure(*pair) for name, pair in ends.items()}


def itself(fact: Fact) -> Cited:
    return fact.at(*fact.variables)


@ball
def test_a_true_instance_is_vouched_for_at_points_and_around_them(fact: Fact) -> None:
    for number, point in zip(range(12), points_of(fact, 12), strict=False):
        for width in (mpq(0), mpq(number, 16)):
            assert isinstance(vouch(itself(fact), spans_of(fact, point, width)), Vouched)


@each
def test_what_is_vouched_for_is_true_at_every_point_of_the_intervals(fact: Fact) -> None:
    source = random.Random(fact.name)  # noqa: S311  repeatable, not secret
    for _ in range(60):
        ends = [sorted(source.sample(NUMBERS, 2)) for _ in fact.variables]
        names = [str(variable.head) for variable in fact.variables]
        spans = {name: Enclosure(*pair) for name, pair in zip(names, ends, strict=True)}
        if isinstance(vouch(itself(fact), spans), Vouched):
            for _ in range(6):
                point = {
                    n: e.lower + (e.upper - e.lower) * mpq(source.randrange(9), 8)
                    for n, e in spans.items()
                }
                if all(nearly(one.relation, point) for one in fact.premises):
                    assert nearly(fact.conclusion, point)


def everywhere(fact: Fact, low: int, high: int) -> Spans:
    whole = Enclosure(mpq(low), mpq(high))
    return {str(variable.head): whole for variable in fact.variables}


WRONG = [
    replace(function_facts.tanh_chord_left, premises=function_facts.tanh_chord_left.premises[:2]),
    replace(function_facts.sigmoid_tangent_right, premises=()),
    replace(function_facts.exp_tangent, shape=Shape.TANGENT_ABOVE),
    replace(function_facts.exp_chord, shape=Shape.CHORD_BELOW),
    replace(function_facts.exp_tangent, function=Function.LOG),
    replace(
        function_facts.exp_monotone, conclusion=applied(Function.EXP, y) <= applied(Function.EXP, x)
    ),
    replace(function_facts.exp_chord, premises=function_facts.exp_chord.premises[:1]),
    replace(
        function_facts.tanh_least_slope, premises=function_facts.tanh_least_slope.premises[:-1]
    ),
    replace(function_facts.sin_steepness, shape=Shape.MONOTONE),
    replace(
        function_facts.sin_steepness,
        conclusion=2 * function_facts.sin_steepness.conclusion.left
        <= function_facts.sin_steepness.conclusion.right,
    ),
    replace(
        function_facts.tanh_monotone,
        function=Function.SIN,
        conclusion=applied(Function.SIN, x) <= applied(Function.SIN, y),
    ),
]


@pytest.mark.parametrize("fact", WRONG, ids=lambda fact: f"{fact.name} {fact.shape.value}")
def test_a_wrong_fact_is_not_vouched_for(fact: Fact) -> None:
    assert isinstance(vouch(itself(fact), everywhere(fact, -3, 3)), NotVouched)


def test_what_is_seen_to_be_false_is_not_vouched_for() -> None:
    fact = function_facts.exp_monotone
    two, three = (point_enclosure(mpq(n)) for n in (2, 3))
    found = vouch(itself(fact), {"x": three, "y": two})
    assert isinstance(found, NotVouched)
    assert "premise" in found.reason
    idle = replace(fact, premises=())
    found = vouch(itself(idle), {"x": three, "y": two})
    assert isinstance(found, NotVouched)
    assert "is false there" in found.reason


def test_a_stated_fact_is_vouched_for_only_where_balls_decide_it() -> None:
    fact = function_facts.tanh_below_one
    assert isinstance(vouch(itself(fact), everywhere(fact, -2, 2)), Vouched)
    found = vouch(itself(fact), everywhere(fact, -2, 2000))
    assert isinstance(found, NotVouched)
    assert fact.source in found.reason


def test_outside_its_domain_a_fact_is_not_vouched_for() -> None:
    for fact in (function_facts.log_tangent, function_facts.sqrt_chord):
        assert isinstance(vouch(itself(fact), everywhere(fact, -1, 3)), NotVouched)


@pytest.mark.parametrize("power", [0, 10, 400, 4000])
def test_the_sign_at_an_inflection_is_exact(power: int) -> None:
    """A box that ends 2^-power before 0 is convex, one that passes it is not."""
    tiny, one = mpq(1, 2**power), mpq(1)
    loose = replace(
        function_facts.tanh_chord_left, premises=function_facts.tanh_chord_left.premises[:2]
    )
    shaped = replace(loose, premises=function_facts.tanh_chord_left.premises)
    before, past = Enclosure(-one, -tiny / 2), Enclosure(-one, tiny)
    assert isinstance(vouch(itself(shaped), dict.fromkeys("lux", before)), Vouched)
    assert isinstance(vouch(itself(shaped), dict.fromkeys("lux", past)), NotVouched)


def test_signs_of_sines_are_found_by_pieces_and_a_limit_is_kept() -> None:
    sine, cosine = applied(Function.SIN, x), applied(Function.COS, x)
    assert throughout(sine >= 0, Enclosure(mpq(1, 100), mpq(314, 100)))
    assert not throughout(sine >= 0, Enclosure(mpq(1, 100), mpq(315, 100)))
    assert throughout(cosine <= 1, Enclosure(mpq(-1), mpq(1))) in {True, False}
    assert not throughout(sine * sine + cosine * cosine >= 1, Enclosure(mpq(-1), mpq(1)))


def test_relations_over_intervals_are_decided_as_they_are_at_all_points() -> None:
    spans = {"x": Enclosure(mpq(0), mpq(1)), "y": Enclosure(mpq(1), mpq(2))}
    assert decide_over(x <= y, spans, 53) is Truth.TRUE
    assert decide_over(y < x, spans, 53) is Truth.FALSE
    assert decide_over(x < y, spans, 53) is Truth.UNDECIDED
