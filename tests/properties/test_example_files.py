"""Examples beside a property file: what is read, what is refused, and what damage is noticed."""

import json
import tomllib
from collections.abc import Callable
from fractions import Fraction
from functools import partial
from hashlib import sha256
from pathlib import Path

import builders
import numpy as np
import pytest

from refsem.errors import InputError
from refsem.ir import load_model
from refsem.ir.graph import Graph
from refsem.properties import examples
from refsem.properties.stated import load_statement
from refsem.properties.statement import Statement

LINES = "1,0,16\n2, 4 ,1/3\r\n0,b32:3f800000,2.5e0"
OBJECT = {
    "format": "refsem.examples.v1",
    "examples": [
        {"label": 1, "input": [0, 16]},
        {"label": 2, "input": [4, "1/3"]},
        {"label": 0, "input": ["b32:3f800000", 2.5]},
    ],
}
INPUTS = {0: (0, 1), 1: (Fraction(1, 4), Fraction(1, 48)), 2: (Fraction(1, 16), Fraction(5, 32))}

HEAD = """
format = "refsem.property.v1"
kind = "robustness"
norm = "inf"
radius = "1/8"
"""


@pytest.fixture
def graph(tmp_path: Path) -> Graph:
    layers = builders.random_layers((2, 3, 3), seed=0, kind="integer")
    return load_model(builders.sequential(tmp_path / "m.onnx", layers))


def stated(folder: Path, graph: Graph, name: str, data: bytes, more: str = "") -> Statement:
    (folder / name).write_bytes(data)
    text = f'examples_file = "{name}"\nexamples_sha256 = "{sha256(data).hexdigest()}"\n{more}\n'
    (folder / "p.toml").write_text(HEAD + text, "utf-8")
    return load_statement(folder / "p.toml", graph, "")


FILES = {"e.csv": LINES.encode(), "e.json": json.dumps(OBJECT).encode()}


@pytest.mark.parametrize("name", FILES)
def test_both_kinds_of_files_say_the_same(tmp_path: Path, graph: Graph, name: str) -> None:
    found = stated(tmp_path, graph, name, FILES[name], 'scale = "1/16"\nindices = [2, 0, 1]')
    assert [point.number for point in found.points] == [2, 0, 1]
    assert [point.label for point in found.points] == [0, 1, 2]
    assert [point.values for point in found.points] == [INPUTS[i] for i in (2, 0, 1)]
    assert [point.cases for point in found.points] == [range(2), range(2, 4), range(4, 6)]
    assert found.cases[:2] == ("example 2: 0 against 1", "example 2: 0 against 2")
    for point in found.points:
        for case in (found.property.cases[number] for number in point.cases):
            assert case.lower == tuple(value - Fraction(1, 8) for value in point.values)
            assert case.upper == tuple(value + Fraction(1, 8) for value in point.values)


REFUSED = {
    "1,0,16\n2,4": ("e.csv", "line 2", "1 numbers for a model of 2"),
    "1,0,16\n\n": ("e.csv", "line 2, field 1", "from 0 to 2"),
    "1,0,x": ("e.csv", "line 1, field 3", "is not a number"),
    "1,0,": ("e.csv", "line 1, field 3", "is not a number"),
    "3,0,0": ("e.csv", "line 1, field 1", "from 0 to 2"),
    "one,0,0": ("e.csv", "line 1, field 1", "from 0 to 2"),
    "1,0,inf": ("e.csv", "line 1, field 3", "an infinite number"),
    "1,0,\xe9": ("e.csv", "byte 4", "not ASCII text"),
    "": ("p.toml", "", "no examples"),
}


@pytest.mark.parametrize("text", REFUSED, ids=repr)
def test_what_is_wrong_with_a_line_is_refused_there(
    tmp_path: Path, graph: Graph, text: str
) -> None:
    file, place, message = REFUSED[text]
    with pytest.raises(InputError) as caught:
        stated(tmp_path, graph, "e.csv", text.encode("latin-1"))
    assert (caught.value.file, caught.value.place) == (str(tmp_path / file), place)
    assert message in caught.value.message


