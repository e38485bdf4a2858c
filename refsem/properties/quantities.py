"""Quantities: coordinates, a network's outputs and their derivatives, and expressions in them.

An unknown u of coordinates x and t has the derivatives u_x, u_t, u_xx, u_xt, u_tx, u_tt: one letter
or word after the other, in any order. An expression is read strictly (`refsem.ir.expressions`) and
refused at its place where it could have no value somewhere in the box of the coordinates: a divisor
has to be seen to keep away from 0 there, the argument of a logarithm or a root to stay in its
domain. Neither may speak of the network, whose values are not known yet.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product

from gmpy2 import mpq

from refsem.exact.functions import Enclosure, Function
from refsem.ir.composites import Builder
from refsem.ir.derivatives import NoDerivativeError
from refsem.ir.enclosing import Truth, decide_over
from refsem.ir.expressions import ExpressionError, parse_equation
from refsem.ir.graph import GraphError, Node
from refsem.ir.operators import Op
from refsem.ir.partials import Entries
from refsem.ir.term_nodes import TermNodes
from refsem.ir.terms import (
    Operator,
    Relation,
    Term,
    applications,
    divisors,
    domain,
    free_variables,
    nonzero,
    relation_terms,
    subterms,
)
from refsem.untrusted.strict_json import Value

MOST_ORDER = 2
MOST_COORDINATES = 8
MOST_UNKNOWNS = 16
MOST_DEGREE = 64
"""Factors of a product at most: a power of a power is a number of very many digits."""

_NAMED_ORDER = 4
_PIECES = 256
_PRECISION = 64
_NAME = re.compile("[A-Za-z][A-Za-z0-9]{0,19}", re.ASCII)
_FUNCTIONS = frozenset(function.value for function in Function)


@dataclass(frozen=True, slots=True)
class Quantities:
    """The coordinates in the order of the input's entries, the unknowns in that of the output's.

    `derivatives` has, by name, the number of the unknown and the entries it is differentiated by;
    no entries are the unknown itself. Those of too high an order are there to be refused by name.
    """

    coordinates: tuple[str, ...]
    unknowns: tuple[str, ...]
    derivatives: Mapping[str, tuple[int, Entries]]

    def wanted(self, terms: tuple[Term, ...]) -> frozenset[Entries]:
        """The derivatives that some terms speak of."""
        names = free_variables(terms)
        return frozenset(self.derivatives[name][1] for name in names if name in self.derivatives)


Spans = Mapping[str, Enclosure]


def read_names(coordinates: Value, unknowns: Value, counts: tuple[int, int]) -> Quantities:
    """The quantities with these names; `InputError` where they do not fit the network's counts."""
    inner, outer = _names(coordinates, counts[0], "inputs"), _names(unknowns, counts[1], "outputs")
    if len(inner) > MOST_COORDINATES:
        raise coordinates.error(f"{len(inner)} coordinates; at most {MOST_COORDINATES} are read")
    if len(outer) > MOST_UNKNOWNS:
        raise unknowns.error(f"{len(outer)} unknowns; at most {MOST_UNKNOWNS} are read")
    for name in outer:
        if name in inner:
            raise unknowns.error(f"{name!r} is a coordinate already")
    found: dict[str, tuple[int, Entries]] = {}
    for (number, name), order in product(enumerate(outer), range(_NAMED_ORDER + 1)):
        for path in product(range(len(inner)), repeat=order):
            suffix = "".join(inner[entry] for entry in path)
            key = f"{name}_{suffix}" if suffix else name
            meant = number, tuple(sorted(path))
            if found.setdefault(key, meant) != meant:
                raise coordinates.error(f"{key!r} could mean two derivatives: choose other names")
    return Quantities(inner, outer, found)


def _names(place: Value, count: int, what: str) -> tuple[str, ...]:
    items = place.items()
    if len(items) != count:
        raise place.error(f"{len(items)} names for a network of {count} {what}")
    names: list[str] = []
    for item in items:
        if not _NAME.fullmatch(item.text()):
            raise item.error("a name is a letter and up to 19 letters or digits")
        if item.text() in _FUNCTIONS or item.text() in names:
            raise item.error(f"{item.text()!r} means something else already")
        names.append(item.text())
    return tuple(names)


def read_expression(place: Value, quantities: Quantities, spans: Spans) -> Term:
    """The term that an expression denotes; `InputError` if it is none, or none with a value."""
    names = (*quantities.coordinates, *quantities.derivatives)
    try:
        found = parse_equation(place.text(), names)
    except ExpressionError as error:
        raise place.error(str(error).partition(" or one of ")[0]) from None
    for name in free_variables((found,)):
        if name in quantities.derivatives:
            order = len(quantities.derivatives[name][1])
            if order > MOST_ORDER:
                raise place.error(f"{name} is of order {order}; at most {MOST_ORDER} is supported")
    if degree(found, {}) > MOST_DEGREE:
        raise place.error(f"a product of more than {MOST_DEGREE} factors")
    _check_defined(place, found, spans)
    return found


def expression_node(
    place: Value, root: Term, builder: Builder, tensors: Mapping[str, Node]
) -> Node:
    """A tensor of shape (1,) that is a term of tensors of that shape; `InputError` if none is."""
    try:
        found = TermNodes(builder, tensors).node(root)
        return builder.apply(Op.EXPAND, found, shape=(1,))
    except (GraphError, NoDerivativeError) as error:
        raise place.error(error.message if isinstance(error, GraphError) else str(error)) from None


def degree(root: Term, names: Mapping[str, int]) -> int:
    """How many factors a product in a term has, counted as of a polynomial.

    A name counts as many as are stated, or 1: so the degree of a composition is counted.
    """
    known: dict[int, int] = {}
    for node in subterms(root):
        inner = [known[id(argument)] for argument in node.arguments]
        match node.head:
            case Operator.MUL | Operator.DIV:
                known[id(node)] = sum(inner)
            case Function():
                known[id(node)] = 1
            case str() as name:
                known[id(node)] = names.get(name, 1)
            case _:
                known[id(node)] = max(inner, default=1)
    return max(known.values())


def _check_defined(place: Value, root: Term, spans: Spans) -> None:
    """Nothing if the term is seen to have a value wherever the coordinates are."""
    asked = [nonzero(one) for one in divisors((root,))]
    asked += [relation for one in applications((root,)) for relation in domain(one)]
    for relation in asked:
        what = "a divisor may be 0" if relation.right == Term(mpq(0)) else "it may have no value"
        if any(name not in spans for name in free_variables(relation_terms((relation,)))):
            raise place.error(f"{what}: the value of the network is not known there")
        if not _holds(relation, spans):
            raise place.error(f"{what} on the domain, or is not seen not to be")


def _holds(relation: Relation, spans: Spans) -> bool:
    """Whether a relation is seen to hold on a box, in so many pieces of it."""
    pending, pieces = [dict(spans)], 0
    while pending:
        piece, pieces = pending.pop(), pieces + 1
        if decide_over(relation, piece, _PRECISION) is Truth.TRUE:
            continue
        name = max(piece, key=lambda one: piece[one].upper - piece[one].lower)
        ends = piece[name]
        if pieces > _PIECES or ends.lower == ends.upper:
            return False
        middle = (ends.lower + ends.upper) / 2
        pending.append(piece | {name: Enclosure(ends.lower, middle)})
        pending.append(piece | {name: Enclosure(middle, ends.upper)})
    return True
