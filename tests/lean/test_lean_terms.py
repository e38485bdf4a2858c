import itertools
import re
from fractions import Fraction

import pytest
from lean_grammar import UnreadableError, normal, read

from lean_export.terms import KEYWORDS, MEANT, argument_text, lean_name, relation_text, term_text
from refsem.ir.terms import (
    Operator,
    Relation,
    Term,
    equal,
    maximum,
    nonzero,
    select,
    term,
    variables,
)

x, y = variables("x y")
minus = -x
LEAVES = (x, term(2), term(-1), term(Fraction(1, 2)), term(Fraction(-3, 2)))


def level(arguments: tuple[Term, ...]) -> list[Term]:
    """Every operator applied to every choice of arguments (selections: two of them)."""
    made = [
        Term(operator, chosen)
        for operator in Operator
        if operator.arity <= 2
        for chosen in itertools.product(arguments, repeat=operator.arity)
    ]
    return [*made, *(select(a, b, b, a) for a, b in itertools.product(arguments, repeat=2))]


FIRST = level(LEAVES)
SECOND = level((*FIRST[::11], x, term(-1), term(Fraction(1, 2))))


@pytest.mark.parametrize("terms", [FIRST, SECOND], ids=["one operator", "two operators"])
def test_lean_reads_the_printed_term_as_the_same_tree(terms: list[Term]) -> None:
    assert len(terms) > 100
    for root in terms:
        assert read(term_text(root)) == normal(root), term_text(root)
        assert read(f"abs {argument_text(root)}") == abs(normal(root))


def test_no_pair_of_parentheses_can_be_left_out() -> None:
    checked = 0
    for root in (*FIRST, *SECOND):
        text = term_text(root)
        for opening in (found.start() for found in re.finditer(r"\(", text)):
            closing = matching(text, opening)
            inner = text[opening + 1 : closing]
            without = f"{text[:opening]}{inner}{text[closing + 1 :]}"
            assert tree(without) != normal(root), text
            checked += 1
    assert checked > 1000


def tree(text: str) -> Term | None:
    try:
        return read(text)
    except UnreadableError:
        return None


def matching(text: str, opening: int) -> int:
    depth = 0
    for position in range(opening, len(text)):
        depth += (text[position] == "(") - (text[position] == ")")
        if depth == 0:
            return position
    raise AssertionError(text)


@pytest.mark.parametrize(
    ("relation", "text"),
    [
        (x <= y, "x ≤ y"),
        (x < y + 1, "x < y + 1"),
        (equal(x, -y), "x = -y"),
        (nonzero(x - y), "x - y ≠ 0"),
        (term(0) <= term(1), "(0 : α) ≤ 1"),
        (maximum(x - 1, 0) <= x * (y - Fraction(1, 2)), "max (x - 1) 0 ≤ x * (y - 1 / 2)"),
        (-minus <= abs(x), "-(-x) ≤ abs x"),
    ],
)
def test_relations(relation: Relation, text: str) -> None:
    assert relation_text(relation, "α") == text


def test_keywords_are_quoted_and_what_statements_mention_is_refused() -> None:
    assert lean_name("lower_end") == "lower_end"
    assert {lean_name(word) for word in KEYWORDS} == {f"«{word}»" for word in KEYWORDS}
    for bad in (*MEANT, "", "_", "a-b", "a b", "α", "1x", "x₁", "«x»", "x.y"):
        with pytest.raises(ValueError, match="cannot be the name"):
            lean_name(bad)
