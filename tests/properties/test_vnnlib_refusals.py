"""Texts that are not VNN-LIB properties: each refused, at the right place, in bounded time."""

import re
import sys
import tracemalloc

import pytest
from gmpy2 import mpq
from hypothesis import example, given
from hypothesis import strategies as st

from refsem.errors import InputError
from refsem.properties import Property, normal_form
from refsem.properties.normal_form import MAXIMUM_CASES
from refsem.properties.sexpressions import (
    MAXIMUM_DEPTH,
    MAXIMUM_EXPONENT,
    MAXIMUM_NUMBER_LENGTH,
    Source,
)
from refsem.properties.vnnlib import MAXIMUM_NUMBER_BITS, read_vnnlib

GOOD = """\
; two inputs, one output
(declare-const X_0 Real)
(declare-const X_1 Real)
(declare-const Y_0 Real)
(assert (<= X_0 1)) (assert (>= X_0 -1e0))
(assert (and (<= (* 2 X_1) 1) (>= X_1 (- 2))))
(assert (or (<= Y_0 X_0) (>= Y_0 3.5)))"""


def read(text: str) -> Property:
    return read_vnnlib(Source("f.vnnlib", text))


def refusal(text: str) -> tuple[str, str]:
    with pytest.raises(InputError) as caught:
        read(text)
    assert caught.value.file == "f.vnnlib"
    return caught.value.place, caught.value.message


def changed(old: str, new: str) -> str:
    assert GOOD.count(old) == 1
    return GOOD.replace(old, new)


def test_the_text_the_others_are_made_from_is_good() -> None:
    spec = read(GOOD)
    assert (spec.inputs, spec.outputs, len(spec.cases)) == (2, 1, 2)
    assert spec.cases[0].lower == (-1, -2)
    assert spec.cases[0].upper == (1, mpq(1, 2))


