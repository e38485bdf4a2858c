"""WebAssembly's text: forms, lines, literals, and what is refused."""

import pytest

from refsem.fuzz.wasm_text import DEEPEST, Atom, Form, float_pattern, integer_pattern, read_forms
from refsem.rounding import BINARY32, BINARY64


def shape(item: Atom | Form) -> object:
    return item.text if isinstance(item, Atom) else [shape(inner) for inner in item.items]


def test_forms_nest_and_comments_vanish() -> None:
    text = '(a "b \\" ;; c" (d)) ;; (e\n(; (f (; g ;) ;) (h$x+1)'
    assert [shape(form) for form in read_forms(text)] == [["a", 'b \\" ;; c', ["d"]], ["h$x+1"]]


def test_lines_are_those_of_the_text() -> None:
    first, second = read_forms("\n(a)\n(; \n ;)\n(b\n c)")
    assert (first.line, second.line) == (2, 5)
    assert [item.line for item in second.items] == [5, 6]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("(a", "line 1: a bracket is not closed"),
        ("\n)", "line 2: a bracket is closed"),
        ("a", "line 1: 'a' stands outside"),
        ("(; (;;)", "line 1: a comment is not closed"),
        ('("a', "line 1: .* is no token"),
        ("(" * (DEEPEST + 1), f"more than {DEEPEST} brackets"),
    ],
)
def test_malformed_text_is_refused(text: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        read_forms(text)


@pytest.mark.parametrize(
    ("text", "pattern"),
    [
        ("0", 0),
        ("-0", 0x80000000),
        ("0x1p-149", 1),
        ("0x1_0.8", 0x41840000),
        ("inf", 0x7F800000),
        ("-inf", 0xFF800000),
        ("nan", 0x7FC00000),
        ("-nan:0x1", 0xFF800001),
        ("nan:0x7fffff", 0x7FFFFFFF),
        ("+0x1.fffffefp-1", 0x3F7FFFFF),
    ],
)
def test_float_literals(text: str, pattern: int) -> None:
    assert float_pattern(BINARY32, text) == pattern


@pytest.mark.parametrize(
    "text",
    [
        "_1",
        "1_",
        "1__0",
        "0_x1",
        "0x_1",
        "1_.0",
        "1e_5",
        "nan:0x0",
        "nan:0x800000",
        "nan:1",
        "nan:canonical",
        "snan",
        "0x1p128",
        "1e39",
        "one",
        "",
    ],
)
def test_malformed_floats_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is"):
        float_pattern(BINARY32, text)


def test_underscores_are_between_digits() -> None:
    assert float_pattern(BINARY32, "1_000.5e-0_1") == float_pattern(BINARY32, "100.05")
    assert float_pattern(BINARY32, "0xa_f.8_8P+1_0") == float_pattern(BINARY32, "0xaf.88p10")


def test_doubles_have_their_own_width() -> None:
    assert float_pattern(BINARY64, "nan:0x1") == 0x7FF0000000000001
    assert float_pattern(BINARY64, "1e39") == 0x48078287F49C4A1D


def test_integer_literals() -> None:
    assert integer_pattern(32, "-1") == integer_pattern(32, "0xffff_ffff") == 0xFFFFFFFF
    assert integer_pattern(64, "-0x8000_0000_0000_0000") == 1 << 63
    for text in ("4294967296", "-2147483649", "1.0", "0x", "--1", "1_"):
        with pytest.raises(ValueError, match="not"):
            integer_pattern(32, text)
