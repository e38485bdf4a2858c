"""Tensors and attributes of an ONNX file as values: binary32 bits, 64-bit integers, no floats.

Invariant: a length is compared with the shape it must fill before anything is allocated for it;
binary32 patterns are taken from the file's own bytes, so no host arithmetic (which may flush
subnormals) touches a weight; every pattern is finite. A field this reader does not read is
refused by name, never ignored.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from math import prod
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import onnx

from refsem.errors import InputError
from refsem.exact import NotFiniteError
from refsem.exact.tensor import check_finite
from refsem.ir.graph import Bits
from refsem.ir.operators import Shape

ENTRY_LIMIT = 2**25
"""How many entries one tensor may have."""
RANK_LIMIT = 32
"""How many dimensions one tensor may have."""
NAME_LIMIT = 1000
"""How long a name may be, in characters."""


class Kind(Enum):
    """The attribute types this reader reads; the value is the field that carries them."""

    INT = "i"
    INTS = "ints"
    FLOAT = "f"
    FLOATS = "floats"
    TENSOR = "t"
    STRING = "s"


@dataclass(frozen=True, slots=True, eq=False)
class FloatTensor:
    """A constant of float32 data."""

    bits: Bits


@dataclass(frozen=True, slots=True, eq=False)
class IntegerTensor:
    """A constant of integers (truth values as 0 and 1) of the stated ONNX element type."""

    values: npt.NDArray[np.int64]
    element: int


Tensor: TypeAlias = FloatTensor | IntegerTensor
AttributeValue: TypeAlias = int | str | tuple[int, ...] | Tensor

FLOAT, INT64 = onnx.TensorProto.FLOAT, onnx.TensorProto.INT64
INT32, BOOL = onnx.TensorProto.INT32, onnx.TensorProto.BOOL
"""The element types that are read."""
_ELEMENT_WIDTH = {FLOAT: 4, INT64: 8, INT32: 4, BOOL: 1}
_TYPED_FIELD = {FLOAT: "float_data", INT64: "int64_data", INT32: "int32_data", BOOL: "int32_data"}
_RANGES = {INT64: (-(2**63), 2**63 - 1), INT32: (-(2**31), 2**31 - 1), BOOL: (0, 1)}
_ABOUT = ("name", "doc_string", "metadata_props")
_DATA = (
    *("dims", "data_type", "data_location", "raw_data"),
    *("float_data", "int64_data", "int32_data"),
)


def element_type_name(number: int) -> str:
    """The name of an ONNX element type, for messages."""
    names: Mapping[int, str] = {value: name for name, value in onnx.TensorProto.DataType.items()}
    return names.get(number, f"number {number}")


def quoted(name: str) -> str:
    """A name from the file in quotes, on one line and not too long."""
    return repr(name if len(name) <= NAME_LIMIT else f"{name[:50]}…")


def refuse_unread_fields(message: Any, read: Iterable[str], file: str, place: str) -> None:  # noqa: ANN401  protobuf is untyped
    """Nothing if only these fields of a message are set; `InputError` names another one."""
    known = frozenset(read)
    for field in message.DESCRIPTOR.fields:
        if field.name in known:
            continue
        if field.has_presence:
            used = message.HasField(field.name) and getattr(message, field.name) != (
                field.default_value if field.message_type is None else None
            )
        else:
            used = len(getattr(message, field.name)) > 0
        if used:
            owner = message.DESCRIPTOR.name
            raise InputError(file, place, f"{field.name} (in {owner}) is not supported")


def check_shape(shape: Sequence[int], file: str, place: str) -> Shape:
    """The shape, if it is one and within the limits."""
    if len(shape) > RANK_LIMIT:
        message = f"{len(shape)} dimensions, at most {RANK_LIMIT} are supported"
        raise InputError(file, place, message)
    for axis, length in enumerate(shape):
        if length < 0:
            raise InputError(file, place, f"dimension {axis} is negative ({length})")
    if prod(max(length, 1) for length in shape) > ENTRY_LIMIT:
        message = f"shape {list(shape)} is larger than the limit of {ENTRY_LIMIT} entries"
        raise InputError(file, place, message)
    return tuple(shape)


def read_tensor(tensor: onnx.TensorProto, file: str, place: str) -> Tensor:
    """The value of a float32, integer or boolean tensor; `InputError` for any other."""
    if tensor.external_data or tensor.data_location != onnx.TensorProto.DEFAULT:
        raise InputError(file, place, "external data: other files are never opened")
    element = tensor.data_type
    if element not in _ELEMENT_WIDTH:
        message = f"element type {element_type_name(element)}; FLOAT, INT64, INT32 or BOOL expected"
        raise InputError(file, place, message)
    refuse_unread_fields(tensor, (*_ABOUT, *_DATA), file, place)
    shape = check_shape(tensor.dims, file, place)
    _check_length(tensor, prod(shape), file, place)
    if element != FLOAT:
        values = _integers(tensor).reshape(shape)
        check_range(values, element, file, place)
        return IntegerTensor(values, element)
    bits = _raw_bits(tensor.raw_data) if tensor.raw_data else binary32_field(tensor, "float_data")
    return finite(bits.reshape(shape), file, place)


def _check_length(tensor: onnx.TensorProto, entries: int, file: str, place: str) -> None:
    """The data is there once, in the field of its type, and as long as the shape says."""
    width, own = _ELEMENT_WIDTH[tensor.data_type], _TYPED_FIELD[tensor.data_type]
    lengths = {
        "raw_data": len(tensor.raw_data),
        "float_data": len(tensor.float_data),
        "int64_data": len(tensor.int64_data),
        "int32_data": len(tensor.int32_data),
    }
    given = [name for name, length in lengths.items() if length]
    wrong = [name for name in given if name not in {"raw_data", own}]
    if wrong or len(given) > 1:
        message = f"{element_type_name(tensor.data_type)} data given in {' and '.join(given)}"
        raise InputError(file, place, message)
    expected = entries * width if given == ["raw_data"] else entries
    found = lengths[given[0]] if given else 0
    if found != expected:
        unit = "bytes of raw_data" if given == ["raw_data"] else f"entries of {own}"
        message = f"{found} {unit}, but shape {list(tensor.dims)} needs {expected}"
        raise InputError(file, place, message)


def _integers(tensor: onnx.TensorProto) -> npt.NDArray[np.int64]:
    if tensor.raw_data:
        layout = {INT64: "<i8", INT32: "<i4", BOOL: "u1"}[tensor.data_type]
        return np.frombuffer(tensor.raw_data, dtype=layout).astype(np.int64)
    return np.array(list(getattr(tensor, _TYPED_FIELD[tensor.data_type])), dtype=np.int64)


def check_range(values: npt.NDArray[Any], element: int, file: str, place: str) -> None:
    """Nothing if integers are values of an element type; else `InputError`."""
    least, most = _RANGES[element]
    for value in values.ravel().tolist():
        if not least <= value <= most:
            raise InputError(file, place, f"{value} is no {element_type_name(element)}")


def _raw_bits(raw: bytes) -> Bits:
    return np.frombuffer(raw, dtype="<u4").astype(np.uint32)


def binary32_field(message: Any, name: str) -> Bits:  # noqa: ANN401
    """The patterns of a float field, cut out of its encoding."""
    alone = type(message)()
    alone.CopyFrom(message)
    for field in message.DESCRIPTOR.fields:
        if field.name != name:
            alone.ClearField(field.name)
    encoded = alone.SerializeToString()
    value = getattr(message, name)
    if name == "float_data":  # packed: one header, then the patterns
        return _raw_bits(encoded[len(encoded) - 4 * len(value) :])
    # one byte of header before each pattern
    entries = np.frombuffer(encoded, dtype=np.uint8).reshape(-1, 5)
    return _raw_bits(entries[:, 1:].tobytes())


def finite(bits: Bits, file: str, place: str) -> FloatTensor:
    """The tensor of these patterns; `InputError` names the first that is not finite."""
    try:
        check_finite(bits)
    except NotFiniteError as error:
        raise InputError(file, place, str(error)) from error
    return FloatTensor(bits)


def read_attributes(
    node: onnx.NodeProto, kinds: Mapping[str, Kind], file: str, place: str
) -> dict[str, AttributeValue]:
    """The attributes of a node by name; `InputError` for one that is not among these kinds."""
    values: dict[str, AttributeValue] = {}
    for attribute in node.attribute:
        name = attribute.name
        if name not in kinds:
            raise InputError(file, place, f"attribute {quoted(name)} is not supported")
        if name in values:
            raise InputError(file, place, f"attribute {quoted(name)} is given twice")
        if attribute.type != onnx.AttributeProto.AttributeType.Value(kinds[name].name):
            found = onnx.AttributeProto.AttributeType.Name(attribute.type)
            message = f"attribute {quoted(name)} has type {found}; {kinds[name].name} expected"
            raise InputError(file, place, message)
        read = (*_ABOUT, "type", kinds[name].value)
        refuse_unread_fields(attribute, read, file, f"{place}, attribute {quoted(name)}")
        values[name] = _attribute_value(attribute, kinds[name], file, place)
    return values


def _attribute_value(
    attribute: onnx.AttributeProto, kind: Kind, file: str, place: str
) -> AttributeValue:
    inside = f"{place}, attribute {quoted(attribute.name)}"
    match kind:
        case Kind.INT:
            return int(attribute.i)
        case Kind.INTS:
            return tuple(attribute.ints)
        case Kind.FLOAT:
            # An absent field means 0: some writers leave zeros out.
            bits = (
                binary32_field(attribute, "f") if attribute.HasField("f") else _raw_bits(bytes(4))
            )
            return finite(bits.reshape(()), file, inside)
        case Kind.FLOATS:
            check_shape((len(attribute.floats),), file, inside)
            return finite(binary32_field(attribute, "floats"), file, inside)
        case Kind.TENSOR:
            return read_tensor(attribute.t, file, inside)
        case Kind.STRING:
            try:
                return bytes(attribute.s).decode("ascii")
            except UnicodeDecodeError as error:
                raise InputError(file, inside, "is not a word") from error
