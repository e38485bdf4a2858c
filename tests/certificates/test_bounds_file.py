"""Bounds files: what is accepted says exactly what it says; each defect is refused at its place."""

import copy
import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import builders
import pytest
from claim_files import bounds_document, write_bounds
from gmpy2 import mpq

from refsem.certificates.bounds_file import BoundsFile, Claimed, read_bounds
from refsem.errors import InputError
from refsem.ir import load_model
from refsem.ir.evaluation import prepare

Edit = Callable[[dict[str, Any]], object]
SHA256 = hashlib.sha256


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """x (2 entries) → hidden_1_product → hidden_1 → relu_1 (2 entries each) → y_product → y."""
    layers = (builders.layer([[1, 2], [-1, 1]], [0, 1]), builders.layer([[1], [-2]], [3]))
    return builders.sequential(tmp_path / "model.onnx", layers, affine="MatMul")


@pytest.fixture
def document(model: Path) -> dict[str, Any]:
    return bounds_document(
        model,
        (["-1", "0x1p-1"], ["1/2", "b32:3f800000"]),
        {"hidden_1": (["-2", "-inf"], ["inf", "3"]), "y": (["-10"], ["20.5"])},
    )


def read(folder: Path, model: Path, document: object) -> BoundsFile:
    path = write_bounds(folder / "b.json", document)
    sha256 = SHA256(model.read_bytes()).hexdigest()
    return read_bounds(path, prepare(load_model(model)), sha256)


def test_a_file_says_what_it_says(tmp_path: Path, model: Path, document: dict[str, Any]) -> None:
    assert read(tmp_path, model, document) == BoundsFile(
        producer="a test",
        method="ibp",
        input=Claimed((mpq(-1), mpq(1, 2)), (mpq(1, 2), mpq(1))),
        tensors={
            "hidden_1": Claimed((mpq(-2), None), (None, mpq(3))),
            "y": Claimed((mpq(-10),), (mpq(41, 2),)),
        },
    )


@pytest.mark.parametrize("method", ["ibp", "crown", "other"])
def test_each_method_is_read(
    tmp_path: Path, model: Path, document: dict[str, Any], method: str
) -> None:
    document["method"] = method
    assert read(tmp_path, model, document).method == method


def test_a_missing_method_is_other(tmp_path: Path, model: Path, document: dict[str, Any]) -> None:
    del document["method"]
    assert read(tmp_path, model, document).method == "other"


def test_no_tensor_at_all_is_no_mistake(
    tmp_path: Path, model: Path, document: dict[str, Any]
) -> None:
    document["tensors"] = {}
    assert read(tmp_path, model, document).tensors == {}


def test_an_interval_may_be_one_point_and_inner_products_may_be_claimed(
    tmp_path: Path, model: Path, document: dict[str, Any]
) -> None:
    document["tensors"] = {"hidden_1_product": {"lower": ["1", "2/2"], "upper": ["1.0", "1e0"]}}
    found = read(tmp_path, model, document).tensors["hidden_1_product"]
    assert found.lower == found.upper == (mpq(1), mpq(1))


def put(*path: str | int, value: object) -> Edit:
    """The edit that stores a value at a path."""

    def edit(document: dict[str, Any]) -> None:
        place: Any = document
        for step in path[:-1]:
            place = place[step]
        place[path[-1]] = value

    return edit


def drop(*path: str) -> Edit:
    """The edit that removes a key."""

    def edit(document: dict[str, Any]) -> None:
        for step in path[:-1]:
            document = document[step]
        del document[path[-1]]

    return edit


