"""Printed arithmetic read back: Python's own grammar, on fractions.

It shares nothing with the printer but the names of functions, so it notices a missing parenthesis.
"""

import ast
import operator
from collections.abc import Callable, Mapping
from fractions import Fraction

_BINARY: Mapping[type[ast.operator], Callable[[Fraction, Fraction], Fraction]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}
_CALLS: Mapping[str, Callable[..., Fraction]] = {
    "min": min,
    "max": max,
    "abs": abs,
    "select": lambda a, b, x, y: x if a <= b else y,
}


Named = Callable[[str, Fraction], Fraction]


def value_of(printed: str, values: Mapping[str, Fraction], named: Named) -> Fraction:
    """The value of printed arithmetic; `named` says what other functions are.

    `KeyError` for a variable without a value.
    """
    return _read(ast.parse(printed, mode="eval").body, values, named)


def _read(node: ast.expr, values: Mapping[str, Fraction], named: Named) -> Fraction:
    match node:
        case ast.Constant(value=int(number)):
            return Fraction(number)
        case ast.Name(id=name):
            return values[name]
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return -_read(operand, values, named)
        case ast.BinOp(left=left, op=between, right=right):
            return _BINARY[type(between)](_read(left, values, named), _read(right, values, named))
        case ast.Call(func=ast.Name(id=name), args=arguments):
            found = [_read(argument, values, named) for argument in arguments]
            return _CALLS[name](*found) if name in _CALLS else named(name, *found)
    raise AssertionError(f"not arithmetic: {ast.dump(node)}")
