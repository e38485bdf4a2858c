"""The `.pt2` archive of a `torch.export` program: JSON and raw weights, read without torch.

An archive is a zip file with one folder: `models/model.json` is the program, `data/weights` has a
file of raw bytes for each parameter and a list of what they are. Nothing is unpacked to disk,
nothing is executed: a weight kept as a pickle is refused, and sample inputs (which are one) are
not opened. Sizes are checked before anything is read.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from math import prod

import numpy as np

from refsem.errors import InputError
from refsem.ir.graph import Bits
from refsem.ir.onnx_values import RANK_LIMIT
from refsem.ir.shapes import Shape
from refsem.untrusted.archives import Archive as Zip
from refsem.untrusted.archives import open_archive
from refsem.untrusted.decimals import read_integer
from refsem.untrusted.strict_json import Value, parse_json

ENTRY_LIMIT = 2**27
FLOAT32 = 7
"""The number of float32 among the program's element types."""


@dataclass(frozen=True, slots=True, eq=False)
class Archive:
    """A program and the bits of its parameters and buffers, by their names."""

    program: Value
    weights: Mapping[str, Bits]


def read_archive(data: bytes, file: str, limit: int) -> Archive:
    """The archive in some bytes; `InputError` where it is none, or unpacks to more than a limit."""
    return _read(open_archive(data, file, limit), file, limit)


def _read(archive: Zip, file: str, limit: int) -> Archive:
    names = set(archive.sizes)
    folders = {name.partition("/")[0] for name in names if name.endswith("/models/model.json")}
    if len(folders) != 1:
        raise InputError(file, "", "has no models/model.json: not an archive of torch.export")
    (folder,) = folders

    @cache  # each file is unpacked once, however many weights name it
    def part(path: str) -> bytes:
        if f"{folder}/{path}" not in names:
            raise InputError(file, path, "is missing in the archive")
        return archive.read(f"{folder}/{path}")

    if part("byteorder") != b"little":
        raise InputError(file, "byteorder", "'little' was expected")
    program = parse_json(f"{file}:models/model.json", part("models/model.json"))
    stated = parse_json(
        f"{file}:data/weights/model_weights_config.json",
        part("data/weights/model_weights_config.json"),
    )
    weights: dict[str, Bits] = {}
    total = 0
    for name, place in stated.members(("config",), ())["config"].entries().items():
        keys = ("path_name", "is_param", "use_pickle", "tensor_meta")
        entry = place.members(keys, ())
        if entry["use_pickle"].truth():
            raise entry["use_pickle"].error("a pickle is code: it is not read")
        if read_integer(entry["tensor_meta"].member("dtype"), 0, 1000) != FLOAT32:
            continue  # a buffer that is no float32, as a counter; refused where it is used
        path = entry["path_name"].text()
        if "/" in path:
            raise entry["path_name"].error("a file name was expected")
        total += 4 * prod(read_sizes(entry["tensor_meta"]))
        if total > 2 * limit:  # weights may share a file, so that few bytes are many entries
            raise place.error(f"weights of {total} bytes; at most {2 * limit} are read")
        weights[name] = _bits(entry["tensor_meta"], part(f"data/weights/{path}"))
    return Archive(program, weights)


def _bits(place: Value, data: bytes) -> Bits:
    """The patterns of a tensor that is laid out row-major from the beginning of its data."""
    shape = read_sizes(place)
    strides = tuple(_integer(item, 0) for item in place.member("strides").items())
    if len(strides) != len(shape):
        raise place.member("strides").error(f"{len(strides)} strides for {list(shape)}")
    steps = tuple(prod(shape[axis + 1 :]) for axis in range(len(shape)))
    row_major = all(
        length == 1 or stride == step
        for length, stride, step in zip(shape, strides, steps, strict=True)
    )
    if not row_major or _integer(place.member("storage_offset"), 0) != 0:
        raise place.member("strides").error(
            "a tensor that is not laid out row-major is not supported"
        )
    if len(data) < 4 * prod(shape):
        raise place.member("sizes").error(
            f"{list(shape)} needs {4 * prod(shape)} bytes, not {len(data)}"
        )
    bits = np.frombuffer(data, "<u4", count=prod(shape)).astype(np.uint32)
    return bits.reshape(shape)


def read_sizes(place: Value) -> Shape:
    """The shape a tensor's description states; a length that is not a number is refused."""
    shape = tuple(_integer(item, 0) for item in place.member("sizes").items())
    if len(shape) > RANK_LIMIT:
        raise place.error(f"{len(shape)} dimensions; at most {RANK_LIMIT} are read")
    entries = prod(max(length, 1) for length in shape)  # a length may not hide behind a zero
    if entries > ENTRY_LIMIT:
        raise place.error(f"{entries} entries; at most {ENTRY_LIMIT} are read")
    return shape


def _integer(place: Value, least: int) -> int:
    if not place.has("as_int"):
        raise place.error("a length that is not a number (a dynamic shape) is not supported")
    return read_integer(place.member("as_int"), least, 2**40)