def test_the_bits_of_all_numbers_are_bounded(
    tmp_path: Path, graph: Graph, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A power of ten of few characters takes many bits; the example that is too much is named."""
    lines = b"1,1e4000,1e-4000\n" * 3  # each line has 2 * (13288 + 1) bits
    monkeypatch.setattr(examples, "MOST_BITS", 3 * 26578)
    assert len(stated(tmp_path, graph, "e.csv", lines).points) == 3
    monkeypatch.setattr(examples, "MOST_BITS", 3 * 26578 - 1)
    with pytest.raises(InputError, match="line 3, field 3: the numbers up to here have more than"):
        stated(tmp_path, graph, "e.csv", lines)


MORE = {
    "scale = 0": ("scale", "positive"),
    "indices = [0, 0]": ("indices[1]", "twice"),
    "indices = [3]": ("indices[0]", "from 0 to 2"),
    "indices = []": ("indices", "no examples"),
    "examples = []": ("examples_file", "stand in this file"),
}


@pytest.mark.parametrize("more", MORE)
def test_what_does_not_fit_the_file_is_refused(tmp_path: Path, graph: Graph, more: str) -> None:
    place, message = MORE[more]
    with pytest.raises(InputError) as caught:
        stated(tmp_path, graph, "e.csv", FILES["e.csv"], more)
    assert caught.value.place == place
    assert message in caught.value.message


@pytest.mark.parametrize("name", ["../e.csv", "a/e.csv", "..", "", "/etc/passwd", "C:e.csv"])
def test_files_elsewhere_are_not_opened(tmp_path: Path, graph: Graph, name: str) -> None:
    digest = sha256(FILES["e.csv"]).hexdigest()
    (tmp_path / "e.csv").write_bytes(FILES["e.csv"])
    (tmp_path / "p.toml").write_text(
        f"{HEAD}examples_file = '{name}'\nexamples_sha256 = '{digest}'\n", "utf-8"
    )
    with pytest.raises(InputError, match="plain name"):
        load_statement(tmp_path / "p.toml", graph, "")


def test_a_file_of_another_hash_is_not_believed(tmp_path: Path, graph: Graph) -> None:
    stated(tmp_path, graph, "e.csv", FILES["e.csv"])
    (tmp_path / "e.csv").write_bytes(FILES["e.csv"] + b"\n")
    with pytest.raises(InputError) as caught:
        load_statement(tmp_path / "p.toml", graph, "")
    assert caught.value.place == "examples_sha256"


def test_a_file_that_is_not_there_is_said_to_be_missing(tmp_path: Path, graph: Graph) -> None:
    (tmp_path / "p.toml").write_text(
        f"{HEAD}examples_file = 'no.csv'\nexamples_sha256 = ''\n", "utf-8"
    )
    with pytest.raises(InputError) as caught:
        load_statement(tmp_path / "p.toml", graph, "")
    assert caught.value.file == str(tmp_path / "no.csv")


# damage: what is not refused says what a plain reading of the same text says


WHOLE = HEAD.replace("1/8", "0.125") + (
    'clip = [0, 1]\nscale = 0.0625\nindices = [1, 0]\n[[examples]]\nlabel = 1\ninput = [0, 16]\n'
    '[[examples]]\nlabel = 2\ninput = ["4", 3.5]\n'
)  # fmt: skip


def mutants(text: str, count: int, seed: int) -> list[str]:
    """Texts with one or two characters deleted, doubled, exchanged or replaced."""
    source = np.random.default_rng(seed)
    found = []
    for _ in range(count):
        characters = list(text)
        for _ in range(source.integers(1, 3)):
            place = int(source.integers(len(characters) - 1))
            match int(source.integers(4)):
                case 0:
                    del characters[place]
                case 1:
                    characters.insert(place, characters[place])
                case 2:
                    two = slice(place, place + 2)
                    characters[two] = characters[two][::-1]
                case _:
                    characters[place] = str(source.choice(list('0123456789.-+e[]="\n, x')))
        found.append("".join(characters))
    return found


def outcome(read: Callable[[], Statement]) -> Statement | InputError:
    try:
        return read()
    except InputError as error:
        return error


def plainly(text: str) -> list[tuple[int, int, list[Fraction], list[Fraction]]]:
    """Number, label and box of each example, as a TOML reader and Fraction have it."""
    read = tomllib.loads(text, parse_float=str)
    radius, scale = Fraction(read["radius"]), Fraction(read.get("scale", 1))
    low, high = map(Fraction, read["clip"]) if "clip" in read else (None, None)
    found = []
    for number in read.get("indices", range(len(read["examples"]))):
        example = read["examples"][number]
        values = [Fraction(value) * scale for value in example["input"]]
        lower = [v - radius if low is None else max(v - radius, low) for v in values]
        upper = [v + radius if high is None else min(v + radius, high) for v in values]
        found.append((number, example["label"], lower, upper))
    return found


def test_damaged_files_are_refused_by_place_or_mean_what_they_say(
    tmp_path: Path, graph: Graph
) -> None:
    path, refused, read = tmp_path / "p.toml", 0, 0
    for text in mutants(WHOLE, 500, seed=9):
        path.write_text(text, "utf-8")
        found = outcome(lambda: load_statement(path, graph, ""))
        if isinstance(found, InputError):
            assert found.file == str(path)
            assert found.place or found.message.startswith(("not TOML", "the key", "unknown"))
            refused += 1
            continue
        cases = found.property.cases
        boxes = [cases[p.cases[0]] for p in found.points]
        said = [
            (p.number, p.label, list(c.lower), list(c.upper))
            for p, c in zip(found.points, boxes, strict=True)
        ]
        assert said == plainly(text)
        read += 1
    assert (refused + read, refused > 250, read > 15) == (500, True, True)


def test_damaged_lines_are_refused_by_place_or_read(tmp_path: Path, graph: Graph) -> None:
    refused = 0
    for text in mutants(LINES, 500, seed=10):
        found = outcome(partial(stated, tmp_path, graph, "e.csv", text.encode()))
        if isinstance(found, InputError):
            assert found.file in {str(tmp_path / name) for name in ("e.csv", "p.toml")}
            assert found.place
            refused += 1
            continue
        rows = [line.split(",") for line in text.removesuffix("\n").split("\n")]
        assert [point.label for point in found.points] == [int(row[0]) for row in rows]
        for point, row in zip(found.points, rows, strict=True):
            plain = [field.strip() for field in row[1:]]
            for value, field in zip(point.values, plain, strict=True):
                if not field.startswith("b"):
                    assert value == Fraction(field)
    assert refused > 100
