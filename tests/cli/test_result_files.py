"""VNN-COMP's result files: one word, and points that, read back, meet the unsafe set exactly."""

import re
from fractions import Fraction
from pathlib import Path

import builders
import pytest
from claim_files import write_property
from command_line import Command, Files

TOLERANCE = Fraction(1, 10_000)


def read(path: Path) -> tuple[str, dict[str, Fraction]]:
    """The word, and the values by name."""
    word, _, rest = path.read_text("utf-8").partition("\n")
    pairs = re.findall(r"\(([XY]_[0-9]+) (\(/ -?[0-9]+ [0-9]+\)|-?[0-9.]+)\)", rest)
    again = "(" + "\n".join(f"({name} {value})" for name, value in pairs) + ")\n"
    assert rest == (again if pairs else "")
    return word, {name: number(value) for name, value in pairs}


def number(text: str) -> Fraction:
    if text.startswith("(/"):
        _, above, below = text.strip("()").split()
        return Fraction(int(above), int(below))
    return Fraction(text)


def written(refsem: Command, model: Path, wanted: Path, *options: object) -> Path:
    result = wanted.with_suffix(".txt")
    refsem("audit", model, wanted, "--write-result", result, *options)
    return result


def both(result: Path) -> tuple[str, str]:
    return read(result)[0], read(result.with_name(result.name + ".tolerant"))[0]


@pytest.mark.parametrize(
    ("bound", "words"),
    [
        ("2", ("unsat", "unsat")),
        ("1.1", ("unsat", "unsat")),
        ("1.00015", ("unsat", "sat")),
        ("1.00000000001", ("unsat", "sat")),
        ("1", ("sat", "sat")),
        ("0.999999", ("sat", "sat")),
    ],
)
def test_words_and_points_of_both_verdicts(
    refsem: Command, files: Files, bound: str, words: tuple[str, str]
) -> None:
    """y = |x| over [-1, 1/3], unsafe where it is at least the bound."""
    wanted = write_property(
        files.folder / "p.vnnlib", ["-1"], ["(/ 1 3)"], f"(assert (>= Y_0 {bound}))"
    )
    result = written(refsem, files.model, wanted, "--branch", "20")
    assert both(result) == words
    for path, slack in ((result, Fraction(0)), (Path(f"{result}.tolerant"), TOLERANCE)):
        word, values = read(path)
        if word == "sat":
            assert set(values) == {"X_0", "Y_0"}
            assert -1 - slack <= values["X_0"] <= Fraction(1, 3) + slack
            assert values["Y_0"] == abs(values["X_0"]) >= Fraction(bound) - slack


def test_a_point_without_a_decimal_is_written_as_a_quotient(refsem: Command, files: Files) -> None:
    unsafe = "(assert (and (<= Y_0 0.34) (>= (* 3 X_0) 1)))"
    wanted = write_property(files.folder / "p.vnnlib", ["-1"], ["(/ 1 3)"], unsafe)
    result = written(refsem, files.model, wanted)
    assert read(result) == ("sat", {"X_0": Fraction(1, 3), "Y_0": Fraction(1, 3)})
    assert "(/ 1 3)" in result.read_text()


def test_undecided_is_unknown_and_late_is_timeout(refsem: Command, tmp_path: Path) -> None:
    layers = builders.random_layers((4, 20, 20, 1), seed=3, kind="binary32")
    model = builders.sequential(tmp_path / "m.onnx", layers)
    wanted = write_property(tmp_path / "p.vnnlib", ["-1"] * 4, ["1"] * 4, "(assert (<= Y_0 -40))")
    assert both(written(refsem, model, wanted, "--method", "ibp")) == ("unknown", "unknown")
    late = written(refsem, model, wanted, "--method", "ibp", "--branch", "0.000001")
    assert both(late) == ("timeout", "timeout")


def test_values_are_plain_decimals_of_many_digits(refsem: Command, tmp_path: Path) -> None:
    layers = builders.random_layers((2, 6, 6, 2), seed=1, kind="binary32")
    model = builders.sequential(tmp_path / "m.onnx", layers)
    box = ["-0.30000000000000000001", "0.1"], ["0.7", "0.9"]
    unsafe = "(assert (<= Y_0 1000))"
    wanted = write_property(tmp_path / "p.vnnlib", *box, unsafe, outputs=2)
    result = written(refsem, model, wanted)
    word, values = read(result)
    assert (word, len(values)) == ("sat", 4)
    assert "e" not in result.read_text().lower()
    assert [values["Y_0"], values["Y_1"]] == list(evaluated(layers, values))


def evaluated(layers: tuple[builders.Layer, ...], values: dict[str, Fraction]) -> list[Fraction]:
    """The network's outputs, one rational at a time."""
    found = [values["X_0"], values["X_1"]]
    for index, (matrix, bias) in enumerate(layers):
        weights = [[Fraction(float(w)) for w in column] for column in matrix.T]
        constants = [Fraction(float(b)) for b in bias]
        found = [
            sum((w * x for w, x in zip(row, found, strict=True)), c)
            for row, c in zip(weights, constants, strict=True)
        ]
        if index < len(layers) - 1:
            found = [max(value, Fraction(0)) for value in found]
    return found
