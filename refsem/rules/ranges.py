"""The greatest value of a term over an interval, from above, by balls on ever smaller pieces.

A piece is bounded by the least of three: the ball of the term over it; the ball at its middle and
that of the derivative, by the mean value theorem; and, where the derivative keeps one sign, the
ball at an end. The piece that reaches highest is cut in two until it reaches no higher than a
value that is attained, give or take a little, or until there are many: either way every piece has
been bounded. Derivatives are carried along with the values (forward differentiation).

A selection between two terms may jump; where its condition is not decided on a piece there is no
derivative, nor is there one of a step function, and the ball of the value alone bounds the piece.

Invariant: no value of the term on the interval is above what is returned. Trusted: this file, its
table of derivatives, and Arb. Source: interval analysis (Moore 1966), elementary calculus.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from heapq import heappop, heappush
from itertools import count

from flint import arb, ctx
from gmpy2 import mpq

from refsem.exact.functions import (
    STEPS,
    Enclosure,
    Function,
    NotEnclosed,
    ball_ends,
    ball_of,
    ball_over,
)
from refsem.ir.terms import Operator, Term, subterms

PRECISION = 128
PIECES = 80
"""An interval is cut into at most this many pieces."""

_CLOSE = 16
"""A bound is close enough within 2^-this of the interval's width, or of the value."""


@dataclass(frozen=True, slots=True)
class _Dual:
    """Balls around a value and its derivative; one that is not finite where none is known."""

    value: arb
    slope: arb


_UNKNOWN = arb("nan")
_NOTHING = arb(0)
_SLOPES: Mapping[Function, Callable[[arb, arb], arb]] = {
    Function.EXP: lambda _, v: v,
    Function.EXPM1: lambda _, v: v + 1,
    Function.LOG: lambda x, _: 1 / x,
    Function.LOG1P: lambda x, _: 1 / (1 + x),
    Function.SIN: lambda x, _: x.cos(),
    Function.COS: lambda x, _: -x.sin(),
    Function.TAN: lambda _, v: 1 + v * v,
    Function.ATAN: lambda x, _: 1 / (1 + x * x),
    Function.TANH: lambda _, v: 1 - v * v,
    Function.SIGMOID: lambda _, v: v * (1 - v),
    Function.SOFTPLUS: lambda x, _: 1 / (1 + (-x).exp()),
    Function.SQRT: lambda _, v: 1 / (2 * v),
    Function.ERF: lambda x, _: 2 * (-x * x).exp() / arb.pi().sqrt(),
}
"""The derivative of a function from its argument and its value there."""


Instruction = tuple[Operator | Function | None, tuple[int, ...]]


@dataclass(frozen=True, slots=True, eq=False)
class _Program:
    """A term in one variable, ready to be evaluated often: its subterms, arguments first.

    An instruction without a head is the variable or constant; `leaves` has the constant ones.
    """

    instructions: tuple[Instruction, ...]
    leaves: Mapping[int, _Dual]

    def at(self, point: arb) -> _Dual:
        """Balls around the value and the derivative at all numbers of a ball."""
        variable = _Dual(point, arb(1))
        known: list[_Dual] = []
        for place, (head, arguments) in enumerate(self.instructions):
            if head is None:
                known.append(self.leaves.get(place, variable))
            else:
                known.append(_applied(head, tuple(known[index] for index in arguments)))
        return known[-1]


def _program(root: Term) -> _Program:
    """The term as a program, its constants as balls of the precision in force."""
    places: dict[int, int] = {}
    instructions: list[Instruction] = []
    leaves: dict[int, _Dual] = {}
    for place, node in enumerate(subterms(root)):
        places[id(node)] = place
        arguments = tuple(places[id(argument)] for argument in node.arguments)
        match node.head:
            case Operator() | Function() as head if not leaves.keys() >= set(arguments):
                instructions.append((head, arguments))
            case Operator() | Function() as head:
                leaves[place] = _applied(head, tuple(leaves[index] for index in arguments))
                instructions.append((None, ()))
            case str():
                instructions.append((None, ()))
            case value:
                leaves[place] = _Dual(ball_of(value), _NOTHING)
                instructions.append((None, ()))
    return _Program(tuple(instructions), leaves)


def _of_function(function: Function, argument: _Dual) -> _Dual:
    if function in STEPS:
        return _Dual(_step(function, argument.value), _UNKNOWN)
    value = ball_over(function, argument.value)
    if function not in _SLOPES:
        return _Dual(value, _UNKNOWN)
    return _Dual(value, _SLOPES[function](argument.value, value) * argument.slope)


def _applied(head: Operator | Function, arguments: tuple[_Dual, ...]) -> _Dual:
    match head:
        case Function() as function:
            return _of_function(function, arguments[0])
        case Operator.SELECT:
            return _selected(*arguments)
        case Operator.NEG | Operator.ABS:
            return _of_one(head, arguments[0])
        case operator:
            return _of_two(operator, arguments[0], arguments[1])


