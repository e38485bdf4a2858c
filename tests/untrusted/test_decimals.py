"""JSON numbers read exactly, and refused with their place."""

import json
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from refsem.errors import InputError
from refsem.untrusted.decimals import read_decimal, read_integer, read_matrix, read_vector
from refsem.untrusted.strict_json import Number, Value, read_json

DECIMALS = st.builds(
    lambda sign, whole, fraction, ten: f"{sign}{whole}{fraction}{ten}",
    st.sampled_from(["", "-"]),
    st.integers(0, 10**25).map(str),
    st.sampled_from(["", ".0", ".5", ".000", ".123456789012345678901234567890"]),
    st.sampled_from(["", "e0", "E+3", "e-17", "e-320", "e280"]),
)


def number(text: str) -> Value:
    return Value("f", "p", Number(text))


@given(st.lists(DECIMALS, min_size=1, max_size=6))
def test_a_list_keeps_every_digit(texts: list[str]) -> None:
    read = read_vector(Value("f", "p", [Number(text) for text in texts]), None)
    assert read.rationals() == [Fraction(text) for text in texts]
    assert [read_decimal(number(text)) for text in texts] == [Fraction(text) for text in texts]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1e999", "1e999 has an exponent beyond ±400"),
        ("-1e309", "-1e309 is beyond the range of binary64"),
        ("17976931348623158" + "0" * 292 + ".1", "is beyond the range of binary64"),
        ("1e-99999999999", "1e-99999999999 has an exponent beyond ±400"),
        ("1" * 1201, "a number of 1201 characters is too long to be read"),
    ],
)
def test_what_no_reader_of_these_formats_holds_is_refused(text: str, message: str) -> None:
    with pytest.raises(InputError) as caught:
        read_vector(Value("f", "p", [Number("1"), Number(text)]), None)
    assert caught.value.message.endswith(message)
    assert caught.value.place == "p[1]"


def test_the_greatest_binary64_value_is_read() -> None:
    text = f"{2**1024 - 2**971}"
    assert read_decimal(number(text)) == 2**1024 - 2**971


@pytest.mark.parametrize("entry", [True, None, "1", [], {}])
def test_what_is_no_number_is_named(entry: object) -> None:
    place = Value("f", "p", [Number("1"), entry])
    with pytest.raises(InputError, match=r"f: p\[1\]: .* where a number was expected"):
        read_vector(place, None)


def test_lengths_are_checked_with_their_place(tmp_path: Path) -> None:
    path = tmp_path / "f.json"
    path.write_text(json.dumps({"a": [[1, 2], [3]], "b": []}))
    members = read_json(path).entries()
    with pytest.raises(InputError, match=r"a\[1\]: 1 numbers; 2 were expected"):
        read_matrix(members["a"], None, None)
    with pytest.raises(InputError, match="a: 2 rows; 3 were expected"):
        read_matrix(members["a"], 3, 2)
    with pytest.raises(InputError, match="b: a matrix without rows"):
        read_matrix(members["b"], None, None)
    assert read_matrix(members["b"], 0, 5).shape == (0, 5)


def test_whole_numbers_are_whole_and_between_their_ends() -> None:
    assert read_integer(number("12.0"), 0, 12) == 12
    with pytest.raises(InputError, match="3/2 where a whole number was expected"):
        read_integer(number("1.5"), 0, 9)
    with pytest.raises(InputError, match="13 is not between 0 and 12"):
        read_integer(number("13"), 0, 12)