@pytest.mark.parametrize(
    ("old", "new", "place", "message"),
    [
        # Commands and operators.
        ("; two", "(set-logic QF_LRA) ; two", "line 1, column 2", "'set-logic' is not supported"),
        ("; two", "(declare-fun X_0 () Real) ;", "line 1, column 2", "'declare-fun' is not"),
        ("3.5)))", "3.5)))(check-sat)", "line 7, column 41", "'check-sat' is not supported"),
        ("(and", "(xor", "line 6, column 10", "'xor' is not supported"),
        ("(or", "(not", "line 7, column 10", "'not' is not supported"),
        ("(<= X_0 1)", "(assert (<= X_0 1))", "line 5, column 10", "'assert' is not supported"),
        ("(<= X_0 1)", "(declare-const X_2 Real)", "line 5, column 10", "'declare-const' is not"),
        ("; two", "(<= X_0 1)", "line 1, column 2", "'<=' is not supported"),
        ("(* 2 X_1)", "(% 2 X_1)", "line 6, column 19", "'%' is not supported"),
        ("(* 2 X_1)", "(** 2 X_1)", "line 6, column 19", "'**' is not supported"),
        ("(* 2 X_1)", "()", "line 6, column 19", "expected a name after '('"),
        ("(* 2 X_1)", "((* 2) X_1)", "line 6, column 19", "expected a name after '('"),
        # Declarations.
        ("X_1 Real", "X_0 Real", "line 3, column 16", "X_0 was already declared at line 2, col"),
        ("Y_0 Real", "X_0 Real", "line 4, column 16", "X_0 was already declared at line 2, col"),
        ("X_1 Real", "X_2 Real", "line 6, column 23", "'X_1' is neither a decimal nor a declared"),
        ("X_1 Real", "Z_1 Real", "line 3, column 16", "expected a name such as X_0"),
        ("X_1 Real", "X_01 Real", "line 3, column 16", "expected a name such as X_0"),
        ("X_1 Real", "X_ Real", "line 3, column 16", "expected a name such as X_0"),
        ("X_1 Real", "X_9999999999 Real", "line 3, column 16", "expected a name such as X_0"),
        ("X_1 Real", "(+ 1) Real", "line 3, column 16", "expected a name such as X_0"),
        ("X_1 Real", "X_1 Int", "line 3, column 20", "expected the sort Real"),
        ("X_1 Real", "X_1 (+ 1)", "line 3, column 20", "expected the sort Real"),
        ("X_1 Real", "X_1", "line 3, column 2", "declare-const takes a name and a sort"),
        ("X_1 Real", "X_1 Real Real", "line 3, column 2", "declare-const takes a name and a sort"),
        (
            "3.5)))",
            "3.5)))(declare-const X_3 Real)",
            "line 7, column 55",
            "X_3 is declared but X_2",
        ),
        (
            "3.5)))",
            "3.5)))(declare-const Y_2 Real)",
            "line 7, column 55",
            "Y_2 is declared but Y_1",
        ),
        ("3.5)))", "3.5)))(declare-const X_2 Real)", "line 7, column 55", "X_2 has no lower bound"),
        ("(declare-const Y_0 Real)", "", "line 7, column 17", "'Y_0' is neither"),
        # Numbers and terms.
        ("3.5", "3.5.1", "line 7, column 34", "'3.5.1' is neither a decimal"),
        ("3.5", "nan", "line 7, column 34", "'nan' is neither a decimal"),
        ("3.5", "-inf", "line 7, column 34", "'-inf' is neither a decimal"),
        ("3.5", "0x1p3", "line 7, column 34", "'0x1p3' is neither a decimal"),
        ("3.5", "1e", "line 7, column 34", "'1e' is neither a decimal"),
        ("3.5", ".", "line 7, column 34", "'.' is neither a decimal"),
        ("3.5", "--1", "line 7, column 34", "'--1' is neither a decimal"),
        ("3.5", "1_000", "line 7, column 34", "'1_000' is neither a decimal"),
        ("3.5", "1e999999", "line 7, column 34", f"an exponent beyond {MAXIMUM_EXPONENT}"),
        ("3.5", "1e-999999999", "line 7, column 34", f"an exponent beyond {MAXIMUM_EXPONENT}"),
        ("3.5", "1" * 4097, "line 7, column 34", f"a number longer than {MAXIMUM_NUMBER_LENGTH}"),
        ("3.5", "1e" + "9" * 4096, "line 7, column 34", "a number longer than"),
        ("3.5", "x" * 5000, "line 7, column 34", "'" + "x" * 40 + "...' is neither"),
        ("3.5", "(* X_0 X_1)", "line 7, column 35", "a product of two variables"),
        ("3.5", "(* Y_0 Y_0)", "line 7, column 35", "a product of two variables"),
        ("3.5", "(* 0 X_0 X_0)", "line 7, column 35", "a product of two variables"),
        ("3.5", "(/ 1 X_0)", "line 7, column 39", "a divisor must be a constant other than 0"),
        ("3.5", "(/ 1 2 (- 1 1))", "line 7, column 41", "a divisor must be a constant other"),
        ("3.5", "(/ 1)", "line 7, column 35", "too few terms"),
        ("3.5", "(+)", "line 7, column 35", "too few terms"),
        ("3.5", "(<= 1 2)", "line 7, column 34", "expected a term, found a condition"),
        (
            "3.5",
            "(* 1e4000 1e4000 1e4000 1e4000 1e4000)",
            "line 7, column 35",
            "a number here needs",
        ),
        # Conditions.
        ("(<= X_0 1)", "(+ X_0 1)", "line 5, column 9", "expected a condition, found a term"),
        ("(<= X_0 1)", "X_0", "line 5, column 9", "expected a condition, found a term"),
        ("(<= X_0 1)", "true", "line 5, column 9", "expected a condition, found a term"),
        ("(<= X_0 1)", "", "line 5, column 2", "assert takes one condition"),
        ("(<= X_0 1)", "(<= X_0 1) (<= X_0 1)", "line 5, column 2", "assert takes one condition"),
        ("(<= X_0 1)", "(<= X_0 1 2)", "line 5, column 10", "'<=' takes two terms"),
        ("(<= X_0 1)", "(and)", "line 5, column 10", "'and' takes at least one condition"),
        ("(<= X_0 1)", "(or)", "line 5, column 10", "'or' takes at least one condition"),
        ("(<= X_0 1)", "(and X_0)", "line 5, column 14", "expected a condition, found a term"),
        # Boxes and unsafe sets.
        ("(<= X_0 1)", "(<= X_0 Y_0)", "line 2, column 16", "X_0 has no upper bound"),
        ("(<= X_0 1)", "(or (<= Y_0 1) (<= X_0 1))", "line 2, column 16", "X_0 has no upper bound"),
        ("(<= X_0 1)", "(<= X_0 -2)", "line 5, column 31", "an empty box: X_0 >= -1 and X_0 <= -2"),
        (
            "(<= Y_0 X_0)",
            "(<= X_1 X_0)",
            "line 7, column 13",
            "nothing is asserted about an output",
        ),
        # Characters and parentheses.
        ("(* 2 X_1)", "|X_1|", "line 6, column 18", "unexpected character '|'"),
        ("(* 2 X_1)", "#b1", "line 6, column 18", "unexpected character '#'"),
        ("(* 2 X_1)", '"1"', "line 6, column 18", "unexpected character '\"'"),
        ("(* 2 X_1)", "\x00", "line 6, column 18", "unexpected character '\\x00'"),
        ("(* 2 X_1)", "(* 2\xa0X_1)", "line 6, column 22", "unexpected character '\\xa0'"),
        ("; two", "\ufeff; two", "line 1, column 1", "unexpected character '\\ufeff'"),
        ("; two", "two", "line 1, column 1", "expected '(' and a command, found 'two'"),
        ("; two", ") ; two", "line 1, column 1", "this parenthesis closes nothing"),
        ("3.5)))", "3.5))))", "line 7, column 40", "this parenthesis closes nothing"),
        ("3.5)))", "3.5))", "line 7, column 1", "this parenthesis is never closed"),
        ("3.5)))", "3.5)))\n(", "line 8, column 1", "this parenthesis is never closed"),
    ],
)
def test_each_mistake_is_refused_at_its_place(old: str, new: str, place: str, message: str) -> None:
    found_place, found = refusal(changed(old, new))
    assert found_place == place
    assert found.startswith(message)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "declares no input (X_0)"),
        ("; only a comment", "declares no input (X_0)"),
        ("(declare-const Y_0 Real)", "declares no input (X_0)"),
        ("(declare-const X_0 Real)(assert (= X_0 1))", "declares no output (Y_0)"),
        (
            "(declare-const X_0 Real)(declare-const Y_0 Real)(assert (= X_0 1))",
            "nothing is asserted about an output: every input of the box would be unsafe",
        ),
    ],
)
def test_what_a_whole_file_lacks_has_no_place(text: str, message: str) -> None:
    assert refusal(text) == ("", message)