def _step(function: Function, over: arb) -> arb:
    ends = ball_ends(over)
    if isinstance(ends, NotEnclosed):
        return _UNKNOWN
    lower, upper = (mpq(STEPS[function](end)) for end in (ends.lower, ends.upper))
    return ball_of(lower).union(ball_of(upper))


def _of_one(operator: Operator, x: _Dual) -> _Dual:
    negative = _Dual(-x.value, -x.slope)
    if operator is Operator.NEG or x.value < 0:
        return negative
    if x.value >= 0:
        return x
    return _Dual(abs(x.value), x.slope.union(negative.slope))


def _of_two(operator: Operator, x: _Dual, y: _Dual) -> _Dual:
    match operator:
        case Operator.ADD:
            return _Dual(x.value + y.value, x.slope + y.slope)
        case Operator.SUB:
            return _Dual(x.value - y.value, x.slope - y.slope)
        case Operator.MUL:
            return _Dual(x.value * y.value, x.slope * y.value + x.value * y.slope)
        case Operator.DIV:
            value = x.value / y.value
            return _Dual(value, (x.slope - value * y.slope) / y.value)
        case Operator.MAX:
            return _greater(x, y)
        case _:
            lesser = _greater(_Dual(-x.value, -x.slope), _Dual(-y.value, -y.slope))
            return _Dual(-lesser.value, -lesser.slope)


def _greater(x: _Dual, y: _Dual) -> _Dual:
    if x.value >= y.value:
        return x
    if x.value <= y.value:
        return y
    return _Dual(x.value.max(y.value), x.slope.union(y.slope))


def _selected(a: _Dual, b: _Dual, x: _Dual, y: _Dual) -> _Dual:
    if a.value <= b.value:
        return x
    if a.value > b.value:
        return y
    return _Dual(x.value.union(y.value), _UNKNOWN)


@dataclass(frozen=True, slots=True)
class _Piece:
    """An interval, and a number above all values of the term on it; None if there is none yet."""

    lower: mpq
    upper: mpq
    most: mpq | None

    @property
    def urgency(self) -> tuple[bool, mpq]:
        """Least for the piece that reaches highest."""
        return self.most is not None, -(self.most or mpq(0))


def greatest(root: Term, box: Enclosure) -> mpq | NotEnclosed:
    """A number that no value of a term in one variable exceeds on an interval; nearly the least.

    `NotEnclosed` where some piece of the interval has no finite ball: a pole, or outside a domain.
    """
    with ctx.workprec(PRECISION):
        program, order = _program(root), count()
        first = _Piece(box.lower, box.upper, _most(program, box.lower, box.upper))
        pieces = [(first.urgency, next(order), first)]
        attained = _attained(program, box.lower)
        for _ in range(PIECES):
            highest = pieces[0][2]
            if highest.lower == highest.upper or _close(highest.most, attained, box):
                break
            heappop(pieces)
            middle = (highest.lower + highest.upper) / 2
            attained = max(
                (one for one in (attained, _attained(program, middle)) if one is not None),
                default=None,
            )
            for lower, upper in ((highest.lower, middle), (middle, highest.upper)):
                piece = _Piece(lower, upper, _most(program, lower, upper))
                heappush(pieces, (piece.urgency, next(order), piece))
        found = pieces[0][2].most
    return NotEnclosed("no finite ball on some piece") if found is None else found


def _close(most: mpq | None, attained: mpq | None, box: Enclosure) -> bool:
    """Whether a bound is little above a value that is attained."""
    if most is None or attained is None:
        return False
    return bool((most - attained) * 2**_CLOSE <= abs(attained) + box.upper - box.lower)


def _attained(program: _Program, at: mpq) -> mpq | None:
    """A number that the value at a point is not below."""
    ends = ball_ends(program.at(ball_of(at)).value)
    return None if isinstance(ends, NotEnclosed) else ends.lower


def _above(ball: arb) -> list[mpq]:
    """The upper end of a ball, if it is finite."""
    ends = ball_ends(ball)
    return [] if isinstance(ends, NotEnclosed) else [ends.upper]


def _most(program: _Program, lower: mpq, upper: mpq) -> mpq | None:
    """A number above all values of the term on an interval: the least that is found."""
    start, end = ball_of(lower), ball_of(upper)
    over = program.at(start.union(end))
    found = _above(over.value)
    if not over.slope.is_finite() or not found:
        return min(found, default=None)
    if over.slope >= 0 or over.slope <= 0:
        at_end = program.at(end if over.slope >= 0 else start).value
        return min(found + _above(at_end))
    middle = ball_of((lower + upper) / 2)
    reach = over.slope * (start.union(end) - middle)
    return min(found + _above(program.at(middle).value + reach))


def least(root: Term, box: Enclosure) -> mpq | NotEnclosed:
    """A number that no value of a term is below, as `greatest` finds one that none is above."""
    found = greatest(-root, box)
    return found if isinstance(found, NotEnclosed) else -found
