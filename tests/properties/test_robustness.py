"""Robustness files: what they say, beside the same in VNN-LIB, and what they are refused for."""

from fractions import Fraction
from pathlib import Path

import builders
import pytest
from gmpy2 import mpq

from refsem.errors import InputError
from refsem.ir import load_model
from refsem.ir.graph import Graph
from refsem.properties.stated import load_statement

GOOD = """
format = "refsem.property.v1"
kind = "robustness"
norm = "inf"
radius = 0.1
clip = [0, 1]
[[examples]]
label = 1
input = [0.05, "1/3"]
"""


@pytest.fixture
def graph(tmp_path: Path) -> Graph:
    layers = builders.random_layers((2, 3, 3), seed=0, kind="integer")
    return load_model(builders.sequential(tmp_path / "m.onnx", layers))


def write(folder: Path, text: str) -> Path:
    path = folder / "p.toml"
    path.write_text(text, "utf-8")
    return path


def test_what_a_file_says(tmp_path: Path, graph: Graph) -> None:
    found = load_statement(write(tmp_path, GOOD), graph, "")
    assert found.graph is graph
    assert found.cases == ("example 0: 1 against 0", "example 0: 1 against 2")
    for case in found.property.cases:
        assert case.lower == (mpq(0), mpq(7, 30))
        assert case.upper == (mpq(15, 100), mpq(Fraction(13, 30)))
    against_0, against_2 = (case.unsafe for case in found.property.cases)
    (first,), (second,) = against_0, against_2
    assert first.outputs == ((0, mpq(-1)), (1, mpq(1)))
    assert second.outputs == ((1, mpq(1)), (2, mpq(-1)))
    assert (first.bound, first.strict) == (0, False)


REFUSALS = {
    "radius = -0.1": ("radius = 0.1", "radius", "a radius is not negative"),
    "radius = nan": ("radius = 0.1", "radius", "'nan' is not a number"),
    "radius = inf": ("radius = 0.1", "radius", "an infinite number"),
    "radius = true": ("radius = 0.1", "radius", "a truth value where a string was expected"),
    "radius = 2000-01-01": ("radius = 0.1", "radius", "a date or time"),
    "radius = 0.1\nradius = 0.2": ("radius = 0.1", "", "not TOML: Cannot overwrite a value"),
    "radius = 0.1\nradios = 1": ("radius = 0.1", "radios", "unknown key"),
    'norm = "L7"': ('norm = "inf"', "norm", "expected"),
    'kind = "robust"': ('kind = "robustness"', "kind", "expected one of"),
    "label = 3": ("label = 1", "examples[0].label", "from 0 to 2"),
    "label = -1": ("label = 1", "examples[0].label", "from 0 to 2"),
    "label = 1.0": ("label = 1", "examples[0].label", "from 0 to 2"),
    "input = [0.05]": ('input = [0.05, "1/3"]', "examples[0].input", "1 numbers for a model of 2"),
    "input = [0.05, 7]": ('input = [0.05, "1/3"]', "examples[0].input", "not between the values"),
    "clip = [1, 0]": ("clip = [0, 1]", "clip", "the lesser first"),
    'model_sha256 = "00"': ("clip = [0, 1]", "model_sha256", "is of another model"),
    'format = "refsem.property.v2"': ('format = "refsem.property.v1"', "format", "expected"),
    "a = " + "[" * 5000: ("clip = [0, 1]", "", "nested too deeply"),
    "a = " + "1" * 5000: ("clip = [0, 1]", "", "not TOML of ours"),
}


@pytest.mark.parametrize("new", REFUSALS, ids=lambda text: text[:30])
def test_what_is_wrong_is_refused_by_its_place(tmp_path: Path, graph: Graph, new: str) -> None:
    old, place, message = REFUSALS[new]
    assert GOOD.count(old) == 1
    path = write(tmp_path, GOOD.replace(old, new))
    with pytest.raises(InputError) as caught:
        load_statement(path, graph, "11")
    assert (caught.value.file, caught.value.place) == (str(path), place)
    assert message in caught.value.message