INFINITE = "an infinite end on the inward side claims the impossible"
REFUSED: dict[str, tuple[Edit, str, str]] = {
    "another format": (
        put("format", value="refsem.bounds.v2"),
        "format",
        "'refsem.bounds.v2'; expected 'refsem.bounds.v1'",
    ),
    "no format": (drop("format"), "", "the key 'format' is missing"),
    "no hash": (drop("model_sha256"), "", "the key 'model_sha256' is missing"),
    "no producer": (drop("producer"), "", "the key 'producer' is missing"),
    "no input": (drop("input"), "", "the key 'input' is missing"),
    "no tensors": (drop("tensors"), "", "the key 'tensors' is missing"),
    "an unknown key": (
        put("epsilon", value="1"),
        "epsilon",
        "unknown key; expected format, model_sha256, producer, input, tensors, method",
    ),
    "a key in other letters": (
        put("Method", value="ibp"),
        "Method",
        "unknown key; expected format, model_sha256, producer, input, tensors, method",
    ),
    "an unknown method": (
        put("method", value="alpha"),
        "method",
        "'alpha'; expected one of ibp, crown, other",
    ),
    "a method that is no text": (
        put("method", value=None),
        "method",
        "null where a string was expected",
    ),
    "a producer that is no text": (
        put("producer", value=1),
        "producer",
        "a number where a string was expected",
    ),
    "an unknown key in a box": (
        put("tensors", "y", "upper_bound", value=[]),
        "tensors.y.upper_bound",
        "unknown key; expected lower, upper",
    ),
    "no upper end": (drop("tensors", "y", "upper"), "tensors.y", "the key 'upper' is missing"),
    "a box that is a list": (
        put("input", value=[["-1", "0"], ["1", "1"]]),
        "input",
        "a list where an object was expected",
    ),
    "tensors in a list": (
        put("tensors", value=[]),
        "tensors",
        "a list where an object was expected",
    ),
    "an end that is no list": (
        put("tensors", "y", "lower", value="0"),
        "tensors.y.lower",
        "a string where a list was expected",
    ),
    "a nested list": (
        put("tensors", "y", "lower", value=[["0"]]),
        "tensors.y.lower[0]",
        "a list where a string was expected",
    ),
    "a JSON number": (
        put("tensors", "y", "lower", 0, value=-10),
        "tensors.y.lower[0]",
        "a number where a string was expected",
    ),
    "an unknown tensor": (
        put("tensors", "z", value={"lower": ["0"], "upper": ["1"]}),
        "tensors.z",
        "the network has no such tensor",
    ),
    "a constant tensor": (
        put("tensors", "y_bias", value={"lower": ["3"], "upper": ["3"]}),
        "tensors.y_bias",
        "this tensor is a constant of the network",
    ),
    "too few entries": (
        put("tensors", "hidden_1", "upper", value=["1"]),
        "tensors.hidden_1.upper",
        "1 numbers; the tensor has 2 entries",
    ),
    "too many entries": (
        put("tensors", "y", "lower", value=["1", "1"]),
        "tensors.y.lower",
        "2 numbers; the tensor has 1 entries",
    ),
    "no entries": (
        put("tensors", "y", "lower", value=[]),
        "tensors.y.lower",
        "0 numbers; the tensor has 1 entries",
    ),
    "an input of another size": (
        put("input", "lower", value=["-1"]),
        "input.lower",
        "1 numbers; the tensor has 2 entries",
    ),
    "a swapped pair": (
        put("tensors", "y", value={"lower": ["20.5"], "upper": ["-10"]}),
        "tensors.y.lower[0]",
        "lies above the upper bound of this entry",
    ),
    "a pair swapped by one part in a million million": (
        put("input", "lower", 1, value="1.000000000001"),
        "input.lower[1]",
        "lies above the upper bound of this entry",
    ),
    "+∞ below": (
        put("tensors", "hidden_1", "lower", 1, value="inf"),
        "tensors.hidden_1.lower[1]",
        INFINITE,
    ),
    "−∞ above": (
        put("tensors", "hidden_1", "upper", 0, value="b32:ff800000"),
        "tensors.hidden_1.upper[0]",
        INFINITE,
    ),
    "an unbounded input": (
        put("input", "lower", 0, value="-inf"),
        "input",
        "the input box must be bounded",
    ),
    "NaN": (
        put("tensors", "y", "upper", 0, value="b32:7fc00000"),
        "tensors.y.upper[0]",
        "NaN bounds nothing",
    ),
    "an absurd number": (
        put("tensors", "y", "upper", 0, value="1e999999999"),
        "tensors.y.upper[0]",
        "exponent 999999999 is beyond ±5000",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_each_defect_is_refused_at_its_place(
    tmp_path: Path, model: Path, document: dict[str, Any], name: str
) -> None:
    edit, place, message = REFUSED[name]
    read(tmp_path, model, copy.deepcopy(document))
    edit(document)
    with pytest.raises(InputError) as caught:
        read(tmp_path, model, document)
    assert (caught.value.file, caught.value.place) == (str(tmp_path / "b.json"), place)
    assert caught.value.message == message


def test_a_file_about_another_model_is_refused(
    tmp_path: Path, model: Path, document: dict[str, Any]
) -> None:
    mine = str(document["model_sha256"])
    for wrong in (mine.upper(), mine[:-1], "", SHA256(b"").hexdigest()):
        document["model_sha256"] = wrong
        with pytest.raises(InputError) as caught:
            read(tmp_path, model, document)
        assert caught.value.place == "model_sha256"
        assert caught.value.message == f"is of another model; this one's is {mine}"


@pytest.mark.parametrize(
    ("text", "place", "message"),
    [
        ("", "line 1, column 1", "not JSON: Expecting value"),
        ("[]", "", "a list where an object was expected"),
        ("null", "", "null where an object was expected"),
        ('"refsem.bounds.v1"', "", "a string where an object was expected"),
        (
            '{"format": "refsem.bounds.v1", "format": "x"}',
            "",
            "the key 'format' occurs twice in one object",
        ),
        ('{"format": NaN}', "line 1, column 12", "NaN is not JSON"),
    ],
)
def test_what_is_no_bounds_file_is_refused(
    tmp_path: Path, model: Path, text: str, place: str, message: str
) -> None:
    path = tmp_path / "b.json"
    path.write_text(text)
    with pytest.raises(InputError) as caught:
        read_bounds(path, prepare(load_model(model)), "")
    assert (caught.value.file, caught.value.place, caught.value.message) == (
        str(path),
        place,
        message,
    )
