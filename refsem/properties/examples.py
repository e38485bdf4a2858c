"""Examples with labels: in the property file itself, or in a file of its folder with its hash.

    [[examples]]
    label = 3
    input = [0, "1/3", …]       # row-major

or, so that the data are kept once,

    examples_file = "digits.csv"
    examples_sha256 = "…"
    indices = [0, 7]            # optional: these examples only, counted from 0
    scale = "1/16"              # optional: what every number of an input is multiplied by

A `.csv` file has one example a line, its label first, no header; a `.json` file has
`{"format": "refsem.examples.v1", "examples": [{"label": …, "input": […]}]}`. Numbers are exact; of
all of them together the bits are bounded, for few characters may denote many.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from gmpy2 import mpq

from refsem.errors import InputError
from refsem.untrusted.files import read_beside
from refsem.untrusted.numbers import read_finite
from refsem.untrusted.strict_json import Number, Value, parse_json

FORMAT = "refsem.examples.v1"
SIZE_LIMIT = 64 * 2**20
MOST_BITS = 2**31
"""Numerators and denominators of all the numbers have at most so many bits together."""
MOST_DIGITS = 9
"""Labels and indices have at most so many digits."""

KEYS = ("examples", "examples_file", "examples_sha256", "indices", "scale")
"""The keys of a property file that are read here; all of them are optional by themselves."""


@dataclass(slots=True)
class _Room:
    """How many bits the numbers that are still to be read may have."""

    left: int

    def number(self, place: Value, scale: mpq) -> mpq:
        """The number there, times the scale; `InputError` where all before took the room."""
        found = read_finite(place) * scale
        self.left -= found.numerator.bit_length() + found.denominator.bit_length()
        if self.left < 0:
            raise place.error(f"the numbers up to here have more than {MOST_BITS} bits together")
        return found


@dataclass(frozen=True, slots=True)
class Example:
    """One example: its number in the data, the numbers the model is given, and the right class."""

    number: int
    label: int
    values: tuple[mpq, ...]
    place: Value
    """Where its input stands, for complaints about it."""


def read_examples(
    root: Value, members: Mapping[str, Value], inputs: int, outputs: int
) -> list[Example]:
    """The examples that a property file names, in its order; `InputError` where there are none.

    `inputs` and `outputs` are the sizes of the model's: each example has to fit them.
    """
    places = _places(root, members)
    chosen: Sequence[int] = range(len(places))
    if "indices" in members:
        chosen = _indices(members["indices"], len(places))
    scale = read_finite(members["scale"]) if "scale" in members else mpq(1)
    if scale <= 0:
        raise members["scale"].error("a scale is positive")
    if not chosen:
        raise members.get("examples", root).error("no examples")
    room = _Room(MOST_BITS)
    return [_example(number, *places[number], scale, inputs, outputs, room) for number in chosen]


def whole_number(place: Value, below: int, what: str) -> int:
    """The integer from 0 to below - 1 that stands there; `InputError` saying what if it is none."""
    text = place.value.text if isinstance(place.value, Number) else ""
    digits = text.isascii() and text.isdecimal() and len(text) <= MOST_DIGITS
    if not digits or int(text) >= below:
        raise place.error(f"expected the number of {what}, from 0 to {below - 1}")
    return int(text)


def _example(
    number: int, label: Value, values: Value, scale: mpq, inputs: int, outputs: int, room: _Room
) -> Example:
    right = whole_number(label, outputs, "an output")
    places = _numbers(values)
    if len(places) != inputs:
        raise values.error(f"{len(places)} numbers for a model of {inputs} inputs")
    return Example(number, right, tuple(room.number(item, scale) for item in places), values)


def _numbers(values: Value) -> list[Value]:
    """The numbers of an input: elements of a list, or fields of a line."""
    if not isinstance(values.value, _Fields):
        return values.items()
    fields = enumerate(values.value.texts, start=2)
    return [Value(values.file, f"{values.path}, field {n}", text) for n, text in fields]


@dataclass(frozen=True, slots=True)
class _Fields:
    """The fields of a line after the first, as they stand there."""

    texts: tuple[str, ...]


def _places(root: Value, members: Mapping[str, Value]) -> list[tuple[Value, Value]]:
    """Where label and input of each example stand."""
    if "examples" in members:
        for key in ("examples_file", "examples_sha256"):
            if key in members:
                raise members[key].error("the examples stand in this file")
        return _listed(members["examples"])
    name = root.member("examples_file")
    file, data = read_beside(name, root.member("examples_sha256"), SIZE_LIMIT)
    if file.lower().endswith(".csv"):
        return _lines(file, data)
    if not file.lower().endswith(".json"):
        raise name.error("expected the name of a .csv or .json file")
    found = parse_json(file, data).members(("format", "examples"), ())
    if found["format"].text() != FORMAT:
        raise found["format"].error(f"expected {FORMAT!r}")
    return _listed(found["examples"])


def _listed(place: Value) -> list[tuple[Value, Value]]:
    parts = [example.members(("label", "input"), ()) for example in place.items()]
    return [(part["label"], part["input"]) for part in parts]


def _lines(file: str, data: bytes) -> list[tuple[Value, Value]]:
    """The lines of a CSV file; that the last ends is optional."""
    try:
        lines = data.decode("ascii").split("\n")
    except UnicodeDecodeError as error:
        raise InputError(file, f"byte {error.start}", "not ASCII text") from None
    if lines[-1] == "":
        lines.pop()
    return [_line(file, number, line) for number, line in enumerate(lines, start=1)]


def _line(file: str, number: int, line: str) -> tuple[Value, Value]:
    label, *rest = (field.strip() for field in line.split(","))
    place = f"line {number}"
    return (
        Value(file, f"{place}, field 1", Number(label)),
        Value(file, place, _Fields(tuple(rest))),
    )


def _indices(place: Value, count: int) -> list[int]:
    """The examples asked for, each once."""
    found: list[int] = []
    known: set[int] = set()
    for item in place.items():
        index = whole_number(item, count, "an example")
        if index in known:
            raise item.error(f"example {index} stands here twice")
        found.append(index)
        known.add(index)
    if not found:
        raise place.error("no examples")
    return found