def test_an_unbounded_disjunct_is_named() -> None:
    text = changed("(<= X_0 1)", "(<= X_0 Y_0)").replace("(<= Y_0 X_0)", "(<= X_0 1)")
    assert refusal(text) == (
        "line 2, column 16",
        "X_0 has no upper bound in the case of line 7, column 24",
    )


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_every_kind_of_line_end_counts_once_and_ends_a_comment(end: str) -> None:
    assert read(GOOD.replace("\n", end)) == read(GOOD)
    place, _ = refusal(changed("3.5", "oops").replace("\n", end))
    assert place == "line 7, column 34"


def test_columns_count_characters_after_a_comment_in_any_script() -> None:
    place, _ = refusal(changed("(or", "(or ; déjà ≤ 𝟙\n 1.2.3 "))
    assert place == "line 8, column 2"


# Mutations, exhaustively.


def test_a_lost_or_doubled_parenthesis_is_refused_wherever_it_is() -> None:
    for match in re.finditer(r"[()]", GOOD):
        refusal(GOOD[: match.start()] + GOOD[match.end() :])
        refusal(GOOD[: match.start()] + match.group() + GOOD[match.start() :])


def test_a_truncated_text_is_refused_wherever_it_ends() -> None:
    for length in range(len(GOOD)):
        refusal(GOOD[:length])


