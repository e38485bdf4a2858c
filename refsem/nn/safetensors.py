"""`.safetensors` files, read strictly: a JSON header that describes all the bytes after it.

The file is the header's length (8 bytes, little-endian), the header, and the data. Every tensor has
a type, a shape and the place of its bytes; places lie end to end, from the beginning to the end of
the data, in some order, without holes. Anything else is refused with the tensor's name. Sizes are
checked before anything of that size is made.

Source: the format's description, huggingface/safetensors README (format 0.x).
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from pathlib import Path

import numpy as np

from refsem.errors import InputError
from refsem.ir.graph import Bits
from refsem.ir.onnx_values import RANK_LIMIT, quoted
from refsem.ir.operators import Shape
from refsem.nn.state import FLOAT32, State, Stored, too_long
from refsem.untrusted.decimals import read_integer
from refsem.untrusted.strict_json import Value, parse_json

LENGTH, HEADER_LIMIT = 8, 2**24
WIDTHS: Mapping[str, int] = {
    **dict.fromkeys(("BOOL", "U8", "I8", "F8_E5M2", "F8_E4M3"), 1),
    **dict.fromkeys(("I16", "U16", "F16", "BF16"), 2),
    **dict.fromkeys(("I32", "U32", "F32"), 4),
    **dict.fromkeys(("I64", "U64", "F64"), 8),
}
"""The bytes of an entry of each type that a file may name."""
METADATA = "__metadata__"


def read_safetensors(data: bytes, file: str) -> State:
    """The tensors of a file's bytes; `InputError` naming what is not as described above."""
    if len(data) < LENGTH:
        raise InputError(file, "", f"{len(data)} bytes are no safetensors file")
    length = int.from_bytes(data[:LENGTH], "little")
    if length > min(HEADER_LIMIT, len(data) - LENGTH):
        raise InputError(file, "", f"a header of {length} bytes is more than the file or 16 MiB")
    header = parse_json(f"{file}: header", data[LENGTH : LENGTH + length])
    if data[LENGTH : LENGTH + 1] != b"{":
        raise InputError(file, "header", "it has to begin with {")
    body = memoryview(data)[LENGTH + length :]
    entries = header.entries()
    if METADATA in entries:
        for note in entries.pop(METADATA).entries().values():
            note.text()
    described = {name: _described(place, len(body)) for name, place in entries.items()}
    _check_places(file, sorted((*one.ends, name) for name, one in described.items()), len(body))
    return State(file, {name: _stored(one, body) for name, one in described.items()})


@dataclass(frozen=True, slots=True)
class _Described:
    """What the header says of a tensor."""

    kind: str
    shape: Shape
    ends: tuple[int, int]


def _described(place: Value, size: int) -> _Described:
    """What the header says, where the tensor's place has the length that its shape needs."""
    members = place.members(("dtype", "shape", "data_offsets"), ())
    kind = members["dtype"].text()
    if kind not in WIDTHS:
        raise members["dtype"].error(f"no element type is named {quoted(kind)}")
    lengths = members["shape"].items()
    if len(lengths) > RANK_LIMIT:
        raise members["shape"].error(f"{len(lengths)} dimensions; at most {RANK_LIMIT} are read")
    shape = tuple(read_integer(item, 0, 2**40) for item in lengths)
    if message := too_long(shape):
        raise members["shape"].error(message)
    offsets = [read_integer(item, 0, size) for item in members["data_offsets"].items()]
    if len(offsets) != 2 or offsets[1] - offsets[0] != prod(shape) * WIDTHS[kind]:
        needed = f"{list(shape)} of {kind} needs {prod(shape) * WIDTHS[kind]} bytes"
        raise members["data_offsets"].error(f"{offsets} where {needed}")
    return _Described(kind, shape, (offsets[0], offsets[1]))


def _stored(described: _Described, body: memoryview) -> Stored:
    """The tensor: only float32 entries are looked at."""
    if described.kind != "F32":
        return Stored(described.kind, described.shape, None)
    start, end = described.ends
    bits = np.frombuffer(body[start:end], "<u4").astype(np.uint32)
    return Stored(FLOAT32, described.shape, bits.reshape(described.shape))


def _check_places(file: str, places: list[tuple[int, int, str]], size: int) -> None:
    """Nothing if the tensors' bytes lie end to end and are all the data there is."""
    at = 0
    for start, end, name in places:
        if start != at:
            what = "overlap another tensor's" if start < at else "leave a hole before them"
            raise InputError(file, quoted(name), f"its bytes {what}")
        at = end
    if at != size:
        raise InputError(file, "", f"{size - at} bytes after the last tensor belong to none")


def write_safetensors(path: Path, tensors: Mapping[str, Bits]) -> None:
    """Tensors of binary32 patterns as a file; `InputError` where it cannot be written."""
    header, at, parts = {}, 0, []
    for name, bits in tensors.items():
        part = bits.astype("<u4").tobytes()
        entry = {"dtype": "F32", "shape": list(bits.shape), "data_offsets": [at, at + len(part)]}
        header[name] = entry
        parts.append(part)
        at += len(part)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % LENGTH)  # the format aligns the data
    try:
        path.write_bytes(len(text).to_bytes(LENGTH, "little") + text + b"".join(parts))
    except OSError as error:
        raise InputError(str(path), "", f"cannot be written: {error.strerror}") from error
