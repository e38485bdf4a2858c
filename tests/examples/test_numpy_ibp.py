"""The float32 propagation is honest: it differs from exact intervals by rounding and nothing else.

numpy's matrix product adds in an order that depends on processor and library, so the last bits
of a regenerated bounds file may differ from the committed one. Both are held to exact arithmetic
instead: each affine step lies within the a-priori error of a float32 sum of its length, in any
order, of the exact image of the claimed parent box; every other step is equal bit for bit.
"""

import json
from fractions import Fraction
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import onnx
import pytest
from gmpy2 import mpq
from hypothesis import given
from hypothesis import strategies as st
from onnx import numpy_helper

from refsem.properties import load_property

Box = tuple[list[Fraction], list[Fraction]]
UNIT = Fraction(1, 2**24)


def read_number(text: str) -> Fraction:
    assert text.startswith("b32:")
    assert len(text) == 12
    return Fraction(float(np.array(int(text[4:], 16), np.uint32).view(np.float32)))


def read_box(entry: dict[str, list[str]]) -> Box:
    assert list(entry) == ["lower", "upper"]
    return [read_number(t) for t in entry["lower"]], [read_number(t) for t in entry["upper"]]


def digits_arrays(digits: Path) -> dict[str, list[Any]]:
    graph = onnx.load(digits / "digits.onnx").graph
    return {one.name: numpy_helper.to_array(one).tolist() for one in graph.initializer}


def regenerated(numpy_ibp: ModuleType, digits: Path, *, outward: bool = False) -> dict[str, Any]:
    text = numpy_ibp.bounds_file(digits / "digits.onnx", digits / "robust.vnnlib", outward)
    found: dict[str, Any] = json.loads(text)
    return found


def property_box(digits: Path) -> Box:
    case = load_property(digits / "robust.vnnlib").cases[0]
    return [Fraction(str(end)) for end in case.lower], [Fraction(str(end)) for end in case.upper]


def escapes(document: dict[str, Any], arrays: dict[str, list[Any]]) -> list[Fraction]:
    """How far each affine endpoint is inside the exact step, in units of the step's error bound.

    Above 0 the step is broken; within -1 and 1 it is explained by rounding.
    """
    lower, upper = read_box(document["input"])
    parent = [end / 16 for end in lower], [end / 16 for end in upper]
    found = []
    for name, after in (("hidden_1", "relu_1"), ("hidden_2", "relu_2"), ("logits", "")):
        claimed = read_box(document["tensors"][name])
        for j, row in enumerate(arrays[f"{name}_weight"]):
            bias = Fraction(arrays[f"{name}_bias"][j])
            terms = [(Fraction(w), l, u) for w, l, u in zip(row, *parent, strict=True)]
            low = bias + sum(w * (l if w > 0 else u) for w, l, u in terms)
            high = bias + sum(w * (u if w > 0 else l) for w, l, u in terms)
            size = abs(bias) + sum(abs(w) * max(abs(l), abs(u)) for w, l, u in terms)
            error = (len(row) + 2) * UNIT / (1 - (len(row) + 2) * UNIT) * size
            found += [(claimed[0][j] - low) / error, (high - claimed[1][j]) / error]
        if after:
            parent = read_box(document["tensors"][after])
            relu = [[max(end, Fraction(0)) for end in side] for side in claimed]
            assert [list(side) for side in parent] == relu
    return found


@pytest.mark.parametrize("source", ["committed", "regenerated"])
def test_every_step_of_the_digits_file_is_exact_but_for_rounding(
    numpy_ibp: ModuleType, digits: Path, source: str
) -> None:
    committed = json.loads((digits / "bounds.json").read_text())
    document = committed if source == "committed" else regenerated(numpy_ibp, digits)
    found = escapes(document, digits_arrays(digits))
    assert len(found) == 2 * (32 + 32 + 10)
    assert all(-1 <= one <= 1 for one in found)
    for key in ("format", "model_sha256", "producer", "method", "input"):
        assert document[key] == committed[key]
    shapes = {name: len(entry["lower"]) for name, entry in document["tensors"].items()}
    assert shapes == {"hidden_1": 32, "relu_1": 32, "hidden_2": 32, "relu_2": 32, "logits": 10}


def test_about_half_of_the_committed_steps_are_broken(digits: Path) -> None:
    document = json.loads((digits / "bounds.json").read_text())
    broken = sum(one > 0 for one in escapes(document, digits_arrays(digits)))
    assert (broken, 2 * (32 + 32 + 10)) == (72, 148)


def test_the_hash_is_of_the_committed_model(digits: Path) -> None:
    record = json.loads((digits / "training.json").read_text())
    document = json.loads((digits / "bounds.json").read_text())
    assert document["model_sha256"] == record["model_sha256"]
    assert document["format"] == "refsem.bounds.v1"
    assert document["method"] == "ibp"
    assert list(document) == ["format", "model_sha256", "producer", "method", "input", "tensors"]


def test_the_nearest_input_box_misses_part_of_the_property(digits: Path) -> None:
    lower, upper = property_box(digits)
    low, high = read_box(json.loads((digits / "bounds.json").read_text())["input"])
    assert any(claimed > end for claimed, end in zip(low, lower, strict=True))
    assert any(claimed < end for claimed, end in zip(high, upper, strict=True))


def test_the_outward_input_box_is_the_least_that_contains_it(
    numpy_ibp: ModuleType, digits: Path
) -> None:
    lower, upper = property_box(digits)
    document = regenerated(numpy_ibp, digits, outward=True)
    low, high = read_box(document["input"])
    for claimed, end in zip(low + [-u for u in high], lower + [-u for u in upper], strict=True):
        assert claimed <= end
        assert Fraction(float(np.nextafter(np.float32(float(claimed)), np.float32(np.inf)))) > end
    assert all(-1 <= one <= 1 for one in escapes(document, digits_arrays(digits)))


@given(st.floats(width=64, allow_nan=False, min_value=-3.4e38, max_value=3.4e38))
def test_rounding_a_double_agrees_with_numpy(numpy_ibp: ModuleType, value: float) -> None:
    exact = Fraction(value)
    found, below, above = (
        round_(exact)
        for round_ in (numpy_ibp.nearest, numpy_ibp.rounded_down, numpy_ibp.rounded_up)
    )
    assert found == np.float32(value)
    assert Fraction(float(below)) <= exact <= Fraction(float(above))
    assert above in (below, np.nextafter(below, np.float32(np.inf)))


def test_nearest_does_not_round_twice(numpy_ibp: ModuleType) -> None:
    just_above_a_tie = 1 + Fraction(1, 2**24) + Fraction(1, 2**80)
    assert numpy_ibp.nearest(just_above_a_tie) == np.float32(1 + 2**-23)
    assert numpy_ibp.nearest(1 + Fraction(1, 2**24)) == np.float32(1)
    assert numpy_ibp.nearest(1 + Fraction(3, 2**24)) == np.float32(1 + 2**-22)
    assert np.float32(float(just_above_a_tie)) == np.float32(1)


def test_zero_is_written_without_a_sign(numpy_ibp: ModuleType) -> None:
    for round_ in (numpy_ibp.nearest, numpy_ibp.rounded_down, numpy_ibp.rounded_up):
        assert not np.signbit(round_(Fraction(0)))


def test_a_rational_of_gmpy2_is_read_exactly(numpy_ibp: ModuleType) -> None:
    assert numpy_ibp.exact(mpq(7, 10)) == Fraction(7, 10)
