"""Programs of torch.export: values beside torch's own, no argument dropped, wrong files refused.

The programs were exported by torch (`make_torch_programs.py`), which is not needed here.
"""

import io
import json
import zipfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from gmpy2 import mpq

from refsem.cli import main
from refsem.errors import InputError
from refsem.exact import ExactTensor
from refsem.ir import Graph, load_model
from refsem.ir.evaluation import prepare
from refsem.ir.graph_enclosures import enclose_graph
from refsem.ir.graph_file import graph_object
from refsem.ir.torch_operators import TARGETS
from refsem.ir.torch_reader import read_torch
from refsem.untrusted.archives import Archive

FOLDER = Path(__file__).parent / "torch_programs"
PROGRAMS = sorted(path.stem for path in FOLDER.glob("*.pt2"))
LIMIT = 2**20
MODEL, WEIGHTS = "models/model.json", "data/weights/model_weights_config.json"

Parts = dict[str, bytes]


def parts_of(name: str) -> Parts:
    with zipfile.ZipFile(FOLDER / f"{name}.pt2") as archive:
        return {one.partition("/")[2]: archive.read(one) for one in archive.namelist()}


def archive_of(parts: Parts) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for path, content in parts.items():
            archive.writestr(f"program/{path}", content)
    return file.getvalue()


def values(graph: Graph, name: str) -> list[tuple[mpq, mpq]]:
    """Ends of every output entry at the stated inputs."""
    stated = json.loads((FOLDER / f"{name}.json").read_text(encoding="ascii"))
    given = {}
    for own, row in zip(graph.inputs, stated["inputs"], strict=True):
        value = ExactTensor.from_rationals([mpq(Fraction(x)) for x in row], (1, len(row)))
        given[own] = value, value
    found = enclose_graph(prepare(graph), given, 90)
    return [
        ends
        for output in graph.outputs
        for ends in zip(*(end.rationals() for end in found[output]), strict=True)
    ]


def expected(name: str) -> list[float]:
    stated = json.loads((FOLDER / f"{name}.json").read_text(encoding="ascii"))
    return [value for row in stated["outputs"] for value in row]


@pytest.mark.parametrize("name", PROGRAMS)
def test_programs_mean_what_torch_computes(name: str) -> None:
    graph = load_model(FOLDER / f"{name}.pt2")
    ours, theirs = values(graph, name), expected(name)
    assert len(ours) == len(theirs)
    for (lower, upper), value in zip(ours, theirs, strict=True):
        assert upper - lower < mpq(1, 10**20)
        assert abs(lower - mpq(Fraction(value))) < mpq(1, 10**12) * (1 + abs(lower))


def nodes_of(name: str) -> Iterator[dict[str, Any]]:
    program = json.loads(parts_of(name)[MODEL])
    yield from program["graph_module"]["graph"]["nodes"]


def test_every_operator_is_in_a_program() -> None:
    used = {node["target"] for name in PROGRAMS for node in nodes_of(name)}
    assert {f"torch.ops.aten.{target}" for target in TARGETS} <= used


WITHOUT_EFFECT = {
    ("batch_norm.default", "momentum"),
    ("batch_norm.default", "cudnn_enabled"),
    ("layer_norm.default", "cudnn_enable"),
    ("dropout.default", "p"),
}


def changed(argument: dict[str, Any]) -> dict[str, Any] | None:
    """Another value of an argument that is no tensor; None where there is none."""
    ((form, value),) = argument.items()
    match form:
        case "as_int":
            return {form: value + 1}
        case "as_float":
            return {form: value + 0.25}
        case "as_bool":
            return {form: not value}
        case "as_ints" if value:
            return {form: [value[0] + 1, *value[1:]]}
        case "as_string":
            return {form: "other"}
        case _:
            return None


