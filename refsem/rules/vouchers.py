"""Vouchers: instances of facts checked where they are used, by exact comparison and balls.

An instance is vouched for over intervals of its variables: at all values there that meet its
premises, its conclusion holds. Either enclosures decide the conclusion outright, or it is what
its fact's shape states and follows from the sign of a derivative on the interval that the
arguments span: a convex function lies above its tangents, and so on.

A sign is that of a term with the same sign, from which factors that are positive everywhere have
been dropped: tanh″ = −2·tanh·(1 − tanh²) has the sign of −x, exactly, however close to 0. Signs of
sine and cosine are found by balls on ever smaller pieces; near the zero at 0 the sign of the sine
is that of its argument. Where all this does not decide, the instance is not vouched for: that is
an answer, not an error.

Invariant: nothing of the fact is believed but its function, its shape and its premises. Trusted:
the three tables here and the derivatives in `refsem.rules.shapes`. Source: elementary calculus.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from gmpy2 import mpq

from refsem.exact.functions import STEPS, Enclosure, Function, NotEnclosed
from refsem.ir.enclosing import Spans, Truth, decide_over, enclose_term
from refsem.ir.readings import relation_text
from refsem.ir.terms import Relation, Term, applied, domain, select, term, variables
from refsem.rules.facts import Cited, Fact, Shape, Voucher
from refsem.rules.shapes import places, premises_of, statement, variables_of

PRECISION = 200
PIECES = 400
"""An interval is cut into at most this many pieces."""

(x,) = variables("x")


@dataclass(frozen=True, slots=True)
class Vouched:
    """The instance holds at all values that meet its premises; how it was seen."""

    how: str


@dataclass(frozen=True, slots=True)
class NotVouched:
    """Nothing was found that shows the instance; it may be true or false."""

    reason: str


def _one(_: Term) -> Term:
    return term(1)


def _sine_sign(point: Term) -> Term:
    """A term with the sign of the sine; 3 is below π."""
    return select(abs(point), 3, point, applied(Function.SIN, point))


_RISING: Mapping[Function, Callable[[Term], Term]] = {
    Function.EXP: _one,
    Function.LOG: _one,
    Function.SOFTPLUS: _one,
    Function.TANH: _one,
    Function.SIGMOID: _one,
    Function.ERF: _one,
    Function.SQRT: _one,
    Function.SIN: lambda x: applied(Function.COS, x),
    Function.COS: lambda x: -_sine_sign(x),
    **dict.fromkeys(STEPS, _one),
}
"""A term with the sign of the derivative; where it is positive, f(x) ≤ f(y) for all x ≤ y."""

_BENDING: Mapping[Function, Callable[[Term], Term]] = {
    Function.EXP: _one,
    Function.LOG: lambda _: term(-1),
    Function.SOFTPLUS: _one,
    Function.TANH: lambda x: -x,
    Function.SIGMOID: lambda x: -x,
    Function.ERF: lambda x: -x,
    Function.SQRT: lambda _: term(-1),
    Function.SIN: lambda x: -_sine_sign(x),
    Function.COS: lambda x: -applied(Function.COS, x),
}
"""A term with the sign of the second derivative."""

_SLIGHT = frozenset({Function.SIN, Function.COS})
"""Functions whose first and second derivatives lie between −1 and 1 everywhere."""


def vouch(cited: Cited, spans: Spans) -> Vouched | NotVouched:
    """Whether an instance of a fact holds at all values of its variables in some intervals."""
    for premise in cited.premises:
        if decide_over(premise.relation, spans, PRECISION) is Truth.FALSE:
            return NotVouched(f"its premise {relation_text(premise.relation)} is false there")
    match decide_over(cited.conclusion, spans, PRECISION):
        case Truth.TRUE:
            return Vouched("enclosures separate the sides of the conclusion")
        case Truth.FALSE:
            return NotVouched(f"{relation_text(cited.conclusion)} is false there")
        case Truth.UNDECIDED:
            return _by_shape(cited, spans)


def _by_shape(cited: Cited, spans: Spans) -> Vouched | NotVouched:
    fact = cited.fact
    if fact.voucher is not Voucher.BALL:
        return NotVouched(f"{fact.name!r} rests on {fact.source}")
    if not _states_its_shape(fact):
        return NotVouched(
            f"{fact.name!r} is not what shape {fact.shape.value!r} says under premises"
        )
    hull = _hull(cited, spans)
    if isinstance(hull, NotEnclosed):
        return NotVouched(hull.reason)
    seen = []
    in_domain = [(relation, hull) for relation in domain(applied(fact.function, x))]
    for relation, over in (*in_domain, *_sufficient(fact, hull)):
        what = f"{relation_text(relation)} throughout [{over.lower}, {over.upper}]"
        if not throughout(relation, over):
            return NotVouched(f"{what} is not seen")
        seen.append(what)
    return Vouched("; ".join(seen))


def _states_its_shape(fact: Fact) -> bool:
    """Whether a fact concludes what its shape says, under the premises that this takes."""
    known = _RISING if fact.shape is Shape.MONOTONE else _BENDING
    if fact.variables != variables_of(fact.shape) or fact.function not in known:
        return False
    premises = {premise.relation for premise in fact.premises}
    enough = premises.issuperset(premises_of(fact.shape, fact.function))
    return enough and fact.conclusion == statement(fact.shape, fact.function)


def _sufficient(fact: Fact, hull: Enclosure) -> tuple[tuple[Relation, Enclosure], ...]:
    """Relations about x, each with an interval throughout which it has to hold."""
    if fact.shape is Shape.MONOTONE:
        return ((_RISING[fact.function](x) >= 0, hull),)
    bending = _BENDING[fact.function](x)
    match fact.shape:
        case Shape.TANGENT_BELOW | Shape.CHORD_ABOVE:
            return ((bending >= 0, hull),)
        case Shape.TANGENT_ABOVE | Shape.CHORD_BELOW:
            return ((bending <= 0, hull),)
        case Shape.LEAST_SLOPE:
            zero = mpq(0)
            left = Enclosure(min(hull.lower, zero), zero)
            right = Enclosure(zero, max(hull.upper, zero))
            return ((bending >= 0, left), (bending <= 0, right))
        case _:
            return ((term(1 if fact.function in _SLIGHT else -1) >= 0, hull),)


def _hull(cited: Cited, spans: Spans) -> Enclosure | NotEnclosed:
    """The least interval around all places where the fact looks at its function."""
    looked_at = places(cited.fact.shape)
    found = []
    for variable, argument in zip(cited.fact.variables, cited.arguments, strict=True):
        span = enclose_term(argument, spans, PRECISION)
        if isinstance(span, NotEnclosed):
            return span
        if variable in looked_at:
            found.append(span)
    return Enclosure(min(span.lower for span in found), max(span.upper for span in found))


def throughout(relation: Relation, over: Enclosure) -> bool:
    """Whether a relation about x is seen to hold on all of an interval, piece by piece."""
    pieces = [over]
    for _ in range(PIECES):
        if not pieces:
            return True
        piece = pieces.pop()
        found = decide_over(relation, {"x": piece}, PRECISION)
        if found is Truth.FALSE or (found is Truth.UNDECIDED and piece.lower == piece.upper):
            return False
        if found is Truth.UNDECIDED:
            middle = (piece.lower + piece.upper) / 2
            pieces += [Enclosure(piece.lower, middle), Enclosure(middle, piece.upper)]
    return not pieces
