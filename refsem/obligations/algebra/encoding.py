"""Algebraic proofs as JSON, and back: strictly, and without floats.

A term is a name, an integer, a fraction string, or a list of an operator or function and its
arguments. A node is an object with one key, the kind of node, and the list of its fields. A
product is a list of its multiplier, its facts and its squares, each square a list of one term.
Whatever else is found raises `EncodingError`.

Invariant: decoding an encoded proof gives the proof back.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import fields
from fractions import Fraction
from typing import Any, NoReturn

from gmpy2 import mpq

from refsem.exact.functions import Function
from refsem.ir.terms import Comparison, Operator, Relation, Term, applied, term
from refsem.obligations.algebra.proof import (
    AlgebraicProof,
    Apart,
    Barycentric,
    Bounds,
    Divide,
    Leaf,
    Lemma,
    Multiple,
    Node,
    Product,
    Resolve,
    Rewrite,
    Sign,
    Split,
)

_OPERATORS = {
    "+": Operator.ADD,
    "-": Operator.SUB,
    "*": Operator.MUL,
    "/": Operator.DIV,
    "neg": Operator.NEG,
    "min": Operator.MIN,
    "max": Operator.MAX,
    "abs": Operator.ABS,
    "select": Operator.SELECT,
}
_NAMES = {operator: name for name, operator in _OPERATORS.items()}
_FUNCTIONS = {function.value: function for function in Function}
_SIGNS = {sign.value: sign for sign in Sign}
_COMPARISONS = {comparison.value: comparison for comparison in Comparison}


class EncodingError(ValueError):
    """JSON that is no proof; `found` is the part that is wrong."""

    def __init__(self, what: str, found: object) -> None:
        super().__init__(f"{what}, not {json.dumps(found, default=repr)[:200]}")
        self.found = found


def encode(proof: AlgebraicProof) -> object:
    """The proof as JSON data."""
    return _encode_node(proof.root)


def decode(data: object) -> AlgebraicProof:
    """The proof that JSON data states; `EncodingError` if it states none."""
    try:
        return AlgebraicProof(_node(data))
    except RecursionError:
        raise EncodingError("a proof must be nested less deeply", "it") from None


def strict_json(text: str) -> object:
    """JSON without floats, constants like NaN, or repeated keys; `EncodingError` else."""

    def unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
        found = dict(pairs)
        if len(found) != len(pairs):
            raise EncodingError("keys must differ", [key for key, _ in pairs])
        return found

    def refuse(number: str) -> NoReturn:
        raise EncodingError("numbers must be integers or fraction strings", number)

    try:
        return json.loads(text, object_pairs_hook=unique, parse_float=refuse, parse_constant=refuse)
    except json.JSONDecodeError as error:
        raise EncodingError(f"JSON was expected ({error})", text[:40]) from error
    except RecursionError:
        raise EncodingError("JSON must be nested less deeply", text[:40]) from None


def encode_term(one: Term) -> object:
    """The term as JSON data."""
    match one.head:
        case Operator() as operator:
            return [_NAMES[operator], *map(encode_term, one.arguments)]
        case str() as name:
            return name
        case Function() as function:
            return [function.value, *map(encode_term, one.arguments)]
        case value:
            return int(value.numerator) if value.denominator == 1 else str(value)


def decode_term(data: object) -> Term:
    """The term that JSON data states; `EncodingError` if it states none."""
    match data:
        case str() if data.isascii() and data.isidentifier():
            return Term(data)
        case str():
            return Term(_fraction(data))
        case [str(name), *arguments] if name in _OPERATORS:
            operator = _OPERATORS[name]
            _items(arguments, operator.arity)
            return Term(operator, tuple(map(decode_term, arguments)))
        case [str(name), *arguments] if name in _FUNCTIONS:
            (argument,) = _items(arguments, 1)
            return applied(_FUNCTIONS[name], decode_term(argument))
        case _:
            return term(_integer(data))


def _fraction(text: str) -> mpq:
    """The rational of a string p/q in lowest terms, as it is written when encoded."""
    try:
        value = mpq(Fraction(text))
    except (ValueError, ZeroDivisionError):
        raise EncodingError("a name or a fraction was expected", text) from None
    if str(value) != text:
        raise EncodingError("a fraction in lowest terms was expected", text)
    return value


def _text(data: object) -> str:
    if not isinstance(data, str):
        raise EncodingError("a name was expected", data)
    return data


def _integer(data: object) -> int:
    if type(data) is not int:
        raise EncodingError("an integer was expected", data)
    return data


def _items(data: object, count: int | None = None) -> list[object]:
    if not isinstance(data, list) or count not in {None, len(data)}:
        raise EncodingError("a list was expected" + (f" of {count}" if count else ""), data)
    return data


def _number(data: object) -> mpq:
    head = decode_term(data).head
    if isinstance(head, str | Operator | Function):
        raise EncodingError("a number was expected", data)
    return head


def _sign(data: object) -> Sign:
    if _text(data) not in _SIGNS:
        raise EncodingError(f"one of {list(_SIGNS)} was expected", data)
    return _SIGNS[_text(data)]


def _encode_relation(relation: Relation) -> object:
    left, right = encode_term(relation.left), encode_term(relation.right)
    return [left, relation.comparison.value, right]


def _relation(data: object) -> Relation:
    left, comparison, right = _items(data, 3)
    if _text(comparison) not in _COMPARISONS:
        raise EncodingError(f"one of {list(_COMPARISONS)} was expected", comparison)
    return Relation(_COMPARISONS[_text(comparison)], decode_term(left), decode_term(right))


def _encode_product(one: Product) -> object:
    return [one.multiplier, *one.facts, *([encode_term(root)] for root in one.squares)]


def _product(data: object) -> Product:
    multiplier, *factors = _items(data) or [None]
    facts = tuple(_text(one) for one in factors if not isinstance(one, list))
    squares = tuple(decode_term(*_items(one, 1)) for one in factors if isinstance(one, list))
    return Product(_integer(multiplier), facts, squares)


def _encode_multiple(one: Multiple) -> object:
    return [one.equality, encode_term(one.multiplier)]


def _multiple(data: object) -> Multiple:
    equality, multiplier = _items(data, 2)
    return Multiple(_text(equality), decode_term(multiplier))


def _encode_node(node: Node) -> object:
    ((kind, codecs),) = ((k, c) for k, (cls, c) in _NODES.items() if isinstance(node, cls))
    values = (getattr(node, one.name) for one in fields(node))
    return {kind: [codec[0](value) for codec, value in zip(codecs, values, strict=True)]}


def _node(data: object) -> Node:
    if not isinstance(data, dict) or len(data) != 1 or not _NODES.keys() >= data.keys():
        raise EncodingError(f"an object with one key of {list(_NODES)} was expected", data)
    ((kind, body),) = data.items()
    node, codecs = _NODES[kind]
    parts = _items(body, len(codecs))
    return node(*(codec[1](part) for codec, part in zip(codecs, parts, strict=True)))


Codec = tuple[Callable[[Any], object], Callable[[object], Any]]


def _each(codec: Codec) -> Codec:
    encode_one, decode_one = codec
    return (
        lambda values: [encode_one(value) for value in values],
        lambda data: tuple(decode_one(one) for one in _items(data)),
    )


_TEXT: Codec = (str, _text)
_INTEGER: Codec = (int, _integer)
_TERM: Codec = (encode_term, decode_term)
_NUMBER: Codec = (lambda value: encode_term(Term(value)), _number)
_SIGN: Codec = (lambda sign: sign.value, _sign)
_RELATION: Codec = (_encode_relation, _relation)
_PRODUCTS = _each((_encode_product, _product))
_MULTIPLES = _each((_encode_multiple, _multiple))
_NODE: Codec = (_encode_node, _node)

_NODES: Mapping[str, tuple[type[Node], tuple[Codec, ...]]] = {
    "leaf": (Leaf, (_PRODUCTS, _MULTIPLES)),
    "split": (Split, (_TEXT, _TERM, _NODE, _NODE)),
    "apart": (Apart, (_TEXT, _TEXT, _NODE, _NODE)),
    "resolve": (Resolve, (_TERM, _INTEGER, _TEXT, _NODE)),
    "bounds": (Bounds, (_TEXT, _TERM, _NODE)),
    "lemma": (Lemma, (_TEXT, _RELATION, _NODE, _NODE)),
    "divide": (Divide, (_TEXT, _TERM, _SIGN, _NODE, _NODE)),
    "rewrite": (Rewrite, (_TEXT, _TEXT, _NUMBER, _NODE)),
    "barycentric": (Barycentric, (_TEXT, _TEXT, _TEXT, _TEXT, _NODE)),
}
"""Each kind of node with its class and the codecs of its fields, in their order."""
