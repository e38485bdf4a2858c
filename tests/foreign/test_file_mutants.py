"""Changed files of every format: none is wrongly accepted, none ends in anything but a verdict."""

import json
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import file_mutants
import file_truth
import pytest
import test_small_formats as small
from checking import checked, written
from node_samples import certificate, graph_file

from refsem.certificates.node_files import NodeKind
from refsem.certificates.report import Semantics, Verdict
from refsem.errors import InputError

Truth = Callable[[Any], bool]


@dataclass(frozen=True)
class Base:
    """A good file: its text, how it is judged, and what must be true of an accepted change."""

    name: str
    text: str
    truth: Truth
    model: Path | None = None
    semantics: Semantics = Semantics.EXACT


def never(_document: object) -> bool:
    return False


def region_true(document: Any) -> bool:  # noqa: ANN401
    if "eps" in document:
        return Fraction(document["eps"]) >= 0
    pairs = zip(document["lo"], document["hi"], strict=True)
    return all(Fraction(a) <= Fraction(b) for a, b in pairs)


def lirpa() -> dict[str, Any]:
    box = {"id": 0, "dim": 3, "lo": [0.0, 1.0, 2.0], "hi": [2.0, 3.0, 4.0]}
    result = {"node_id": 3, "dim": 2, "lo": [230.0, 291.0], "hi": [554.0, 699.0]}
    return {"graph": "mlp_graph_workflow_v1", "input_box": box, "result": result}


def lirpa_true(document: Any) -> bool:  # noqa: ANN401
    first = [[Fraction(1 + i + j) for j in range(3)] for i in range(4)]
    last = [[Fraction(2 + i + j) for j in range(4)] for i in range(2)]
    biases = file_truth.row([1, 2, 3, 4]), file_truth.row([0, 1])
    box, result = document["input_box"], document["result"]
    ends = file_truth.row(box["lo"]), file_truth.row(box["hi"])
    found = file_truth.intervals([(first, biases[0]), None, (last, biases[1])], *ends)
    low, high = found[int(result["node_id"])]
    return all(a <= b for a, b in zip(file_truth.row(result["lo"]), low, strict=True)) and all(
        b <= a for a, b in zip(file_truth.row(result["hi"]), high, strict=True)
    )


@pytest.fixture(scope="module")
def bases(tmp_path_factory: pytest.TempPathFactory) -> list[Base]:
    folder = tmp_path_factory.mktemp("bases")
    model = graph_file(folder / "g.json", (2, 3, 3, 1), 5)
    layers = file_truth.layers_of(json.loads(model.read_text())["nodes"])
    found = [
        Base("spline", json.dumps(small.spline()), file_truth.spline_true),
        Base("camera", json.dumps(small.camera()), file_truth.camera_true),
        Base("query", json.dumps(small.query()), file_truth.query_true),
        Base("monotone", json.dumps(small.monotone()), file_truth.monotone_true),
        Base("region", json.dumps(small.region()), region_true),
        Base("lirpa", json.dumps(lirpa()), lirpa_true),
        Base("ode", json.dumps(small.ode()), never),
        Base("lyapunov", json.dumps(small.lyapunov()), never),
        Base("suite", json.dumps(small.suite()), never),
    ]
    leaves = small.leaves()
    for leaf in leaves["leaves"]:
        leaf.update(lb=[-50.0], threshold=[-60.0], witness_margin=10.0)
    found.append(
        Base("leaves", json.dumps(leaves), lambda d: file_truth.leaves_true(layers, d), model)
    )
    for kind in NodeKind:
        path = written(folder / "c.json", certificate(model, kind))
        # floats as the shortest decimals would be other numbers: write them in full
        from checking import written_in_full  # noqa: PLC0415  used here only

        text = written_in_full(path, json.loads(path.read_text())).read_text()

        def truth(document: Any, kind: NodeKind = kind) -> bool:  # noqa: ANN401
            boxes = file_truth.boxes_true(layers, document["ibp"])
            return boxes and (kind is NodeKind.IBP or file_truth.forms_true(layers, document))

        found.append(Base(kind.value, text, truth, model))
        found.append(Base(kind.value, text, truth, model, Semantics.CONTAINMENT))
    return found


def outcome(base: Base, path: Path) -> str:
    try:
        return checked(path, model=base.model, semantics=base.semantics).verdict.value
    except InputError as error:
        assert error.message  # noqa: PT017  every refusal says something
        return "refused"


def campaign(bases: list[Base], folder: Path, count: int, seed: int) -> Counter[str]:
    source, outcomes = random.Random(seed), Counter[str]()  # noqa: S311
    path = folder / "mutant.json"
    for number in range(count):
        base = bases[number % len(bases)]
        text = file_mutants.mutant(source, base.text)
        path.write_text(text, encoding="utf-8")
        found = outcome(base, path)
        outcomes[found] += 1
        if found == Verdict.ACCEPTED.value and base.semantics is Semantics.EXACT:
            assert base.truth(file_mutants.loads(text)), (base.name, text)
    return outcomes


def test_the_good_files_are_true_and_accepted(bases: list[Base], tmp_path: Path) -> None:
    path = tmp_path / "f.json"
    for base in bases:
        path.write_text(base.text)
        found = outcome(base, path)
        if base.truth is never:
            assert found == "undecided", base.name
        else:
            assert found == "accepted", base.name
            assert base.truth(file_mutants.loads(base.text)), base.name


def test_no_mutant_is_wrongly_accepted_and_none_crashes(bases: list[Base], tmp_path: Path) -> None:
    outcomes = campaign(bases, tmp_path, 300, 1)
    assert outcomes["rejected"] > 20
    assert outcomes["refused"] > 50


@pytest.mark.nightly
def test_ten_thousand_mutants(bases: list[Base], tmp_path: Path) -> None:
    outcomes = campaign(bases, tmp_path, 10_000, 2026)
    assert sum(outcomes.values()) == 10_000


def test_the_truth_sees_a_false_file(bases: list[Base]) -> None:
    false = {
        "spline": ("pieces", 0, "coeffs", 1, "2"),
        "camera": ("bbox2d", 0, "311"),
        "lirpa": ("result", "lo", 0, "230.00000001"),
        "IBPNodeCert": ("ibp", 3, "lo", 0, "100"),
        "CROWNNodeCert": ("crown", 3, "loC", 0, "100"),
        "leaves": ("leaves", 0, "lb", 0, "50"),
    }
    for base in bases:
        if base.name in false:
            *path, value = false[base.name]
            document = file_mutants.loads(base.text)
            file_mutants.at(document, tuple(path[:-1]))[path[-1]] = value
            assert not base.truth(document), base.name