@pytest.mark.parametrize("name", PROGRAMS)
def test_no_argument_is_dropped(name: str) -> None:
    """Another value of any argument is refused, or makes another program."""
    parts, right = parts_of(name), graph_object(load_model(FOLDER / f"{name}.pt2"))
    for place, node in enumerate(nodes_of(name)):
        for number, entry in enumerate(node["inputs"]):
            other = changed(entry["arg"])
            target = node["target"].removeprefix("torch.ops.aten.")
            if other is None or (target, entry["name"]) in WITHOUT_EFFECT:
                continue
            program = json.loads(parts[MODEL])
            inputs = program["graph_module"]["graph"]["nodes"][place]["inputs"]
            inputs[number]["arg"] = other
            data = archive_of(parts | {MODEL: json.dumps(program).encode()})
            try:
                found = graph_object(read_torch(data, "f.pt2", LIMIT))
            except InputError:
                continue
            assert found != right, (target, entry)


def edited(path: str, edit: Callable[[Any], None]) -> Parts:
    parts = parts_of("signals")
    document = json.loads(parts[path])
    edit(document)
    return parts | {path: json.dumps(document).encode()}


def graph_of(program: Any) -> Any:  # noqa: ANN401  JSON
    return program["graph_module"]["graph"]


def rename(program: Any) -> None:  # noqa: ANN401
    graph_of(program)["nodes"][0]["target"] = "torch.ops.aten.frobnicate.default"


def extend(program: Any) -> None:  # noqa: ANN401
    more = {"name": "zest", "arg": {"as_int": 1}, "kind": 1}
    graph_of(program)["nodes"][0]["inputs"].append(more)


def widen(program: Any) -> None:  # noqa: ANN401
    graph_of(program)["tensor_values"]["x"]["sizes"][0] = {"as_expr": {"expr_str": "s0"}}


def retype(program: Any) -> None:  # noqa: ANN401
    graph_of(program)["tensor_values"]["x"]["dtype"] = 8


def reshape(program: Any) -> None:  # noqa: ANN401
    graph_of(program)["tensor_values"]["conv1d"]["sizes"][2] = {"as_int": 7}


def argument(target: str, name: str, value: object) -> Callable[[Any], None]:
    """The change of an argument of the first call of an operator."""

    def change(program: Any) -> None:  # noqa: ANN401
        nodes = graph_of(program)["nodes"]
        node = next(one for one in nodes if one["target"] == f"torch.ops.aten.{target}")
        (found,) = (one for one in node["inputs"] if one["name"] == name)
        found["arg"] = value

    return change


BEYOND = {
    "an axis beyond": ("permute.default", "dims", {"as_ints": [5, 0, 1]}, "there is no axis 5"),
    "an axis twice": ("permute.default", "dims", {"as_ints": [2, 2, 1]}, "is no order of 3 axes"),
    "no length": ("expand.default", "size", {"as_ints": [-1, 2, 6]}, "as [-1, 2, 6]"),
}


@pytest.mark.parametrize("what", BEYOND)
def test_axes_that_are_not_there_are_refused(what: str) -> None:
    target, name, value, message = BEYOND[what]
    parts = parts_of("shapes")
    program = json.loads(parts[MODEL])
    argument(target, name, value)(program)
    data = archive_of(parts | {MODEL: json.dumps(program).encode()})
    with pytest.raises(InputError) as caught:
        read_torch(data, "f.pt2", LIMIT)
    assert message in caught.value.message


def mutate(program: Any) -> None:  # noqa: ANN401
    outputs = program["graph_module"]["signature"]["output_specs"]
    outputs[0] = {"buffer_mutation": {"arg": {"name": "x"}, "buffer_name": "b"}}


def first(weights: Any) -> Any:  # noqa: ANN401
    return weights["config"]["conv.weight"]


def lengths(*values: int) -> list[dict[str, int]]:
    return [{"as_int": value} for value in values]


