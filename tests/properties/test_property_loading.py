"""Files that become properties, and those that cannot: suffixes, sizes, encodings."""

import gzip
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from refsem.errors import InputError
from refsem.properties import load_property, loading

GOOD = (
    "(declare-const X_0 Real)(declare-const Y_0 Real)\n"
    "(assert (<= X_0 1))(assert (>= X_0 0))(assert (>= Y_0 0.5)) ; ε\n"
)


def refusal(path: Path) -> tuple[str, str]:
    with pytest.raises(InputError) as caught:
        load_property(path)
    assert caught.value.file == str(path)
    assert "\n" not in str(caught.value)
    return caught.value.place, caught.value.message


@pytest.mark.parametrize("name", ["p.vnnlib", "P.VNNLIB", "a.b.vnnlib"])
def test_a_plain_file_is_read(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_text(GOOD, encoding="utf-8")
    assert load_property(path).inputs == 1


@pytest.mark.parametrize("name", ["p.vnnlib.gz", "P.VNNLIB.GZ"])
def test_a_compressed_file_is_the_same_property(tmp_path: Path, name: str) -> None:
    plain, compressed = tmp_path / "p.vnnlib", tmp_path / name
    plain.write_text(GOOD, encoding="utf-8")
    compressed.write_bytes(gzip.compress(GOOD.encode()))
    assert load_property(compressed) == load_property(plain)


def test_other_suffixes_are_refused_without_looking(tmp_path: Path) -> None:
    assert refusal(tmp_path / "p.toml") == ("", "a property in TOML says nothing without its model")
    for name in ("p.onnx", "p", "vnnlib", "p.gz", "p.vnnlib.zip", "p.toml.gz"):
        assert refusal(tmp_path / name) == ("", "a property file ends in .vnnlib or .vnnlib.gz")


def test_what_is_no_readable_file_is_refused(tmp_path: Path) -> None:
    assert refusal(tmp_path / "p.vnnlib") == ("", "cannot be read: No such file or directory")
    (tmp_path / "folder.vnnlib").mkdir()
    assert refusal(tmp_path / "folder.vnnlib") == ("", "not a regular file")
    os.mkfifo(tmp_path / "pipe.vnnlib")
    assert refusal(tmp_path / "pipe.vnnlib") == ("", "not a regular file")
    assert refusal(tmp_path / "a\0b.vnnlib")[1].startswith("cannot be read: ")
    assert refusal(tmp_path / ("a" * 300 + ".vnnlib"))[1] == "cannot be read: File name too long"


def test_a_complaint_about_the_text_names_file_line_and_column(tmp_path: Path) -> None:
    path = tmp_path / "p.vnnlib"
    path.write_text(GOOD.replace("0.5", "half"), encoding="utf-8")
    with pytest.raises(InputError) as caught:
        load_property(path)
    expected = f"{path}: line 2, column 55: 'half' is neither a decimal nor a declared variable"
    assert str(caught.value) == expected


@pytest.mark.parametrize(
    ("data", "place"),
    [
        (GOOD.encode().replace("ε".encode(), b"\xff"), "line 2, column 63"),
        (GOOD.encode("utf-16"), "line 1, column 1"),
        ((GOOD + "; é").encode("latin-1", "replace"), "line 3, column 3"),
        (GOOD.encode()[:-2], "line 2, column 63"),
        (b"\x08\x07\x12\x07pytorch\xff\xfe", "line 1, column 12"),
    ],
)
def test_bytes_that_are_not_utf8_are_refused_at_the_first(
    tmp_path: Path, data: bytes, place: str
) -> None:
    path = tmp_path / "p.vnnlib"
    path.write_bytes(data)
    assert refusal(path) == (place, "not UTF-8 text")


@given(st.binary())
def test_any_bytes_are_refused(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    folder = tmp_path_factory.getbasetemp()
    for name in ("random.vnnlib", "random.vnnlib.gz"):
        (folder / name).write_bytes(data)
        refusal(folder / name)


def test_a_broken_compressed_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "p.vnnlib.gz"
    whole = gzip.compress(GOOD.encode())
    for data in (GOOD.encode(), whole + b"rest", *(whole[:n] for n in range(1, len(whole)))):
        path.write_bytes(data)
        assert refusal(path)[1].startswith("not a complete gzip file: ")
    for position in range(10, len(whole)):
        path.write_bytes(whole[:position] + bytes([whole[position] ^ 1]) + whole[position + 1 :])
        refusal(path)


def test_a_file_over_the_limit_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    size = len(GOOD.encode())
    path, compressed = tmp_path / "p.vnnlib", tmp_path / "p.vnnlib.gz"
    path.write_text(GOOD, encoding="utf-8")
    compressed.write_bytes(gzip.compress((GOOD + " " * 10_000).encode()))
    monkeypatch.setattr(loading, "MAXIMUM_BYTES", size)
    assert load_property(path).inputs == 1
    assert refusal(compressed) == ("", f"larger than the {size} bytes read at most")
    monkeypatch.setattr(loading, "MAXIMUM_BYTES", size - 1)
    assert refusal(path) == ("", f"larger than the {size - 1} bytes read at most")


def test_a_sparse_giant_is_refused_before_it_is_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "p.vnnlib"
    with path.open("wb") as file:
        file.truncate(2**40)
    monkeypatch.delattr(Path, "open")
    assert refusal(path)[1].startswith("larger than")


def test_a_small_file_that_unpacks_to_a_giant_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "p.vnnlib.gz"
    path.write_bytes(gzip.compress(b" " * (loading.MAXIMUM_BYTES + 1), compresslevel=1))
    assert refusal(path)[1].startswith("larger than")
