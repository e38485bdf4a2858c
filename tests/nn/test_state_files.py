"""Weights from files: what torch saved is what torch computes with, and wrong files are refused."""

import io
import json
import pickle
import struct
import zipfile
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from gmpy2 import mpq
from torch_modules import FOLDER, IMAGES, MODULES, record

from refsem import nn
from refsem.errors import InputError
from refsem.exact import ExactTensor
from refsem.ir.differentiate import Kinks, reverse_derivative
from refsem.ir.evaluation import prepare
from refsem.ir.graph_enclosures import enclose_graph
from refsem.nn.safetensors import read_safetensors
from refsem.nn.state import State
from refsem.nn.torch_state import read_torch_state
from refsem.nn.weights import declarations
from refsem.untrusted.archives import Archive

EXACT = nn.Exact(120, "1e-25")
LIMIT = 2**20


def near(ours: tuple[list[mpq], list[mpq]], theirs: list[float]) -> bool:
    """Whether enclosures agree with float64 values to a dozen digits."""
    pairs = zip(*ours, theirs, strict=True)
    return all(abs(low - mpq(Fraction(x))) < mpq(1, 10**12) for low, _, x in pairs)


@pytest.mark.parametrize("name", MODULES)
def test_modules_with_torch_weights_compute_what_torch_does(name: str, tmp_path: Path) -> None:
    stated = record(name)
    state = nn.read_state(FOLDER / f"{name}.pt")
    module = nn.load(MODULES[name], state)
    x = nn.tensor(stated.input, EXACT)
    assert near(nn.ends(module(x)), stated.output)
    again = tmp_path / "weights.safetensors"
    floats = {key: one.bits for key, one in state.tensors.items() if one.bits is not None}
    nn.write_safetensors(again, floats)
    other = nn.load(MODULES[name], nn.read_state(again))
    assert nn.ends(other(x)) == nn.ends(module(x))
    graph = nn.compile(module, stated.input.shape)
    names = {key for key, shape in declarations(module) if shape is not None}
    assert names <= set(graph.constants)


def test_gradients_are_those_of_torch() -> None:
    stated = record("smooth")
    graph = nn.compile(nn.load(MODULES["smooth"], nn.read_state(FOLDER / "smooth.pt")), (1, 3))
    (output,) = graph.outputs
    weights = np.array([[1, 2]], np.float32).view(np.uint32)
    found = reverse_derivative(graph, {output: weights}, "d", Kinks.REFUSE)
    at = ExactTensor.from_binary32(stated.input)
    ends = enclose_graph(prepare(found.graph), {"x": (at, at)}, 120)[found.derivatives["x"]]
    assert near((ends[0].rationals(), ends[1].rationals()), stated.gradient)


LINEAR = nn.Linear(2, 3)
WEIGHT, BIAS = np.arange(6, dtype=np.float32).reshape(3, 2), np.arange(3, dtype=np.float32)


# safetensors


def safe(header: object, data: bytes, length: int | None = None) -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text) if length is None else length) + text + data


def entry(start: int, end: int, *shape: int, dtype: str = "F32") -> dict[str, object]:
    return {"dtype": dtype, "shape": list(shape), "data_offsets": [start, end]}


BODY = WEIGHT.tobytes() + BIAS.tobytes()
GOOD = {"weight": entry(0, 24, 3, 2), "bias": entry(24, 36, 3), "__metadata__": {"made": "here"}}


def test_a_safetensors_file_is_read() -> None:
    state = read_safetensors(safe(GOOD, BODY), "f")
    module = nn.load(LINEAR, state)
    assert module.weights is not None
    assert module.weights.bits["weight"].view(np.float32).tolist() == WEIGHT.tolist()
    other = {"bias": entry(0, 12, 3), "weight": entry(12, 36, 3, 2)}
    turned = read_safetensors(safe(other, BIAS.tobytes() + WEIGHT.tobytes()), "f")
    assert nn.load(LINEAR, turned).weights is not None


