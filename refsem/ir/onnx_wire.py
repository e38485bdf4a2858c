"""The encoding of an untrusted protobuf file, checked before a parser allocates anything for it.

A parser may spend a hundred bytes of memory on two bytes of file. `check_encoding` walks the
bytes once, without building anything, and afterwards: every field is known to the schema and
encoded in its own wire type, a singular field occurs once, text is UTF-8, enumerations have known
values, messages are nested at most `DEPTH_LIMIT` deep and there are at most `VALUE_LIMIT` values
outside packed floats and byte strings. What is left costs memory in proportion to the file.

Source: the protocol buffer encoding. Not here: what the fields mean.
"""

from dataclasses import dataclass
from typing import Any

from refsem.errors import InputError

DEPTH_LIMIT = 32
"""How deep messages may be nested."""
VALUE_LIMIT = 2**18
"""How many fields, and entries of packed integers, a file may have."""

_VARINT, _FIXED64, _LENGTH, _FIXED32 = 0, 1, 2, 5
_WIDTH = {_FIXED64: 8, _FIXED32: 4}


@dataclass(frozen=True, slots=True)
class _Span:
    """The bytes of one message."""

    start: int
    end: int
    schema: Any
    depth: int


@dataclass
class _Malformed(Exception):  # noqa: N818  never leaves this file
    position: int
    message: str


def check_encoding(data: bytes, schema: Any, file: str) -> None:  # noqa: ANN401  protobuf is untyped
    """Nothing if the bytes encode a message of this schema as above; `InputError` if not."""
    try:
        _check_nesting(data, _Span(0, len(data), schema, 0))
    except _Malformed as error:
        place = f"byte {error.position}"
        raise InputError(file, place, f"not an ONNX model: {error.message}") from error


def _check_nesting(data: bytes, whole: _Span) -> None:
    """Every message, one after the other, within the limits on depth and number."""
    pending, values = [whole], 0
    while pending:
        span = pending.pop()
        if span.depth > DEPTH_LIMIT:
            raise _Malformed(span.start, f"messages nested more than {DEPTH_LIMIT} deep")
        values += _check_message(data, span, pending, VALUE_LIMIT - values)


def _check_message(data: bytes, span: _Span, pending: list[_Span], allowed: int) -> int:
    """The number of values directly in a message; the messages in it are left pending."""
    position, values = span.start, 0
    seen: set[int] = set()
    while position < span.end:
        key, after_key = _varint(data, position, span.end)
        field = span.schema.fields_by_number.get(key >> 3)
        if field is None:
            raise _Malformed(position, f"{span.schema.name} has no field number {key >> 3}")
        if field.has_presence and field.number in seen:
            raise _Malformed(position, f"{span.schema.name}.{field.name} is given twice")
        seen.add(field.number)
        start, end = _extent(data, key & 7, after_key, span.end)
        values += _check_value(data, field, key & 7, (start, end))
        if values > allowed:
            raise _Malformed(position, f"more than {VALUE_LIMIT} values")
        if field.message_type is not None:
            pending.append(_Span(start, end, field.message_type, span.depth + 1))
        position = end
    return values


def _extent(data: bytes, wire: int, position: int, end: int) -> tuple[int, int]:
    """Where the payload of a field starts and ends."""
    if wire == _VARINT:
        return position, _varint(data, position, end)[1]
    if wire == _LENGTH:
        length, start = _varint(data, position, end)
    elif wire in _WIDTH:
        length, start = _WIDTH[wire], position
    else:
        raise _Malformed(position, f"unknown wire type {wire}")
    if length > end - start:
        missing = length - (end - start)
        raise _Malformed(start, f"truncated: {length} bytes announced, {missing} missing")
    return start, start + length


def _check_value(data: bytes, field: Any, wire: int, extent: tuple[int, int]) -> int:  # noqa: ANN401
    """The number of values a payload holds; it must be encoded as the schema says."""
    start, end = extent
    own = _wire_type(field)
    if own == _LENGTH and wire == _LENGTH:
        if field.type == field.TYPE_STRING:
            _check_text(data[start:end], start)
        return 1
    if wire == own:
        if field.enum_type is not None:
            _check_enumeration(_varint(data, start, end)[0], field, start)
        return 1
    if wire != _LENGTH or field.has_presence:
        raise _Malformed(start, f"{field.name} is encoded with wire type {wire}")
    if own == _VARINT:
        return 1 + end - start
    if (end - start) % _WIDTH[own]:
        raise _Malformed(
            start, f"{field.name} has {end - start} bytes, not a multiple of its width"
        )
    return 1


def _wire_type(field: Any) -> int:  # noqa: ANN401
    """The wire type of one value of a field."""
    if field.type in {field.TYPE_STRING, field.TYPE_BYTES, field.TYPE_MESSAGE}:
        return _LENGTH
    if field.type == field.TYPE_FLOAT:
        return _FIXED32
    return _FIXED64 if field.type == field.TYPE_DOUBLE else _VARINT


def _check_text(text: bytes, position: int) -> None:
    try:
        text.decode("utf-8")
    except UnicodeDecodeError as error:
        raise _Malformed(position + error.start, "text that is not UTF-8") from error


def _check_enumeration(value: int, field: Any, position: int) -> None:  # noqa: ANN401
    if value not in field.enum_type.values_by_number:
        raise _Malformed(position, f"{field.name} has no value {value}")


def _varint(data: bytes, position: int, end: int) -> tuple[int, int]:
    """A variable-length integer and the position after it."""
    value = 0
    for count, at in enumerate(range(position, min(position + 10, end))):
        value |= (data[at] & 0x7F) << (7 * count)
        if data[at] < 0x80:
            return value, at + 1
    raise _Malformed(position, "truncated: an integer does not end")