def test_a_doubled_declaration_is_refused_wherever_it_stands() -> None:
    for declaration in re.findall(r"\(declare.*\)", GOOD):
        for line, text in enumerate(GOOD.splitlines(), start=1):
            mutant = GOOD.replace(text, f"{text}\n{declaration}")
            known = declaration in GOOD.splitlines()[:line]
            _, message = refusal(mutant)
            assert "was already declared at" in message
            assert known or line < GOOD.splitlines().index(declaration) + 1


def test_a_swapped_comparison_is_refused_or_means_something_else() -> None:
    swap = {"<=": ">=", ">=": "<="}
    for match in re.finditer(r"<=|>=", GOOD):
        mutant = GOOD[: match.start()] + swap[match.group()] + GOOD[match.end() :]
        try:
            assert read(mutant) != read(GOOD)
        except InputError as error:
            assert "bound" in error.message or "empty box" in error.message  # noqa: PT017


@given(st.text())
@example("(" * 5)
def test_any_text_is_read_or_refused(text: str) -> None:
    with pytest.raises(InputError):
        read(text)


@given(
    st.integers(0, len(GOOD)),
    st.integers(0, 12),
    st.sampled_from(["", "(", ")", " ", "X_0", "Y_0", "1e9", "-", "or", "and", ";", "\n", "é"]),
)
def test_any_edit_of_a_good_text_is_read_or_refused(start: int, length: int, new: str) -> None:
    try:
        assert isinstance(read(GOOD[:start] + new + GOOD[start + length :]), Property)
    except InputError as error:
        assert error.message  # noqa: PT017


# Limits.


@pytest.mark.parametrize("opening", ["(", "(and ", "(assert ", "(assert (- "])
def test_deep_nesting_is_refused(opening: str) -> None:
    refusal(opening * 100_000)
    refusal(opening * 100_000 + ")" * 100_000)


def nested(depth: int, opening: str, core: str) -> str:
    """An assertion in which `depth` parentheses are open at once, besides the core's."""
    return changed("(<= Y_0 X_0)", f"(<= Y_0 X_0))) (assert {opening * (depth - 1)}{core}"
                   + ")" * (depth - 1) + ") (assert (or (<= Y_0 X_0)")  # fmt: skip


@pytest.mark.parametrize(
    ("opening", "core", "own"),
    [("(and ", "(<= Y_0 9)", 1), ("(or ", "(<= Y_0 9)", 1), ("(and (<= Y_0 9) ", "(<= Y_0 9)", 1)],
)
def test_the_deepest_nesting_allowed_is_read(opening: str, core: str, own: int) -> None:
    text = nested(MAXIMUM_DEPTH - own, opening, core)
    assert len(read(text).cases) == 2
    _, message = refusal(nested(MAXIMUM_DEPTH - own + 1, opening, core))
    assert message == f"nested more than {MAXIMUM_DEPTH} deep"


def test_deep_sums_are_read() -> None:
    depth = MAXIMUM_DEPTH - 5
    deep = changed("3.5", "(+ X_0 " * depth + "3.5" + ")" * depth)
    ((_, coefficient),) = read(deep).cases[1].unsafe[0].inputs
    assert coefficient == depth


@pytest.mark.parametrize("sign", ["", "-"])
def test_the_largest_exponent_is_read(sign: str) -> None:
    largest = read(changed("3.5", f"1e{sign}{MAXIMUM_EXPONENT}")).cases[1].unsafe[0].bound
    assert largest == -(mpq(10) ** int(sign + str(MAXIMUM_EXPONENT)))
    refusal(changed("3.5", f"1e{sign}{MAXIMUM_EXPONENT + 1}"))


