"""Expressions as text: how a differential equation or a right-hand side is read into a term.

    expression = product {("+" | "-") product}
    product    = factor {("*" | "/") factor}
    factor     = ["-"] atom ["^" whole number up to 8]
    atom       = number | name | function "(" expression ")" | "(" expression ")"

Numbers are decimals, read exactly. Names are those the caller allows. Text is data: nothing in it
is executed. Longer or deeper text than the limits is refused.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass
from fractions import Fraction

from refsem.exact.functions import Function
from refsem.ir.terms import Term, applied, term

LENGTH_LIMIT = 2000
DEPTH_LIMIT = 40
MOST_POWER = 8

_TOKEN = re.compile(
    r"\s*(?:(?P<number>\d+(?:\.\d+)?(?:[eE][+-]?\d{1,3})?)|(?P<name>[A-Za-z_]\w*'*)|(?P<sign>.))",
    re.ASCII,
)
_FUNCTIONS = {function.value: function for function in Function}


class ExpressionError(ValueError):
    """Text that is no expression; the message says at which character, counted from 1."""


@dataclass(slots=True)
class _Parser:
    """What is left of the text: tokens with their kind and place."""

    tokens: list[tuple[str, str, int]]
    names: Collection[str]
    depth: int = 0

    def peek(self) -> str:
        return self.tokens[0][1]

    def take(self) -> tuple[str, str, int]:
        return self.tokens.pop(0)

    def refuse(self, wanted: str) -> ExpressionError:
        _, text, place = self.tokens[0]
        return ExpressionError(f"character {place}: {text or 'the end'!r} where {wanted}")

    def expression(self) -> Term:
        self.deeper()
        found = self.product()
        while self.peek() in ("+", "-"):
            sign = self.take()[1]
            other = self.product()
            found = found + other if sign == "+" else found - other
        self.depth -= 1
        return found

    def deeper(self) -> None:
        self.depth += 1
        if self.depth > DEPTH_LIMIT:
            raise self.refuse(f"no more than {DEPTH_LIMIT} levels are allowed")

    def product(self) -> Term:
        found = self.factor()
        while self.peek() in ("*", "/"):
            sign = self.take()[1]
            other = self.factor()
            found = found * other if sign == "*" else found / other
        return found

    def factor(self) -> Term:
        if self.peek() == "-":
            self.deeper()
            self.take()
            found = -self.factor()
            self.depth -= 1
            return found
        found = self.atom()
        if self.peek() != "^":
            return found
        self.take()
        if not self.peek().isdecimal() or not 1 <= int(self.peek()) <= MOST_POWER:
            raise self.refuse(f"a power from 1 to {MOST_POWER} was expected")
        power = found
        for _ in range(int(self.take()[1]) - 1):
            power = power * found
        return power

    def atom(self) -> Term:
        kind, text, _ = self.tokens[0]
        if kind == "number":
            self.take()
            return term(Fraction(text))
        if kind == "name" and text in self.names:
            self.take()
            return Term(text)
        if kind == "name" and text in _FUNCTIONS:
            self.take()
            return applied(_FUNCTIONS[text], self.enclosed())
        if text == "(":
            return self.enclosed()
        raise self.refuse(f"a number, a function or one of {', '.join(sorted(self.names))} belongs")

    def enclosed(self) -> Term:
        if self.peek() != "(":
            raise self.refuse("'(' was expected")
        self.take()
        found = self.expression()
        if self.peek() != ")":
            raise self.refuse("')' was expected")
        self.take()
        return found


def parse_expression(text: str, names: Collection[str]) -> Term:
    """The term an expression denotes, in these names; `ExpressionError` for anything else."""
    if len(text) > LENGTH_LIMIT:
        raise ExpressionError(f"{len(text)} characters; at most {LENGTH_LIMIT} are read")
    tokens = []
    for match in _TOKEN.finditer(text.rstrip()):
        kind = match.lastgroup or "sign"
        tokens.append((kind, match.group(kind), match.start(kind) + 1))
    parser = _Parser([*tokens, ("end", "", len(text) + 1)], names)
    found = parser.expression()
    if parser.peek():
        raise parser.refuse("the end was expected")
    return found


def parse_equation(text: str, names: Collection[str]) -> Term:
    """The left side less the right one; an expression alone is set equal to 0."""
    left, sign, right = text.partition("=")
    found = parse_expression(left, names)
    return found - parse_expression(right, names) if sign else found
