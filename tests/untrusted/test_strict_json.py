"""JSON read strictly: every refusal with its file and place, and none that costs time or memory."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from refsem.errors import InputError
from refsem.untrusted import strict_json
from refsem.untrusted.strict_json import DEPTH_LIMIT, Number, Value, read_json


def refusal(path: Path, content: bytes) -> tuple[str, str]:
    path.write_bytes(content)
    with pytest.raises(InputError) as caught:
        read_json(path)
    assert caught.value.file == str(path)
    return caught.value.place, caught.value.message


@pytest.mark.parametrize(
    ("content", "place", "message"),
    [
        (b"", "line 1, column 1", "not JSON: Expecting value"),
        (b"  \n ", "line 2, column 2", "not JSON: Expecting value"),
        (b"plain text", "line 1, column 1", "not JSON: Expecting value"),
        (b'{"a": "b"', "line 1, column 10", "not JSON: Expecting ',' delimiter"),
        (b'{"a": "b"} {}', "line 1, column 12", "not JSON: Extra data"),
        (b"{'a': 1}", "line 1, column 2", None),
        (b'{"a": 1,}', None, None),
        (b'["a\nb"]', "line 1, column 4", None),
        (b'["\\x"]', "line 1, column 3", None),
        (b"[01]", "line 1, column 3", "not JSON: Expecting ',' delimiter"),
        (b"[+1]", "line 1, column 2", "not JSON: Expecting value"),
        (b"\xef\xbb\xbf{}", "line 1, column 1", None),
        (b'{"a": "\xff"}', "byte 7", "not UTF-8 text"),
        (b"\xff\xfe{\x00}\x00", "byte 0", "not UTF-8 text"),
        (b"[NaN]", "line 1, column 2", "NaN is not JSON"),
        (b'{"a": Infinity}', "line 1, column 7", "Infinity is not JSON"),
        (b'{"NaN \\" NaN":\n [-Infinity]}', "line 2, column 3", "-Infinity is not JSON"),
        (b'{"a": 1, "a": 1}', "", "the key 'a' occurs twice in one object"),
        (b'[{"b": {"a": 1, "\\u0061": 2}}]', "", "the key 'a' occurs twice in one object"),
    ],
)
def test_what_is_not_strict_json_is_refused(
    tmp_path: Path, content: bytes, place: str | None, message: str | None
) -> None:
    found = refusal(tmp_path / "f.json", content)
    assert place is None or found[0] == place
    assert found[1] == message if message is not None else found[1].startswith("not JSON: ")


# no attack on memory or time


@pytest.mark.parametrize("opening", [b"[", b'{"a":', b'["]", [ '])
def test_deep_nesting_is_refused_before_it_is_parsed(tmp_path: Path, opening: bytes) -> None:
    place, message = refusal(tmp_path / "f.json", opening * 100_000)
    assert message == f"nested deeper than {DEPTH_LIMIT}"
    assert place.startswith("character ")


def test_the_depth_limit_is_met_exactly(tmp_path: Path) -> None:
    path = tmp_path / "f.json"
    path.write_text("[" * DEPTH_LIMIT + "]" * DEPTH_LIMIT)
    assert isinstance(read_json(path).value, list)
    deeper = b"[" * (DEPTH_LIMIT + 1) + b"]" * (DEPTH_LIMIT + 1)
    assert refusal(path, deeper) == (f"character {DEPTH_LIMIT}", "nested deeper than 64")


@pytest.mark.parametrize("text", ["[" * 500, '\\"' + "{" * 500, "\\\\" + "[" * 500, '[\\"' * 300])
def test_brackets_in_strings_are_no_nesting(tmp_path: Path, text: str) -> None:
    path = tmp_path / "f.json"
    path.write_text(f'["{text}", {{"{text}": []}}]')
    assert len(read_json(path).items()) == 2


def test_a_string_that_ends_at_an_escaped_backslash_is_over(tmp_path: Path) -> None:
    place, _ = refusal(tmp_path / "f.json", b'["\\\\",' + b"[" * 100)
    assert place == f"character {6 + DEPTH_LIMIT - 1}"


@pytest.mark.parametrize(
    "content", [b'"' + b'\\"' * 200_000, b'"' * 400_001, b'"' + b"a" * 5_000_000, b"\\" * 400_001]
)
def test_long_strings_are_refused_and_the_search_ends(tmp_path: Path, content: bytes) -> None:
    """Were the file searched from every character anew, this would not end in hours."""
    refusal(tmp_path / "f.json", content)


def test_a_file_over_the_size_limit_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "f.json"
    with path.open("wb") as file:
        file.truncate(strict_json.SIZE_LIMIT + 1)
    with pytest.raises(InputError) as caught:
        read_json(path)
    assert caught.value.message == "268435457 bytes; at most 268435456 are read"


# what is not a file


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        read_json(tmp_path / "absent.json")
    assert str(caught.value) == f"{tmp_path / 'absent.json'}: No such file or directory"


def test_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        read_json(tmp_path)
    assert caught.value.message == "is a directory, not a JSON file"


def test_a_pipe_and_a_device_are_refused_without_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", Path(os.devnull)):
        with pytest.raises(InputError) as caught:
            read_json(path)
        assert caught.value.message == "is not a regular file"


def test_a_file_within_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("{}")
    with pytest.raises(InputError) as caught:
        read_json(tmp_path / "file" / "f.json")
    assert caught.value.message == "Not a directory"


# accessors


def test_numbers_are_kept_as_their_text(tmp_path: Path) -> None:
    path = tmp_path / "f.json"
    path.write_text("[1, -0.10, 1e999999999, " + "9" * 10_000 + "]")
    found = [item.value for item in read_json(path).items()]
    assert found == [Number("1"), Number("-0.10"), Number("1e999999999"), Number("9" * 10_000)]


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (None, "null"),
        (False, "a truth value"),
        (Number("1"), "a number"),
        ("x", "a string"),
        ([], "a list"),
        ({}, "an object"),
    ],
)
def test_every_accessor_names_what_it_found(value: object, kind: str) -> None:
    place = Value("f.json", "a.b[3]", value)
    accessors = {"a string": place.text, "a list": place.items, "an object": place.entries}
    for wanted, access in accessors.items():
        if wanted == kind:
            access()
            continue
        with pytest.raises(InputError) as caught:
            access()
        assert str(caught.value) == f"f.json: a.b[3]: {kind} where {wanted} was expected"


def test_paths_follow_lists_and_objects() -> None:
    root = Value("f", "", {"a": {"b c": [["x"], "y"]}})
    found = root.entries()["a"].entries()["b c"].items()
    assert [one.path for one in found] == ["a.b c[0]", "a.b c[1]"]
    assert found[0].items()[0].path == "a.b c[0][0]"


def test_keys_are_those_expected() -> None:
    place = Value("f", "a", {"x": "1", "y": "2"})
    assert set(place.members(("x",), ("y", "z"))) == {"x", "y"}
    with pytest.raises(InputError) as caught:
        place.members(("x",), ("z",))
    assert str(caught.value) == "f: a.y: unknown key; expected x, z"
    with pytest.raises(InputError) as caught:
        place.members(("x", "y", "z"), ())
    assert str(caught.value) == "f: a: the key 'z' is missing"


@given(content=st.binary(max_size=60) | st.text(' "\\[]{},:0a\n', max_size=60).map(str.encode))
def test_any_bytes_are_json_or_an_input_error(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    path = tmp_path_factory.getbasetemp() / "any.json"
    path.write_bytes(content)
    found = "f: "
    try:
        read_json(path)
    except InputError as error:
        found = str(error).replace(str(path), "f")
    assert found.startswith("f: ")
    assert "\n" not in found