BAD_SAFETENSORS: dict[str, tuple[bytes, str]] = {
    "short": (b"\0\0\0", "3 bytes are no safetensors file"),
    "header too long": (safe(GOOD, BODY, 2**60), "more than the file"),
    "header cut": (safe(GOOD, BODY, 20), "not JSON"),
    "no object": (safe(b"[]", b""), "begin with"),
    "space before": (safe(b" {}", b""), "begin with"),
    "twice": (safe(b'{"a":{},"a":{}}', b""), "the key 'a' occurs twice"),
    "a key": (safe({"weight": {**GOOD["weight"], "x": 1}}, BODY), "unknown key"),
    "a type": (safe({"weight": entry(0, 24, 3, 2, dtype="F31")}, BODY), "named 'F31'"),
    "negative": (safe({"weight": entry(0, 24, -3, -2)}, BODY), "not between 0"),
    "a fraction": (safe({"weight": entry(0, 24, 1.5, 4)}, BODY), "whole number"),
    "dimensions": (safe({"weight": entry(0, 4, *[1] * 33)}, BODY), "33 dimensions"),
    "huge": (safe({"weight": entry(0, 24, 2**39, 2**39)}, BODY), "beyond what an array may have"),
    "huge and empty": (
        safe({"weight": entry(0, 0, 0, 2**40 - 1, 2**40 - 1)}, b""),
        "beyond what an array may have",
    ),
    "beyond": (safe({"weight": entry(0, 40, 10)}, BODY), "not between 0 and 36"),
    "too few bytes": (safe({"weight": entry(0, 20, 3, 2)}, BODY), "needs 24 bytes"),
    "one end": (safe({"weight": {**GOOD["weight"], "data_offsets": [0]}}, BODY), "needs 24"),
    "overlap": (safe({"a": entry(0, 24, 6), "b": entry(20, 36, 4)}, BODY), "overlap"),
    "hole": (safe({"a": entry(0, 20, 5), "b": entry(24, 36, 3)}, BODY), "hole"),
    "more data": (safe(GOOD, BODY + b"\0"), "1 bytes after the last tensor"),
    "notes": (safe({**GOOD, "__metadata__": {"a": 1}}, BODY), "a string was expected"),
}


@pytest.mark.parametrize("name", BAD_SAFETENSORS)
def test_a_spoilt_safetensors_file_is_refused(name: str) -> None:
    data, message = BAD_SAFETENSORS[name]
    with pytest.raises(InputError, match=message):
        read_safetensors(data, "f")


# what fits no module

NAN = np.full(3, np.nan, np.float32)
UNFIT: dict[str, tuple[dict[str, object], bytes, str]] = {
    "missing": ({"weight": entry(0, 24, 3, 2)}, WEIGHT.tobytes(), "missing: 'bias'"),
    "more": (
        {**GOOD, "b": entry(36, 36, 0)},
        BODY,
        "not declared by the module: 'b'",
    ),
    "turned": ({**GOOD, "weight": entry(0, 24, 2, 3)}, BODY, r"\[2, 3\]; the module declares"),
    "halves": (
        {"weight": entry(0, 24, 3, 2), "bias": entry(24, 30, 3, dtype="F16")},
        BODY[:30],
        "F16 entries; float32 is expected",
    ),
    "not finite": (GOOD, WEIGHT.tobytes() + NAN.tobytes(), r"entry \[0\] is not finite"),
}


@pytest.mark.parametrize("name", UNFIT)
def test_weights_that_do_not_fit_are_refused_by_name(name: str) -> None:
    header, body, message = UNFIT[name]
    with pytest.raises(InputError, match=message):
        nn.load(LINEAR, read_safetensors(safe(header, body), "f"))


# torch


def text(value: str) -> bytes:
    return b"X" + struct.pack("<I", len(value)) + value.encode()


def name_of(value: str) -> bytes:
    return b"c" + value.replace(" ", "\n").encode() + b"\n"


def number(value: int) -> bytes:
    return b"J" + struct.pack("<i", value)


def lengths(*values: int) -> bytes:
    return b"(" + b"".join(map(number, values)) + b"t"


def storage(kind: str, key: str, entries: int) -> bytes:
    parts = text("storage") + name_of(f"torch {kind}Storage") + text(key) + text("cpu")
    return b"(" + parts + number(entries) + b"tQ"


def tensor(held: bytes, offset: int, shape: tuple[int, ...], strides: tuple[int, ...]) -> bytes:
    hooks = name_of("collections OrderedDict") + b")R"
    inner = held + number(offset) + lengths(*shape) + lengths(*strides) + b"\x89" + hooks
    return name_of("torch._utils _rebuild_tensor_v2") + b"(" + inner + b"tR"


def dictionary(**items: bytes) -> bytes:
    pairs = b"".join(text(name) + value for name, value in items.items())
    return b"\x80\x02}(" + pairs + b"u."


def archive(data: bytes, **changed: bytes | None) -> bytes:
    parts: dict[str, bytes | None] = {
        "data.pkl": data,
        "byteorder": b"little",
        "data/0": WEIGHT.tobytes(),
        "data/1": BIAS.tobytes(),
        **changed,
    }
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as written:
        for name, content in parts.items():
            if content is not None:
                written.writestr(f"w/{name}", content)
    return file.getvalue()


