"""Loading a model: which reader a file goes to, and how much of it is read at most.

Invariant: a model file is data. Nothing in it is executed, no other file it names is opened, and
no more than `FILE_LIMIT` bytes are ever read (for a compressed file: unpacked).
"""

import gzip
import zlib
from pathlib import Path
from stat import S_ISDIR, S_ISREG
from typing import BinaryIO

from refsem.errors import InputError
from refsem.ir.graph import Graph
from refsem.ir.graph_file import graph_of, is_graph_file
from refsem.ir.onnx_reader import read_onnx
from refsem.ir.torch_reader import read_torch
from refsem.ir.torchlean_reader import read_torchlean
from refsem.untrusted.strict_json import read_json

FILE_LIMIT = 128 * 2**20
"""The longest model file read, in bytes (128 MiB, 33 million weights)."""


def load_model(path: Path) -> Graph:
    """The graph of a model file: `.onnx`, `.onnx.gz`, `.pt2`, or `.json` (ours, or TorchLean's).

    `InputError` where it has none.

    An input whose first dimension is symbolic or missing is read with batch size 1.
    """
    name = path.name.lower()
    if name.endswith(".onnx"):
        return read_onnx(read_plain(path), str(path))
    if name.endswith(".onnx.gz"):
        return read_onnx(_read_compressed(path), str(path))
    if name.endswith(".json"):
        found = read_json(path)
        return graph_of(found) if is_graph_file(found) else read_torchlean(path).graph
    if name.endswith(".pt2"):
        return read_torch(read_plain(path), str(path), FILE_LIMIT)
    raise InputError(str(path), "", "is not a model file: .onnx, .onnx.gz, .pt2 or .json expected")


def read_plain(path: Path) -> bytes:
    """The bytes of a regular file of at most `FILE_LIMIT` bytes; `InputError` for another."""
    _check_file(path)
    try:
        with path.open("rb") as file:
            return _bounded(file, path)
    except OSError as error:
        raise _unreadable(path, error) from error


def _read_compressed(path: Path) -> bytes:
    _check_file(path)
    try:
        with gzip.open(path, "rb") as file:
            return _bounded(file, path)
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise InputError(str(path), "", f"is not a complete gzip file: {error}") from error
    except OSError as error:
        raise _unreadable(path, error) from error


def _check_file(path: Path) -> None:
    """Nothing for a regular file of acceptable length; `InputError` before anything is read."""
    try:
        status = path.stat()
    except FileNotFoundError as error:
        raise InputError(str(path), "", "no such file") from error
    except OSError as error:
        raise _unreadable(path, error) from error
    if S_ISDIR(status.st_mode):
        raise InputError(str(path), "", "is a directory, not a model file")
    if not S_ISREG(status.st_mode):
        raise InputError(str(path), "", "is not a regular file")
    if status.st_size > FILE_LIMIT:
        raise _too_long(path)


def _bounded(file: BinaryIO | gzip.GzipFile, path: Path) -> bytes:
    """The whole content, which may have grown since it was measured."""
    data = file.read(FILE_LIMIT + 1)
    if len(data) > FILE_LIMIT:
        raise _too_long(path)
    if not data:
        raise InputError(str(path), "", "the file is empty")
    return data


def _too_long(path: Path) -> InputError:
    return InputError(str(path), "", f"is longer than the limit of {FILE_LIMIT} bytes")


def _unreadable(path: Path, error: OSError) -> InputError:
    return InputError(str(path), "", f"cannot be read: {error.strerror or error}")
