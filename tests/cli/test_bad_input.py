"""Bad input of every kind: exit status 3, one line on standard error, nothing else anywhere."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import builders
import pytest
from claim_files import write_property
from command_line import Command, Files, Run
from onnx import helper

MODEL = {
    "a missing file": ("absent.onnx", None, "no such file"),
    "an empty file": ("m.onnx", b"", "the file is empty"),
    "a text file": ("m.onnx", b"This is not a network.\n", ""),
    "another suffix": (
        "m.txt",
        b"x",
        "is not a model file: .onnx, .onnx.gz, .pt2 or .json expected",
    ),
    "a broken gzip file": ("m.onnx.gz", b"\x1f\x8b\x08junk", "is not a complete gzip file"),
}


def refused(run: Run, *parts: object) -> None:
    """The run was refused, in one line that has these parts in this order."""
    assert run.status == 3
    assert run.out == ""
    assert run.err.startswith("refsem: ")
    assert run.err.endswith("\n")
    assert run.err.count("\n") == 1
    assert run.err.strip().isprintable()
    place = 0
    for part in parts:
        assert str(part) in run.err[place:]
        place = run.err.index(str(part), place) + len(str(part))


def audit(refsem: Command, files: Files, **changed: object) -> Run:
    """An audit of good files with some of them changed; it must leave no ledger behind."""
    before = sorted(os.listdir(files.folder))  # noqa: PTH208  hidden files too
    given: dict[str, object] = {
        "model": files.model,
        "property": files.properties["holds"],
        "bounds": files.bounds["sound"],
        **changed,
    }
    ledger = files.folder / "ledger.jsonl"
    run = refsem(
        *("audit", given["model"], given["property"], "--bounds", given["bounds"]),
        *("--ledger", ledger, "--json"),
    )
    assert sorted(os.listdir(files.folder)) == before  # noqa: PTH208  hidden files too
    return run


# models


def test_an_operator_without_bound_rules(refsem: Command, files: Files) -> None:
    """It is read, shown and evaluated; an audit names the tensor and the operator."""
    nodes = [helper.make_node("PRelu", ["X", "X"], ["Y"], "bent")]
    path = files.folder / "bent.onnx"
    builders.save(path, nodes, {}, {"X": [1, 1]}, {"Y": [1, 1]})
    refused(
        audit(refsem, files, model=path),
        f"{path}: tensor 'Y': no bound rule yet for prelu whose slope is a variable tensor",
    )
    shown = refsem("show", path)
    assert shown.status == 0
    path.unlink()


@pytest.mark.parametrize("name", MODEL)
def test_a_model_that_is_none(refsem: Command, files: Files, name: str) -> None:
    file, content, message = MODEL[name]
    path = files.folder / file
    if content is not None:
        path.write_bytes(content)
    refused(audit(refsem, files, model=path), path, message)
    refused(refsem("show", path), path, message)


@pytest.mark.parametrize("length", [1, 10, 100, -100, -10, -1])
def test_a_truncated_model(refsem: Command, files: Files, length: int) -> None:
    path = files.folder / "truncated.onnx"
    path.write_bytes(files.model.read_bytes()[:length])
    refused(audit(refsem, files, model=path), path)


def test_a_folder_for_a_model(refsem: Command, files: Files) -> None:
    path = files.folder / "folder.onnx"
    path.mkdir()
    refused(audit(refsem, files, model=path), path, "is a directory, not a model file")


def test_an_unsupported_operator_is_named(refsem: Command, files: Files) -> None:
    node = helper.make_node("Det", ["x"], ["y"], "squash")
    path = builders.save(files.folder / "s.onnx", [node], {}, {"x": [1, 1]}, {"y": [1, 1]})
    refused(audit(refsem, files, model=path), path, "node 'squash' (Det, opset 13)")


def test_shared_models_and_properties_that_do_not_belong_together(
    refsem: Command, data: Path
) -> None:
    folder = data / "networks"
    model = folder / "acasxu/ACASXU_run2a_1_1_batch_2000.onnx"
    wanted = folder / "mnist_fc/prop_0_0.03.vnnlib"
    refused(refsem("audit", model, wanted), wanted, "the property has 784 inputs")


# properties


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("p.toml", "", "the key 'format' is missing"),
        ("p.txt", "", "a property file ends in .vnnlib or .vnnlib.gz"),
        ("p.vnnlib", "", ""),
        ("p.vnnlib", "(assert (<= X_0 1)", ""),
        ("p.vnnlib", "(declare-const X_0 Real)\n(check-sat)", ""),
        ("p.vnnlib", "\x00", ""),
    ],
)
def test_a_property_that_is_none(
    refsem: Command, files: Files, name: str, content: str, message: str
) -> None:
    path = files.folder / name
    path.write_text(content)
    refused(audit(refsem, files, property=path), path, message)


def test_a_missing_property(refsem: Command, files: Files) -> None:
    path = files.folder / "absent.vnnlib"
    refused(audit(refsem, files, property=path), path, "No such file or directory")


def test_a_property_of_another_network(refsem: Command, files: Files) -> None:
    path = write_property(files.folder / "p.vnnlib", ["0"] * 5, ["1"] * 5, "(assert (<= Y_0 0))")
    message = "the property has 5 inputs, the network's 'x' has 1"
    refused(audit(refsem, files, property=path), path, message)


# bounds files


Edit = Callable[[dict[str, Any]], object]


def swap(document: dict[str, Any]) -> None:
    box = document["tensors"]["relu_1"]
    box["lower"], box["upper"] = box["upper"], box["lower"]


def rename(document: dict[str, Any]) -> None:
    document["tensors"]["y\nrefsem: all is well\x1b[2K"] = document["tensors"].pop("y")


BOUNDS: dict[str, tuple[Edit, str]] = {
    "a swapped pair": (swap, "tensors.relu_1.lower[0]: lies above the upper bound of this entry"),
    "a wrong length": (
        lambda d: d["tensors"]["relu_1"]["upper"].append("1"),
        "tensors.relu_1.upper: 3 numbers; the tensor has 2 entries",
    ),
    "NaN": (
        lambda d: d["tensors"]["y"].update(lower=["b32:7fc00000"]),
        "tensors.y.lower[0]: NaN bounds nothing",
    ),
    "NaN as JSON": (lambda d: d.update(epsilon=float("nan")), "NaN is not JSON"),
    "an unknown key": (lambda d: d.update(epsilon="0.1"), "epsilon: unknown key; expected format"),
    "a missing key": (lambda d: d.pop("input"), "the key 'input' is missing"),
    "another model": (
        lambda d: d.update(model_sha256="0" * 64),
        "model_sha256: is of another model; this one's is ",
    ),
    "an unknown tensor": (
        lambda d: d["tensors"].update(z=d["tensors"]["y"]),
        "tensors.z: the network has no such tensor",
    ),
    "a tensor with a name to deceive": (
        rename,
        r"tensors.y\nrefsem: all is well\x1b[2K: the network has no such tensor",
    ),
}


@pytest.mark.parametrize("name", BOUNDS)
def test_a_bounds_file_with_a_defect(refsem: Command, files: Files, name: str) -> None:
    edit, message = BOUNDS[name]
    document = json.loads(files.bounds["sound"].read_text())
    edit(document)
    path = files.folder / "edited.json"
    path.write_text(json.dumps(document))
    refused(audit(refsem, files, bounds=path), path, message)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "line 1, column 1: not JSON: Expecting value"),
        (b"\xff", "byte 0: not UTF-8 text"),
        (b"[" * 100_000, "nested deeper than 64"),
        (b"{}", "the key 'format' is missing"),
    ],
)
def test_a_bounds_file_that_is_none(
    refsem: Command, files: Files, content: bytes, message: str
) -> None:
    path = files.folder / "b.json"
    path.write_bytes(content)
    refused(audit(refsem, files, bounds=path), path, message)


def test_a_missing_bounds_file_and_a_folder(refsem: Command, files: Files) -> None:
    path = files.folder / "absent.json"
    refused(audit(refsem, files, bounds=path), path, "No such file or directory")
    refused(audit(refsem, files, bounds=files.folder), files.folder, "is a directory")


# where the ledger cannot be written


@pytest.mark.parametrize("place", ["absent/ledger", "", "model.onnx/ledger"])
def test_an_unwritable_ledger(refsem: Command, files: Files, place: str) -> None:
    path = files.folder / place
    run = refsem("audit", files.model, files.properties["holds"], "--ledger", path)
    refused(run, path)


def test_a_ledger_in_place_of_a_device(refsem: Command, files: Files) -> None:
    path = files.folder / "pipe"
    os.mkfifo(path)
    run = refsem("audit", files.model, files.properties["holds"], "--ledger", path)
    refused(run, path, "is not a regular file")
    assert path.is_fifo()


# what is not supported, and usage


@pytest.mark.parametrize(
    ("arguments", "option"),
    [
        (["--network", "binary32"], "--network binary32"),
    ],
)
def test_an_option_of_a_later_version_is_refused_by_name(
    refsem: Command, files: Files, arguments: list[str], option: str
) -> None:
    run = refsem("audit", files.model, files.properties["holds"], *arguments)
    refused(run, f"refsem: {option}: is not supported yet")
    assert not (Path.cwd() / arguments[-1]).exists()


USAGE = {
    "no command": ([], "Missing command"),
    "an unknown command": (["frobnicate"], "No such command 'frobnicate'"),
    "no model": (["audit"], "Missing argument 'MODEL'"),
    "no property": (["audit", "m.onnx"], "Missing argument 'PROPERTY'"),
    "too many arguments": (["audit", "a", "b", "c"], "unexpected extra argument (c)"),
    "an unknown option": (["audit", "a", "b", "--fast"], "No such option '--fast'"),
    "an unknown method": (["audit", "a", "b", "--method", "magic"], "'magic' is not one of"),
    "an option without its value": (["audit", "a", "b", "--bounds"], "'--bounds' requires an arg"),
    "seconds that are none": (
        ["audit", "a", "b", "--branch", "soon"],
        "'soon' is not a valid float",
    ),
    "no seconds at all": (["audit", "a", "b", "--branch", "0"], "0.0 is not in the range"),
    "seconds without end": (["audit", "a", "b", "--branch", "inf"], "inf is not in the range"),
    "seconds that are no number": (["audit", "a", "b", "--branch", "nan"], "--branch: nan"),
    "an unknown rule": (["rules", "no_such_rule"], "no_such_rule: there is no such rule"),
    "a rule file that is missing": (["rules", "absent.py"], "absent.py"),
    "a model that is missing": (["show", "absent.onnx"], "absent.onnx: no such file"),
}


@pytest.mark.parametrize("name", USAGE)
def test_a_mistake_in_usage(refsem: Command, name: str) -> None:
    arguments, message = USAGE[name]
    run = refsem(*arguments)
    if arguments and arguments[-1].endswith(".py"):
        run = Run(run.status, run.out, "".join(run.err.splitlines(keepends=True)[1:]))
    refused(run, message)


def test_a_line_break_in_a_file_name_stays_one_line(refsem: Command, files: Files) -> None:
    run = refsem("audit", files.folder / "a\nb.onnx", files.properties["holds"])
    refused(run, r"a\nb.onnx: no such file")


@pytest.mark.parametrize(
    "arguments", [["--help"], ["audit", "-h"], ["rules", "--help"], ["--version"]]
)
def test_asking_for_help_is_no_mistake(refsem: Command, arguments: list[str]) -> None:
    run = refsem(*arguments)
    assert (run.status, run.err) == (0, "")
    assert run.out