ZERO, FIRST = storage("Float", "0", 6), storage("Float", "1", 3)
LONG = storage("Float", "2", 10_000)
RIGHT = {"weight": tensor(ZERO, 0, (3, 2), (2, 1)), "bias": tensor(FIRST, 0, (3,), (1,))}


def test_a_state_dict_written_by_hand_is_read() -> None:
    module = nn.load(LINEAR, read_torch_state(archive(dictionary(**RIGHT)), "f", LIMIT))
    assert module.weights is not None
    assert module.weights.bits["weight"].view(np.float32).tolist() == WEIGHT.tolist()
    part = dictionary(part=tensor(ZERO, 2, (2, 1, 2), (2, 7, 1)))
    found = read_torch_state(archive(part), "f", LIMIT).tensors["part"].bits
    assert found is not None
    assert found.view(np.float32).tolist() == [[[2, 3]], [[4, 5]]]


def test_a_storage_is_unpacked_once(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    read = Archive.read

    def noted(self: Archive, name: str) -> bytes:
        asked.append(name)
        return read(self, name)

    monkeypatch.setattr(Archive, "read", noted)
    views = {f"v{i}": tensor(ZERO, i % 6, (1,), (1,)) for i in range(50)}
    found = read_torch_state(archive(dictionary(**views)), "f", LIMIT).tensors["v4"].bits
    assert found is not None
    assert found.view(np.float32).tolist() == [4]
    assert asked.count("w/data/0") == 1


class Evil:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return print, ("executed",)


def with_bias(made: bytes) -> bytes:
    return archive(dictionary(weight=RIGHT["weight"], bias=made))


BAD_TORCH: dict[str, tuple[bytes, str]] = {
    "no zip": (b"PK nothing", "not a complete zip archive"),
    "no pickle": (archive(b"", **{"data.pkl": None}), "has no data.pkl"),
    "byte order": (archive(dictionary(**RIGHT), byteorder=b"big"), "'little' was expected"),
    "no byte order": (archive(dictionary(**RIGHT), byteorder=None), "'little' was expected"),
    "a storage is missing": (
        archive(dictionary(**RIGHT), **{"data/1": None}),
        "data/1: is missing",
    ),
    "a storage is short": (
        archive(dictionary(**RIGHT), **{"data/1": b"\0" * 8}),
        "a storage of 8 bytes where 12 are stated",
    ),
    "empty": (archive(b""), "it has no end"),
    "cut": (archive(dictionary(**RIGHT)[:-1]), "it has no end"),
    "more after the end": (archive(dictionary(**RIGHT) + b"."), "bytes after the end"),
    "code": (archive(pickle.dumps({"a": Evil()}, 2)), "names '__builtin__ print'"),
    "a class": (archive(pickle.dumps({"a": Fraction(1)}, 2)), "names 'fractions Fraction'"),
    "another protocol": (archive(pickle.dumps({}, 4)), "pickle protocol 4"),
    "a list": (archive(pickle.dumps([], 2)), "the opcode b'\\]' is not read"),
    "a number": (archive(pickle.dumps(3, 2)), "a state dict was expected"),
    "no tensors": (archive(pickle.dumps({"a": 3}, 2)), "'a' is no tensor"),
    "numbers as keys": (archive(pickle.dumps({1: 3}, 2)), "a key that is no text"),
    "a key twice": (
        archive(b"\x80\x02}(" + (text("a") + RIGHT["bias"]) * 2 + b"u."),
        "the key 'a' occurs twice",
    ),
    "a call": (
        archive(b"\x80\x02" + name_of("collections OrderedDict") + b"(}tR."),
        "a call that no state dict needs",
    ),
    "nothing there": (archive(b"\x80\x02R."), "nothing on the stack"),
    "no mark": (archive(b"\x80\x02Nt."), "a mark is missing"),
    "a mark": (archive(b"\x80\x02(\x85."), "a mark where a value"),
    "two values": (archive(b"\x80\x02}}."), "a state dict was expected"),
    "memory": (archive(b"\x80\x02h\x07."), "nothing is kept at 7"),
    "odd items": (archive(b"\x80\x02}(" + text("a") + b"u."), "a key without a value"),
    "items of a number": (archive(b"\x80\x02K\x01(u."), "a dictionary was expected"),
    "an opcode for instances": (archive(b"\x80\x02(i__main__\nX\n."), r"the opcode b'i'"),
    "a text that is cut": (archive(b"\x80\x02X\xff\xff\0\0a."), "ends within an argument"),
    "a text of no characters": (archive(b"\x80\x02X\x01\0\0\0\xff."), "not UTF-8"),
    "a name that is cut": (archive(b"\x80\x02cos\n"), "a name that does not end"),
    "attributes": (archive(b"\x80\x02}}" + text("a") + b"NsbN."), "attributes that no state"),
    "no storage": (with_bias(b"(NtQ"), "a reference that is no storage"),
    "a path as key": (with_bias(tensor(storage("Float", "../1", 3), 0, (3,), (1,))), "no storage"),
    "strides": (with_bias(tensor(ZERO, 0, (3,), (2,))), r"strides \[2\]"),
    "no stride": (with_bias(tensor(ZERO, 0, (3,), (0,))), r"strides \[0\]"),
    "too few strides": (with_bias(tensor(FIRST, 0, (3,), ())), "0 strides"),
    "an offset": (with_bias(tensor(FIRST, 1, (3,), (1,))), "entries 1 to 4 of 3"),
    "a negative length": (with_bias(tensor(FIRST, 0, (-3,), (1,))), "a length was expected"),
    "many dimensions": (
        with_bias(tensor(FIRST, 0, (1,) * 33, (1,) * 33)),
        "at most 32 lengths",
    ),
    "huge": (with_bias(tensor(FIRST, 0, (2**31 - 1,) * 3, (1,) * 3)), "tensors of"),
    "huge and empty": (
        with_bias(tensor(FIRST, 0, (0,) + (2**31 - 1,) * 3, (1,) * 4)),
        "beyond what an array may have",
    ),
    "many views of little": (
        archive(
            dictionary(**{f"v{i}": tensor(LONG, 0, (10_000,), (1,)) for i in range(50)}),
            **{"data/2": bytes(40_000)},
        ),
        "tensors of 4000000 bytes",
    ),
    "unpacks to too much": (
        archive(dictionary(**RIGHT), more=b"\0" * (LIMIT + 1)),
        "unpacks to",
    ),
}


@pytest.mark.parametrize("name", BAD_TORCH)
def test_a_spoilt_state_dict_is_refused(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    data, message = BAD_TORCH[name]
    with pytest.raises(InputError, match=message):
        read_torch_state(data, "f", LIMIT)
    assert capsys.readouterr().out == ""


def outcome(read: Callable[[bytes], State], data: bytes) -> object:
    """What a file states, or that it is refused: nothing else may happen."""
    try:
        found = read(data)
    except InputError as error:
        return str(error)
    return {
        name: (one.element, one.shape, None if one.bits is None else one.bits.tolist())
        for name, one in found.tensors.items()
    }


def check_mutants(read: Callable[[bytes], State], data: bytes, count: int) -> None:
    assert not isinstance(outcome(read, data), str)
    source = np.random.default_rng(1)
    for _ in range(count):
        mutant = bytearray(data)
        for _ in range(int(source.integers(1, 4))):
            mutant[int(source.integers(len(data)))] = int(source.integers(256))
        said = outcome(read, bytes(mutant))
        assert "\n" not in str(said)
    for length in source.integers(0, len(data), count // 4):
        outcome(read, data[: int(length)])


@pytest.mark.parametrize("count", [400, pytest.param(20_000, marks=pytest.mark.nightly)])
def test_mutants_are_read_or_refused(count: int) -> None:
    check_mutants(lambda data: read_safetensors(data, "f"), safe(GOOD, BODY), count)
    pickled = dictionary(**RIGHT)
    check_mutants(lambda data: read_torch_state(archive(data), "f", LIMIT), pickled, count)
    whole = (FOLDER / "images.pt").read_bytes()
    check_mutants(lambda data: read_torch_state(data, "f", LIMIT), whole, count // 4)


def test_only_files_of_weights_are_read(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is not a file of weights"):
        nn.read_state(tmp_path / "weights.npz")
    with pytest.raises(InputError, match="no such file"):
        nn.read_state(tmp_path / "weights.pt")


def test_nothing_is_spared() -> None:
    """A counter of batches may be there or not, and changes nothing."""
    state = nn.read_state(FOLDER / "images.pt")
    assert "1.num_batches_tracked" in state.tensors
    fewer = {k: v for k, v in state.tensors.items() if k != "1.num_batches_tracked"}
    assert nn.load(IMAGES, State("f", fewer)) is not IMAGES
