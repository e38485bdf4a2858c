"""The Lean reading of terms and relations, with the fewest parentheses.

A term is read as an expression over a field with `min` and `max`; `abs` and `select` are the
prelude's own definitions. The parentheses kept are those without which Lean would read another
tree: `a + (b + c)` keeps its pair although addition is associative.

Precedences are those of Lean 4's core: sums 65, products 70, negation 75, applications above.
"""

import re
from dataclasses import dataclass

from gmpy2 import mpq

from refsem.exact.functions import Function
from refsem.ir.terms import Comparison, Operator, Relation, Term, fold, free_variables

_SUM, _PRODUCT, _NEGATION, _APPLICATION, _ATOM = 65, 70, 75, 1000, 1024
_INFIX = {Operator.ADD: _SUM, Operator.SUB: _SUM, Operator.MUL: _PRODUCT, Operator.DIV: _PRODUCT}
_SYMBOLS = {
    Comparison.LE: "≤",
    Comparison.LT: "<",
    Comparison.EQ: "=",
    Comparison.NE: "≠",
}
_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_']*")
_KEYWORD_LIST = """
    abbrev as at attribute axiom by calc catch class def deriving do elab else end example
    exists export extends finally for forall from fun have if import in include inductive
    infix infixl infixr initialize instance let local macro macro_rules match meta module
    mut mutual namespace nofun nomatch noncomputable notation omit opaque open partial
    postfix prefix private protected public return scoped section set_option show sorry
    structure suffices syntax then theorem this try universe unsafe using variable where
    with Prop Sort Type
"""
KEYWORDS = frozenset(_KEYWORD_LIST.split())
"""Lean's own words: a variable or side of such a name is quoted."""
MEANT = frozenset({"max", "min", "abs", "select"})
"""What statements mention themselves: no variable may hide it."""

Piece = tuple[str, int]
"""Text and the strength with which it binds."""


def lean_name(name: str) -> str:
    """The name as a Lean identifier, quoted if it is a keyword.

    `ValueError` where Lean has no such identifier, or where it would hide what statements mention.
    """
    if not _IDENTIFIER.fullmatch(name) or name == "_" or name in MEANT:
        raise ValueError(f"{name!r} cannot be the name of a variable or hypothesis in Lean")
    return f"«{name}»" if name in KEYWORDS else name


@dataclass(frozen=True, slots=True)
class LeanText:
    """Terms as Lean expressions."""

    def constant(self, value: mpq) -> Piece:
        """The number; a fraction is the quotient of two numerals."""
        if value.denominator == 1:
            return str(value), _ATOM if value >= 0 else _NEGATION
        return f"{value.numerator} / {value.denominator}", _PRODUCT

    def variable(self, name: str) -> Piece:
        """The name."""
        return lean_name(name), _ATOM

    def apply(self, operator: Operator, arguments: tuple[Piece, ...]) -> Piece:
        """Infix for + − · ÷, prefix minus, application for the rest."""
        if operator is Operator.NEG:
            # Two minus signs in a row would begin a comment.
            return f"-{_enclosed(arguments[0], _NEGATION + 1)}", _NEGATION
        if operator in _INFIX:
            strength = _INFIX[operator]
            left = _enclosed(arguments[0], strength)
            right = _enclosed(arguments[1], strength + 1)
            return f"{left} {operator.symbol} {right}", strength
        words = (operator.symbol, *(_enclosed(argument, _ATOM) for argument in arguments))
        return " ".join(words), _APPLICATION

    def function(self, function: Function, argument: Piece) -> Piece:
        """An application; what the name means is for the theorem's context to say."""
        return f"{function.value} {_enclosed(argument, _ATOM)}", _APPLICATION


def _enclosed(piece: Piece, least: int) -> str:
    text, strength = piece
    return text if strength >= least else f"({text})"


def term_text(root: Term) -> str:
    """The term as a Lean expression."""
    return fold(root, LeanText())[0]


def argument_text(root: Term) -> str:
    """The term as an argument of an application: enclosed unless it is a single word."""
    return _enclosed(fold(root, LeanText()), _ATOM)


def relation_text(relation: Relation, numbers: str) -> str:
    """The relation as a Lean proposition; without variables, the type of its numbers is given."""
    left = term_text(relation.left)
    if not free_variables((relation.left, relation.right)):
        left = f"({left} : {numbers})"
    return f"{left} {_SYMBOLS[relation.comparison]} {term_text(relation.right)}"