WRONG: dict[str, tuple[Parts | bytes, str]] = {
    "no archive": (b"PK nothing", "is not a complete zip archive"),
    "another archive": ({"readme": b""}, "has no models/model.json"),
    "no weights": (
        {k: v for k, v in parts_of("signals").items() if k != WEIGHTS},
        "is missing in the archive",
    ),
    "cut weights": (parts_of("signals") | {"data/weights/weight_0": b"1234"}, "bytes, not 4"),
    "big endian": (parts_of("signals") | {"byteorder": b"big"}, "'little' was expected"),
    "another schema": (
        edited(MODEL, lambda p: p["schema_version"].update(major=9)),
        "schema version 8 was expected",
    ),
    "a pickle": (
        edited(WEIGHTS, lambda w: first(w).update(use_pickle=True)),
        "a pickle is code: it is not read",
    ),
    "a way out": (
        edited(WEIGHTS, lambda w: first(w).update(path_name="../../etc/passwd")),
        "a file name was expected",
    ),
    "transposed": (
        edited(WEIGHTS, lambda w: first(w)["tensor_meta"]["strides"].reverse()),
        "not laid out row-major",
    ),
    "huge and empty": (
        edited(WEIGHTS, lambda w: first(w)["tensor_meta"].update(sizes=lengths(0, 2**39, 2**39))),
        "entries; at most",
    ),
    "many dimensions": (
        edited(WEIGHTS, lambda w: first(w)["tensor_meta"].update(sizes=lengths(*[1] * 65))),
        "65 dimensions; at most",
    ),
    "unknown operator": (edited(MODEL, rename), "frobnicate.default is not supported"),
    "unknown argument": (edited(MODEL, extend), "zest of conv1d.default is not supported"),
    "dynamic shape": (edited(MODEL, widen), "a dynamic shape"),
    "another type": (edited(MODEL, retype), "'x' is no float32 tensor"),
    "another shape": (edited(MODEL, reshape), "another one is stated"),
    "changed buffer": (edited(MODEL, mutate), "an output that is a changed buffer"),
    "no JSON": (parts_of("signals") | {MODEL: b"{"}, "not JSON"),
    "a missing key": (
        edited(MODEL, lambda p: p.pop("graph_module")),
        "the key 'graph_module' is missing",
    ),
}


@pytest.mark.parametrize("what", WRONG)
def test_wrong_files_are_3_and_one_line(
    what: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    content, message = WRONG[what]
    path = tmp_path / "f.pt2"
    path.write_bytes(content if isinstance(content, bytes) else archive_of(content))
    assert main(["show", str(path)]) == 3
    shown = capsys.readouterr()
    assert (shown.out, shown.err.count("\n")) == ("", 1)
    assert message in shown.err


def test_an_archive_whose_names_are_no_text_is_refused() -> None:
    """A flag says UTF-8 and the bytes are none: found by mutants, once a traceback."""
    data = archive_of(parts_of("signals") | {"data/é": b""})
    with pytest.raises(InputError, match="is not a complete zip archive: 'utf-8' codec"):
        read_torch(data.replace("é".encode(), b"\xff\xff"), "f", LIMIT)


def test_a_file_of_weights_is_unpacked_once(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    read = Archive.read

    def noted(self: Archive, name: str) -> bytes:
        asked.append(name)
        return read(self, name)

    monkeypatch.setattr(Archive, "read", noted)
    same = edited(WEIGHTS, lambda w: w["config"].update({f"w{i}": first(w) for i in range(50)}))
    with suppress(InputError):  # weights that the program does not know may be refused, or not
        read_torch(archive_of(same), "f.pt2", LIMIT)
    weights = [name for name in asked if "/data/weights/weight" in name]
    assert weights
    assert len(weights) == len(set(weights))


def test_many_weights_of_few_bytes_are_bounded() -> None:
    def repeat(stated: Any) -> None:  # noqa: ANN401
        first(stated)["tensor_meta"].update(sizes=lengths(10_000), strides=lengths(1))
        stated["config"].update({f"w{i}": first(stated) for i in range(60)})

    data = archive_of(edited(WEIGHTS, repeat) | {"data/weights/weight_0": bytes(40_000)})
    with pytest.raises(InputError, match="at most 2097152 are read"):
        read_torch(data, "f.pt2", LIMIT)


def test_what_unpacks_to_too_much_is_not_unpacked() -> None:
    data = archive_of(parts_of("signals") | {"data/weights/more": b"\0" * LIMIT})
    with pytest.raises(InputError, match="at most 1048576 are read"):
        read_torch(data, "f.pt2", LIMIT)


def test_cut_files_are_refused() -> None:
    whole = (FOLDER / "signals.pt2").read_bytes()
    for length in range(0, len(whole), 97):
        with pytest.raises(InputError):
            read_torch(whole[:length], "f.pt2", LIMIT)
