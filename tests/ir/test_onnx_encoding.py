"""Bytes that are no model: refused with a place, before a parser allocates anything for them."""

from pathlib import Path

import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx import helper
from onnx_models import chain

from refsem.errors import InputError
from refsem.ir import onnx_wire
from refsem.ir.onnx_reader import read_onnx
from refsem.ir.onnx_wire import DEPTH_LIMIT, VALUE_LIMIT, check_encoding

GOOD = chain().SerializeToString()


def complaint(data: bytes) -> str:
    with pytest.raises(InputError) as caught:
        check_encoding(data, onnx.ModelProto.DESCRIPTOR, "m.onnx")
    assert caught.value.file == "m.onnx"
    return f"{caught.value.place}: {caught.value.message}"


def outcome(data: bytes) -> str:
    """What a user is told; nothing if the model is read."""
    try:
        read_onnx(data, "m.onnx")
    except InputError as error:
        return str(error)
    return ""


def field(number: int, payload: bytes) -> bytes:
    """A length-delimited field."""
    return varint(number << 3 | 2) + varint(len(payload)) + payload


def varint(value: int) -> bytes:
    if value < 0x80:
        return bytes([value])
    return bytes([value & 0x7F | 0x80]) + varint(value >> 7)


def test_a_good_model_passes() -> None:
    check_encoding(GOOD, onnx.ModelProto.DESCRIPTOR, "m.onnx")


NODE_IN_GRAPH, ATTRIBUTE_IN_NODE, GRAPH_IN_ATTRIBUTE = 1, 5, 6


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"\x08", "byte 1: not an ONNX model: truncated: an integer does not end"),
        (b"\x08" + b"\xff" * 11, "byte 1: not an ONNX model: truncated: an integer does not end"),
        (b"\xff", "byte 0: not an ONNX model: truncated: an integer does not end"),
        (b"\x3a\x05\x0a", "byte 2: not an ONNX model: truncated: 5 bytes announced, 4 missing"),
        (b"\x9a\x06\x00", "byte 0: not an ONNX model: ModelProto has no field number 99"),
        (b"\x0b", "byte 1: not an ONNX model: unknown wire type 3"),
        (b"\x0f", "byte 1: not an ONNX model: unknown wire type 7"),
        (b"\x0a\x01\x00", "byte 2: not an ONNX model: ir_version is encoded with wire type 2"),
        (b"\x38\x01", "byte 1: not an ONNX model: graph is encoded with wire type 0"),
        (b"\x0d\x00\x00", "byte 1: not an ONNX model: truncated: 4 bytes announced, 2 missing"),
        (b"\x12\x03a\xff\x00", "byte 3: not an ONNX model: text that is not UTF-8"),
        (b"\x08\x08\x08\x08", "byte 2: not an ONNX model: ModelProto.ir_version is given twice"),
        (GOOD + GOOD, f"byte {len(GOOD)}: not an ONNX model: ModelProto.ir_version is given twice"),
    ],
)
def test_malformed_bytes(data: bytes, text: str) -> None:
    assert complaint(data) == text


def test_packed_fields_have_whole_entries() -> None:
    tensor = field(4, bytes(7))
    assert complaint(field(7, field(5, tensor))) == (
        "byte 6: not an ONNX model: float_data has 7 bytes, not a multiple of its width"
    )
    check_encoding(field(7, field(5, field(4, bytes(8)))), onnx.ModelProto.DESCRIPTOR, "m.onnx")


def test_enumerations_have_known_values() -> None:
    located = field(7, field(5, b"\x70\x02"))
    assert complaint(located) == "byte 5: not an ONNX model: data_location has no value 2"


def nested(depth: int) -> bytes:
    """Messages this deep inside the model."""
    numbers = [7] + [NODE_IN_GRAPH, ATTRIBUTE_IN_NODE, GRAPH_IN_ATTRIBUTE] * depth
    data = b""
    for number in reversed(numbers[:depth]):
        data = field(number, data)
    return data


def test_nesting_has_a_limit() -> None:
    check_encoding(nested(DEPTH_LIMIT), onnx.ModelProto.DESCRIPTOR, "m.onnx")
    assert complaint(nested(DEPTH_LIMIT + 1)).endswith("messages nested more than 32 deep")


