"""Whatever the propagation cannot use is refused in one line, with status 3 and no file."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import builders
import numpy as np
import onnx
import pytest
from numpy.typing import NDArray
from onnx import helper


def write_property(path: Path, lower: list[str], upper: list[str], outputs: int) -> Path:
    lines = [f"(declare-const X_{i} Real)" for i in range(len(lower))]
    lines += [f"(declare-const Y_{j} Real)" for j in range(outputs)]
    for i, (low, high) in enumerate(zip(lower, upper, strict=True)):
        lines.append(f"(assert (and (>= X_{i} {low}) (<= X_{i} {high})))")
    path.write_text("\n".join([*lines, "(assert (<= Y_0 0))", ""]))
    return path


def good(folder: Path) -> tuple[Path, Path]:
    layers = builders.random_layers((2, 3, 1), seed=0, kind="integer")
    model = builders.sequential(folder / "m.onnx", layers)
    return model, write_property(folder / "p.vnnlib", ["0", "0"], ["1", "1"], 1)


def one_node(
    folder: Path, operator: str, operands: list[str], **constants: NDArray[np.generic]
) -> Path:
    node = helper.make_node(operator, operands, ["y"], "node")
    return builders.save(folder / "m.onnx", [node], constants, {"x": [1, 2]}, {"y": [1, 1]})


def residual(folder: Path) -> Path:
    first, inner, last = builders.random_layers((2, 3, 3, 1), seed=0, kind="binary32")
    return builders.residual(folder / "m.onnx", first, inner, last)


def external(folder: Path) -> Path:
    model = onnx.load(good(folder)[0])
    model.graph.initializer[0].data_location = onnx.TensorProto.EXTERNAL
    model.graph.initializer[0].external_data.add(key="location", value="m.bin")
    (folder / "m.onnx").write_bytes(model.SerializeToString())
    return folder / "m.onnx"


def sparse_constant(folder: Path) -> Path:
    stored = helper.make_node("Constant", [], ["c"], "stored", value_floats=[1.0])
    node = helper.make_node("Add", ["x", "c"], ["y"], "node")
    return builders.save(folder / "m.onnx", [stored, node], {}, {"x": [1, 2]}, {"y": [1, 2]})


def written(name: str, content: bytes) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        (folder / name).write_bytes(content)
        return folder / name

    return make


def truncated(folder: Path) -> Path:
    content = good(folder)[0].read_bytes()
    (folder / "m.onnx").write_bytes(content[: len(content) // 2])
    return folder / "m.onnx"


def unlinked(folder: Path) -> Path:
    nodes = [helper.make_node("Relu", ["x"], ["y"]), helper.make_node("Relu", ["y"], ["z"])]
    return builders.save(folder / "m.onnx", nodes, {}, {"x": [1, 2]}, {"y": [1, 2]})


DOUBLE = np.eye(2, dtype=np.float64)
SINGLE = np.eye(2, dtype=np.float32)
LONG = np.ones((5, 1), np.float32)
HUGE = np.full((2, 1), 3e38, np.float32)
BAD_MODELS: dict[str, tuple[Callable[[Path], Path], str]] = {
    "missing": (lambda folder: folder / "absent.onnx", "absent.onnx"),
    "a folder": (lambda folder: folder, "Is a directory"),
    "text": (written("m.onnx", b"hello, world\n"), "not an ONNX file"),
    "empty": (written("m.onnx", b""), "not a network"),
    "truncated": (truncated, "not an ONNX file"),
    "operator": (lambda f: one_node(f, "Sigmoid", ["x"]), "Sigmoid node: operator Sigmoid"),
    "residual": (residual, "Add node_sum: not a chain"),
    "both operands": (lambda f: one_node(f, "Add", ["x", "x"]), "not a chain"),
    "variable bias": (
        lambda f: one_node(f, "Gemm", ["a", "b", "x"], a=SINGLE, b=SINGLE), "not a chain",
    ),
    "float64": (lambda f: one_node(f, "MatMul", ["x", "w"], w=DOUBLE), "w is float64"),
    "shapes": (lambda f: one_node(f, "MatMul", ["x", "w"], w=LONG), "MatMul node: "),
    "overflow": (lambda f: one_node(f, "MatMul", ["x", "w"], w=HUGE), "no bound"),
    "external data": (external, "not a tensor stored in the model file"),
    "constant by value_floats": (sparse_constant, "not a tensor stored"),
    "output in the middle": (unlinked, "y: this output is not the last node's"),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD_MODELS)
def test_a_bad_model_is_one_line_and_status_3(
    numpy_ibp: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str], case: str
) -> None:
    make, expected = BAD_MODELS[case]
    wanted = write_property(tmp_path / "p.vnnlib", ["1", "1"], ["4", "4"], 1)
    refused(numpy_ibp, [make(tmp_path), wanted, tmp_path / "out.json"], expected, capsys)
    assert not (tmp_path / "out.json").exists()


BAD_PROPERTIES: dict[str, tuple[Callable[[Path], Path], str]] = {
    "missing": (lambda folder: folder / "absent.vnnlib", "absent.vnnlib"),
    "text": (written("p.vnnlib", b"hello"), "p.vnnlib"),
    "another suffix": (written("p.txt", b""), "p.txt"),
    "another network": (
        lambda f: write_property(f / "p.vnnlib", ["0"], ["1"], 1), "1 inputs, but",
    ),
    "another network's outputs": (
        lambda f: write_property(f / "p.vnnlib", ["0", "0"], ["1", "1"], 2), "2 outputs, but",
    ),
    "outside float32": (
        lambda f: write_property(f / "p.vnnlib", ["0", "0"], ["1", "1e39"], 1), "outside the range",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD_PROPERTIES)
def test_a_bad_property_is_one_line_and_status_3(
    numpy_ibp: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str], case: str
) -> None:
    make, expected = BAD_PROPERTIES[case]
    model, _ = good(tmp_path)
    refused(numpy_ibp, [model, make(tmp_path), tmp_path / "out.json"], expected, capsys)
    assert not (tmp_path / "out.json").exists()


def refused(
    numpy_ibp: ModuleType,
    arguments: list[Path],
    expected: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert numpy_ibp.main([str(one) for one in arguments]) == 3
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 1
    assert expected in captured.err


@pytest.mark.parametrize(
    "arguments", [[], ["m"], ["m", "p"], ["m", "p", "o", "q"], ["m", "p", "o", "--inward"]]
)
def test_bad_arguments_are_one_line_and_status_3(
    numpy_ibp: ModuleType, capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    refused(numpy_ibp, [Path(one) for one in arguments], "", capsys)


def test_an_output_that_cannot_be_written_is_one_line_and_status_3(
    numpy_ibp: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model, wanted = good(tmp_path)
    refused(numpy_ibp, [model, wanted, tmp_path / "no" / "out.json"], "No such file", capsys)


def test_the_script_itself_writes_a_file_and_exits_0(digits: Path, tmp_path: Path) -> None:
    model, wanted = good(tmp_path)
    script, out = digits.parent / "numpy_ibp.py", tmp_path / "out.json"
    done = subprocess.run(
        [sys.executable, script, model, wanted, out], check=False, capture_output=True, text=True
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    document = json.loads((tmp_path / "out.json").read_text())
    assert list(document["tensors"]) == ["hidden_1", "relu_1", "y"]
    assert document["input"] == {"lower": ["b32:00000000"] * 2, "upper": ["b32:3f800000"] * 2}