def test_the_longest_number_is_read() -> None:
    longest = "0." + "0" * (MAXIMUM_NUMBER_LENGTH - 3) + "1"
    bound = read(changed("3.5", longest)).cases[1].unsafe[0].bound
    assert bound == -1 / mpq(10) ** (MAXIMUM_NUMBER_LENGTH - 2)
    refusal(changed("3.5", longest + "0"))


@pytest.mark.parametrize(
    "growing",
    [
        "(* " + "1e4000 " * 1000 + ")",
        "(* " + "1e-4000 " * 1000 + ")",
        "(/ 1 " + "1e4000 " * 1000 + ")",
        "(+ " + " ".join(f"(/ 1 {10**60 + n})" for n in range(2000)) + ")",
        "(- " + " ".join(f"(/ X_0 {10**60 + n})" for n in range(2000)) + ")",
    ],
)
def test_numbers_that_grow_are_refused(growing: str) -> None:
    _, message = refusal(changed("3.5", growing))
    assert message == f"a number here needs more than {MAXIMUM_NUMBER_BITS} bits"


CHOICE = "(or (<= Y_0 1) (>= Y_0 2))"


def test_too_many_cases_are_refused_before_they_are_made() -> None:
    tracemalloc.start()
    place, message = refusal(GOOD + f"(assert {CHOICE})" * 5000)
    assert (place, message) == ("", f"more than {MAXIMUM_CASES} cases")
    place, message = refusal(GOOD + f"\n(assert (and {CHOICE * 5000}))")
    assert (place, message) == ("line 8, column 10", f"more than {MAXIMUM_CASES} cases")
    many = f"(and {CHOICE * 16})"
    place, message = refusal(GOOD + f"\n(assert (or {many} {many}))")
    assert (place, message) == ("line 8, column 10", f"more than {MAXIMUM_CASES} cases")
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 64 * 2**20


def test_too_many_constraints_in_all_cases_are_refused_before_they_are_made() -> None:
    wide = f"(and {'(<= Y_0 1)' * 1000} {CHOICE * 14})"
    place, message = refusal(GOOD + f"\n(assert (or {wide} (<= Y_0 0)))")
    assert (place, message[:9]) == ("line 8, column 14", "more than")
    assert message.endswith("constraints in all cases together")
    boxes = "".join(f"(declare-const X_{i} Real)(assert (= X_{i} 1))" for i in range(2, 2000))
    own = "(assert (or " + "".join(f"(= X_0 0.{i})" for i in range(1, 1500)) + "))"
    _, message = refusal(GOOD + boxes + own)
    assert message.endswith("bounds and constraints in all cases together")


def test_a_disjunction_of_formulas_within_the_limit_may_exceed_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(normal_form, "MAXIMUM_ATOMS", 200)
    part = f"(and {'(<= Y_0 1)' * 50} {CHOICE})"
    place, message = refusal(GOOD + f"\n(assert (or {part} {part}))")
    assert place == "line 8, column 10"
    assert message == "more than 200 constraints in all cases together"


def test_the_reader_takes_work_in_proportion_to_the_text() -> None:
    """A tenfold text, and about tenfold the calls: nothing rescans the text."""

    def calls(disjuncts: int) -> int:
        parts = (f"(and (>= X_1 -1) (<= X_0 0.{k}) (>= Y_0 {k}))" for k in range(disjuncts))
        text = changed("(<= Y_0 X_0)", "(<= Y_0 X_0)" + "\n".join(parts))
        made = 0

        def count(_frame: object, _event: str, _argument: object) -> None:
            nonlocal made
            made += 1

        sys.setprofile(count)
        try:
            found = read(text)
        finally:
            sys.setprofile(None)
        assert len(found.cases) == disjuncts + 2
        return made

    assert calls(3000) < 11 * calls(300)