def test_every_value_is_counted_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A graph of one tensor: 2 fields around it, then text, a number, bytes and packed data."""
    assert VALUE_LIMIT == 262144
    tensor = field(8, b"name") + b"\x10\x01" + field(9, bytes(40)) + field(4, bytes(8))
    for data, values in (
        (field(7, field(5, tensor)), 6),
        (field(7, field(5, field(7, bytes(10)))), 2 + 1 + 10),
        (field(7, field(5, b"\x38\x01" * 3)), 2 + 3),
        (field(7, field(NODE_IN_GRAPH, b"") * 4), 1 + 4),
    ):
        monkeypatch.setattr(onnx_wire, "VALUE_LIMIT", values)
        check_encoding(data, onnx.ModelProto.DESCRIPTOR, "m.onnx")
        monkeypatch.setattr(onnx_wire, "VALUE_LIMIT", values - 1)
        assert f"more than {values - 1} values" in complaint(data)


def test_a_nesting_bomb_is_refused() -> None:
    inner = b""
    for _ in range(2000):
        inner = field(GRAPH_IN_ATTRIBUTE, field(NODE_IN_GRAPH, field(ATTRIBUTE_IN_NODE, inner)))
    bomb = field(7, field(NODE_IN_GRAPH, field(ATTRIBUTE_IN_NODE, inner)))
    assert "messages nested more than 32 deep" in outcome(bomb)


def test_a_bomb_of_empty_messages_is_refused() -> None:
    """Two bytes each in the file, a hundred in memory."""
    nodes = field(NODE_IN_GRAPH, b"") * (VALUE_LIMIT + 1)
    assert f"more than {VALUE_LIMIT} values" in complaint(field(7, nodes))


def test_a_bomb_of_packed_integers_is_refused() -> None:
    """One byte each in the file, eight in memory."""
    tensor = field(7, b"\x00" * (VALUE_LIMIT + 1))
    assert f"more than {VALUE_LIMIT} values" in complaint(field(7, field(5, tensor)))


@pytest.mark.parametrize("kept", range(len(GOOD)))
def test_every_truncation_is_refused(kept: int) -> None:
    assert outcome(GOOD[:kept]).startswith("m.onnx: ")


@pytest.mark.parametrize("bit", range(8))
def test_every_flipped_bit_is_read_or_refused(bit: int) -> None:
    """What passes the check is what the parser takes; nothing else is ever raised."""
    for place in range(len(GOOD)):
        data = bytearray(GOOD)
        data[place] ^= 1 << bit
        text = outcome(bytes(data))
        assert "\n" not in text
        if "not an ONNX model" not in text:
            onnx.ModelProto.FromString(bytes(data))


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_bytes_and_text_are_refused(data: bytes) -> None:
    with pytest.raises(InputError):
        read_onnx(data, "m.onnx")


@given(st.integers(0, len(GOOD)), st.integers(0, len(GOOD)), st.binary(max_size=40))
def test_a_replaced_piece_is_read_or_refused(start: int, end: int, piece: bytes) -> None:
    data = GOOD[: min(start, end)] + piece + GOOD[max(start, end) :]
    assert "\n" not in outcome(data)


def test_unpacked_fields_are_read_like_packed_ones() -> None:
    """Writers may give each entry its own header; protobuf reads both."""
    packed = onnx.TensorProto(float_data=[1.5, -2.0]).SerializeToString()
    unpacked = b"".join(b"\x25" + packed[2 + 4 * index : 6 + 4 * index] for index in range(2))
    name = onnx.TensorProto(dims=[2], data_type=1, name="c").SerializeToString()
    for data in (packed, unpacked):
        made = helper.make_model(
            helper.make_graph(
                [helper.make_node("Add", ["x", "c"], ["y"])],
                "g",
                [helper.make_tensor_value_info("x", 1, [2])],
                [helper.make_tensor_value_info("y", 1, [2])],
            ),
            opset_imports=[helper.make_opsetid("", 13)],
            ir_version=8,
        )
        made.graph.initializer.append(onnx.TensorProto.FromString(name + data))
        graph = read_onnx(made.SerializeToString(), "m.onnx")
        assert graph.constants["c"].tolist() == [0x3FC00000, 0xC0000000]


def test_this_file_is_no_model() -> None:
    with pytest.raises(InputError, match="not an ONNX model"):
        read_onnx(Path(__file__).read_bytes(), "test.onnx")
