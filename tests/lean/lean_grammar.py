"""A second reading of Lean expressions, by precedence climbing: text back to terms.

Written from the precedences of Lean 4's core (`+ -` 65 and `* /` 70, both to the left; prefix
minus 75; application above all), sharing nothing with the printer that it judges.
"""

import re
from fractions import Fraction

from refsem.ir.terms import Operator, Term, term

_TOKEN = re.compile(r"\s*(--|[0-9]+|[A-Za-z_«][\w'«»]*|[-+*/()])")
_LEVELS = {"+": (65, Operator.ADD), "-": (65, Operator.SUB)}
_LEVELS |= {"*": (70, Operator.MUL), "/": (70, Operator.DIV)}
_FUNCTIONS = {"max": Operator.MAX, "min": Operator.MIN}
_FUNCTIONS |= {"abs": Operator.ABS, "select": Operator.SELECT}


class UnreadableError(Exception):
    pass


def read(text: str) -> Term:
    """The term that Lean would read; `UnreadableError` if it is no expression."""
    tokens = tokens_of(text)
    result, rest = _sum(tokens, 0)
    if rest:
        raise UnreadableError(text)
    return result


def tokens_of(text: str) -> list[str]:
    tokens, position = [], 0
    while position < len(text.rstrip()):
        found = _TOKEN.match(text, position)
        if not found or found[1] == "--":
            raise UnreadableError(text)
        tokens.append(found[1])
        position = found.end()
    return tokens


def _sum(tokens: list[str], least: int) -> tuple[Term, list[str]]:
    left, tokens = _prefix(tokens)
    while tokens and tokens[0] in _LEVELS and _LEVELS[tokens[0]][0] >= least:
        level, operator = _LEVELS[tokens[0]]
        right, tokens = _sum(tokens[1:], level + 1)
        left = Term(operator, (left, right))
    return left, tokens


def _prefix(tokens: list[str]) -> tuple[Term, list[str]]:
    if tokens and tokens[0] == "-":
        inner, rest = _sum(tokens[1:], 75)
        return -inner, rest
    return _application(tokens)


def _application(tokens: list[str]) -> tuple[Term, list[str]]:
    if tokens and tokens[0] in _FUNCTIONS:
        operator, rest = _FUNCTIONS[tokens[0]], tokens[1:]
        arguments = []
        for _ in range(operator.arity):
            argument, rest = _atom(rest)
            arguments.append(argument)
        return Term(operator, tuple(arguments)), rest
    return _atom(tokens)


def _atom(tokens: list[str]) -> tuple[Term, list[str]]:
    if not tokens or tokens[0] in {")", *_LEVELS, *_FUNCTIONS}:
        raise UnreadableError(tokens)
    if tokens[0] == "(":
        inner, rest = _sum(tokens[1:], 0)
        if rest[:1] != [")"]:
            raise UnreadableError(tokens)
        return inner, rest[1:]
    if tokens[0].isdigit():
        return term(int(tokens[0])), tokens[1:]
    return Term(tokens[0].strip("«»")), tokens[1:]


def normal(root: Term) -> Term:
    """The term with signed and fractional constants written out as Lean writes them."""
    if isinstance(root.head, (str, Operator)):
        return Term(root.head, tuple(normal(argument) for argument in root.arguments))
    value = Fraction(int(root.head.numerator), int(root.head.denominator))
    numerator = term(abs(value.numerator)) if value >= 0 else -term(abs(value.numerator))
    return numerator if value.denominator == 1 else numerator / term(value.denominator)
