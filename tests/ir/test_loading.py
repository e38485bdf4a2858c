import gzip
import os
import sys
from pathlib import Path

import onnx
import pytest
from onnx import TensorProto
from onnx_models import chain

from refsem.errors import InputError
from refsem.ir import load_model, loading

GOOD = chain().SerializeToString()


def refusal(path: Path) -> str:
    with pytest.raises(InputError) as caught:
        load_model(path)
    assert caught.value.file == str(path)
    assert "\n" not in str(caught.value)
    return str(caught.value).removeprefix(f"{path}: ")


def written(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("name", ["m.onnx", "M.ONNX", "with.dots.onnx"])
def test_a_plain_model(tmp_path: Path, name: str) -> None:
    assert load_model(written(tmp_path / name, GOOD)).outputs == ("y",)


def test_a_compressed_model(tmp_path: Path) -> None:
    path = written(tmp_path / "m.onnx.gz", gzip.compress(GOOD))
    assert load_model(path).nodes == load_model(written(tmp_path / "m.onnx", GOOD)).nodes


@pytest.mark.parametrize("name", ["m.pt", "m.onnx.txt", "onnx", "m.gz", "m.onnx.gz.zip"])
def test_other_suffixes_are_refused(tmp_path: Path, name: str) -> None:
    path = written(tmp_path / name, GOOD)
    assert refusal(path) == "is not a model file: .onnx, .onnx.gz, .pt2 or .json expected"


@pytest.mark.parametrize("name", ["m.onnx", "m.onnx.gz"])
def test_what_is_not_a_readable_file(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    assert refusal(path) == "no such file"
    path.symlink_to(path)
    assert refusal(path) == "cannot be read: Too many levels of symbolic links"
    path.unlink()
    path.mkdir()
    assert refusal(path) == "is a directory, not a model file"
    path.rmdir()
    os.mkfifo(path)
    assert refusal(path) == "is not a regular file"
    assert refusal(path / name) == "cannot be read: Not a directory"


def test_an_empty_file(tmp_path: Path) -> None:
    assert refusal(written(tmp_path / "m.onnx", b"")) == "the file is empty"
    assert refusal(written(tmp_path / "m.onnx.gz", gzip.compress(b""))) == "the file is empty"


def test_a_text_file_called_onnx(tmp_path: Path) -> None:
    path = written(tmp_path / "m.onnx", b"# a model, they said\n")
    assert refusal(path) == "byte 1: not an ONNX model: unknown wire type 3"


def test_a_truncated_file(tmp_path: Path) -> None:
    path = written(tmp_path / "m.onnx", GOOD[:-40])
    assert "not an ONNX model: truncated: " in refusal(path)


def test_a_file_past_the_limit_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "m.onnx"
    with path.open("wb") as file:
        file.truncate(loading.FILE_LIMIT + 1)
    assert refusal(path) == "is longer than the limit of 134217728 bytes"
    path.rename(tmp_path / "m.onnx.gz")
    assert refusal(tmp_path / "m.onnx.gz") == "is longer than the limit of 134217728 bytes"


def test_a_file_that_grows_while_it_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = written(tmp_path / "m.onnx", GOOD)
    monkeypatch.setattr(loading, "FILE_LIMIT", len(GOOD))
    monkeypatch.setattr(loading, "_check_file", lambda path: path.write_bytes(GOOD + b"\x00"))
    assert refusal(path) == f"is longer than the limit of {len(GOOD)} bytes"


@pytest.mark.parametrize("name", ["m.onnx", "m.onnx.gz"])
def test_a_file_as_long_as_the_limit_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    data = gzip.compress(GOOD) if name.endswith(".gz") else GOOD
    monkeypatch.setattr(loading, "FILE_LIMIT", len(GOOD))
    assert load_model(written(tmp_path / name, data)).outputs == ("y",)


def test_a_compression_bomb(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loading, "FILE_LIMIT", 2**20)
    path = written(tmp_path / "m.onnx.gz", gzip.compress(bytes(2**24)))
    assert path.stat().st_size < 2**15
    assert refusal(path) == "is longer than the limit of 1048576 bytes"


@pytest.mark.parametrize(
    "data",
    [GOOD, gzip.compress(GOOD)[:-10], gzip.compress(GOOD)[:40] + bytes(20), b"\x1f\x8b\x08"],
    ids=["not compressed", "cut short", "overwritten", "header only"],
)
def test_damaged_compression(tmp_path: Path, data: bytes) -> None:
    path = written(tmp_path / "m.onnx.gz", data)
    assert refusal(path).startswith("is not a complete gzip file: ")


OPENED: list[str] = []


def test_no_other_file_is_opened(tmp_path: Path) -> None:
    """External data is refused though the file it names is there and fits."""
    spoilt = chain()
    tensor = spoilt.graph.initializer[1]
    written(tmp_path / "weights.bin", tensor.raw_data)
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="weights.bin")
    path = written(tmp_path / "m.onnx", spoilt.SerializeToString())
    assert onnx.load(str(path)).graph.initializer[1].raw_data

    watching = True

    def watch(event: str, arguments: tuple[object, ...]) -> None:
        if watching and event == "open":
            OPENED.append(str(arguments[0]))

    sys.addaudithook(watch)
    text = refusal(path)
    watching = False
    assert text == "tensor 'w': external data: other files are never opened"
    assert [str(path)] == OPENED
