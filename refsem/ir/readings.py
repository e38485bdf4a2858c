"""Three readings of terms: exact numbers, exact tensors, and text.

The exact and the tensor reading are the same mathematics on one number and on arrays of numbers;
the tests hold one against the other. Division by zero raises `ZeroDivisionError` in both.

A named function has an exact value only where that is rational; comparing other values takes
enclosures (`refsem.ir.enclosing`).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from gmpy2 import mpq

from refsem.exact import ExactTensor
from refsem.exact.functions import Function, NoRationalValue, rational_value
from refsem.ir.terms import Comparison, Operator, Relation, Term, applied, domain, fold

Point = Mapping[str, mpq]


class UndefinedError(ArithmeticError):
    """A function applied outside its domain."""

    def __init__(self, function: Function, argument: mpq) -> None:
        super().__init__(f"{function.value}({argument}) is not defined")
        self.function = function
        self.argument = argument


class IrrationalError(ArithmeticError):
    """A function value that is not known to be rational."""

    def __init__(self, function: Function, argument: mpq) -> None:
        super().__init__(f"{function.value}({argument}) is not known to be rational")
        self.function = function
        self.argument = argument


_NUMBERS: Mapping[Operator, Callable[..., Any]] = {
    Operator.ADD: lambda x, y: x + y,
    Operator.SUB: lambda x, y: x - y,
    Operator.MUL: lambda x, y: x * y,
    Operator.DIV: lambda x, y: x / y,
    Operator.NEG: lambda x: -x,
    Operator.MIN: min,
    Operator.MAX: max,
    Operator.ABS: abs,
    Operator.SELECT: lambda a, b, x, y: x if a <= b else y,
}


@dataclass(frozen=True, slots=True)
class Exact:
    """Terms as rational numbers at a point."""

    point: Point

    def constant(self, value: mpq) -> mpq:
        """The constant itself."""
        return value

    def variable(self, name: str) -> mpq:
        """The point's value of the variable."""
        return self.point[name]

    def apply(self, operator: Operator, arguments: tuple[mpq, ...]) -> mpq:
        """Exact arithmetic; `ZeroDivisionError` where a divisor is zero."""
        return mpq(_NUMBERS[operator](*arguments))

    def function(self, function: Function, argument: mpq) -> mpq:
        """The value if it is rational; `UndefinedError` or `IrrationalError` if there is none."""
        if not _defined(function, argument):
            raise UndefinedError(function, argument)
        value = rational_value(function, argument)
        if isinstance(value, NoRationalValue):
            raise IrrationalError(function, argument)
        return value


def _defined(function: Function, argument: mpq) -> bool:
    if function is Function.TAN:
        return True  # the cosine of a rational is 1 or irrational, never 0
    return all(holds(relation, {}) for relation in domain(applied(function, argument)))


def evaluate(root: Term, point: Point) -> mpq:
    """The rational value of a term at a point.

    `ZeroDivisionError` or `UndefinedError` where it has none; `IrrationalError` where a function
    value is not known to be rational.
    """
    return fold(root, Exact(point))


def holds(relation: Relation, point: Point) -> bool:
    """Whether a relation between rational values is true at a point; errors as `evaluate`'s."""
    left, right = evaluate(relation.left, point), evaluate(relation.right, point)
    match relation.comparison:
        case Comparison.LE:
            return bool(left <= right)
        case Comparison.LT:
            return bool(left < right)
        case Comparison.EQ:
            return bool(left == right)
        case Comparison.NE:
            return bool(left != right)


_TENSORS: Mapping[Operator, Callable[..., ExactTensor]] = {
    Operator.ADD: lambda x, y: x + y,
    Operator.SUB: lambda x, y: x - y,
    Operator.MUL: lambda x, y: x * y,
    Operator.DIV: lambda x, y: x.divide(y),
    Operator.NEG: lambda x: -x,
    Operator.MIN: lambda x, y: x.minimum(y),
    Operator.MAX: lambda x, y: x.maximum(y),
    Operator.ABS: abs,
    Operator.SELECT: lambda a, b, x, y: x.where(a.less_equal(b), y),
}


@dataclass(frozen=True, slots=True)
class Tensors:
    """Terms entry by entry over exact tensors, broadcast by numpy's rule."""

    values: Mapping[str, ExactTensor]

    def constant(self, value: mpq) -> ExactTensor:
        """The constant as a zero-dimensional tensor."""
        return ExactTensor.full((), value)

    def variable(self, name: str) -> ExactTensor:
        """The tensor bound to the variable."""
        return self.values[name]

    def apply(self, operator: Operator, arguments: tuple[ExactTensor, ...]) -> ExactTensor:
        """Exact arithmetic, entry by entry."""
        return _TENSORS[operator](*arguments)

    def function(self, function: Function, argument: ExactTensor) -> ExactTensor:
        """The values where all are rational; `UndefinedError` or `IrrationalError` if not."""
        exact = Exact({})
        values = [exact.function(function, value) for value in argument.rationals()]
        return ExactTensor.from_rationals(values, argument.shape)


def evaluate_tensor(root: Term, values: Mapping[str, ExactTensor]) -> ExactTensor:
    """The value of a term, entry by entry, at tensors bound to its variables."""
    return fold(root, Tensors(values))


def holds_tensor(relation: Relation, values: Mapping[str, ExactTensor]) -> bool:
    """Whether a relation is true in every entry, exactly."""
    left = evaluate_tensor(relation.left, values)
    right = evaluate_tensor(relation.right, values)
    match relation.comparison:
        case Comparison.LE:
            return bool(left.less_equal(right).all())
        case Comparison.LT:
            return bool(left.less(right).all())
        case Comparison.EQ:
            return bool(left.equal(right).all())
        case Comparison.NE:
            return not bool(left.equal(right).any())


# text: each piece carries the strength with which it binds, for parentheses

_SUM, _PRODUCT, _ATOM = 1, 2, 3
_STRENGTH = {Operator.ADD: _SUM, Operator.SUB: _SUM, Operator.MUL: _PRODUCT, Operator.DIV: _PRODUCT}
Piece = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Text:
    """Terms as infix text with the fewest parentheses."""

    def constant(self, value: mpq) -> Piece:
        """The number; a fraction or a negative one binds like what it looks like."""
        if value.denominator == 1:
            return str(value), _ATOM if value >= 0 else _SUM
        return str(value), _PRODUCT if value >= 0 else _SUM

    def variable(self, name: str) -> Piece:
        """The name."""
        return name, _ATOM

    def apply(self, operator: Operator, arguments: tuple[Piece, ...]) -> Piece:
        """Infix for + − · ÷, prefix minus, and calls for the rest."""
        if operator is Operator.NEG:
            return f"-{_parenthesised(arguments[0], _PRODUCT)}", _SUM
        if operator not in _STRENGTH:
            return f"{operator.symbol}({', '.join(text for text, _ in arguments)})", _ATOM
        strength = _STRENGTH[operator]
        left = _parenthesised(arguments[0], strength)
        right = _parenthesised(arguments[1], strength + (operator is not Operator.ADD))
        return f"{left} {operator.symbol} {right}", strength

    def function(self, function: Function, argument: Piece) -> Piece:
        """A call."""
        return f"{function.value}({argument[0]})", _ATOM


def _parenthesised(piece: Piece, least: int) -> str:
    text, strength = piece
    return text if strength >= least else f"({text})"


def to_text(root: Term) -> str:
    """The term as text."""
    return fold(root, Text())[0]


def relation_text(relation: Relation) -> str:
    """The relation as text."""
    return f"{to_text(relation.left)} {relation.comparison.value} {to_text(relation.right)}"
