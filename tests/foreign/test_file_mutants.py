"""Changed files of every format: none is wrongly accepted, none ends in anything but a verdict."""

import json
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Any

import builders
import file_mutants
import file_truth
import mutant_bases as more
import pytest
import test_small_formats as small
from checking import checked, written
from node_samples import certificate, graph_file

from lean_export.runs import run_project
from refsem.certificates.foreign import regions
from refsem.certificates.foreign.others import FORMATS as OTHER_FORMATS
from refsem.certificates.foreign.registry import FORMATS
from refsem.certificates.node_files import NodeKind
from refsem.certificates.report import Semantics, Verdict
from refsem.errors import InputError
from refsem.untrusted.strict_json import read_json

Truth = Callable[[Any], bool]


@dataclass(frozen=True)
class Base:
    """A good file: its text, how it is judged, and what must be true of an accepted change."""

    name: str
    text: str
    truth: Truth
    model: Path | None = None
    semantics: Semantics = Semantics.EXACT
    property_: Path | None = None
    folder: Path | None = None
    """Where the files lie that this one names."""
    verdict: str = "accepted"
    """What the unchanged file is given."""


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
        Base("ode, absent", json.dumps(small.ode()), never, verdict="undecided"),
        Base("lyapunov", json.dumps(small.lyapunov()), never, verdict="undecided"),
        Base("suite, absent", json.dumps(small.suite()), never, verdict="undecided"),
        *further(folder, model, layers),
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
        found += [Base(kind.value, text, truth, model, s) for s in OTHERS]
    return found


OTHERS = (Semantics.CONTAINMENT, Semantics.TOLERANCE)


def further(folder: Path, model: Path, layers: file_truth.Layers) -> list[Base]:
    """The formats that need other files beside them."""
    raw = partial(more.raw_true, layers)
    found = [
        Base("suite", json.dumps(more.suite("a")), partial(more.suite_true, layers), model),
        Base("raw dump", json.dumps(more.raw_dump()), raw, model),
    ]
    chain = builders.random_layers((2, 3, 1), seed=4, kind="integer")
    onnx = builders.sequential(folder / "chain.onnx", chain)
    plain: file_truth.Layers = []
    for weight, bias in chain:
        rows = [file_truth.row(column) for column in weight.T.astype(float).tolist()]
        plain += [(rows, file_truth.row(bias.astype(float).tolist())), None]
    names = ["hidden_1", "relu_1", "y"]
    document = more.bounds_v1(onnx, plain[:-1], names)
    truth: Truth = partial(more.bounds_true, plain[:-1], names)
    found.append(Base("bounds", json.dumps(document), truth, onnx))
    for name in ("ode", "margin"):
        (folder / name).mkdir()
    report, margin_true = more.margin(folder / "margin")
    place = folder / "margin"
    found.append(Base("margin", json.dumps(report), margin_true, folder=place))
    place, corridor = folder / "ode", more.corridor(folder / "ode")
    truth = partial(more.corridor_true, place)
    found.append(Base("ode", json.dumps(corridor), truth, folder=place))
    found.append(Base("pinn", json.dumps(more.residual()), more.residual_true))
    for name, inputs in (("tree", 2), ("signs", 3)):
        (folder / name).mkdir()
        tree, net, wanted = more.tree_of(folder / name, inputs, signs=name == "signs")
        text = json.dumps(tree)
        found.append(Base(name, text, never, net, property_=wanted, verdict="rejected"))
    return found


def outcome(base: Base, path: Path) -> str:
    given = {"model": base.model, "property_": base.property_}
    try:
        return checked(path, semantics=base.semantics, **given).verdict.value
    except InputError as error:
        assert error.message  # noqa: PT017  every refusal says something
        return "refused"


def campaign(bases: list[Base], folder: Path, count: int, seed: int) -> Counter[str]:
    source, outcomes = random.Random(seed), Counter[str]()  # noqa: S311
    for number in range(count):
        base = bases[number % len(bases)]
        path = (base.folder or folder) / "mutant.json"
        text = file_mutants.mutant(source, base.text)
        path.write_text(text, encoding="utf-8")
        found = outcome(base, path)
        outcomes[found] += 1
        if found == Verdict.ACCEPTED.value and base.semantics is Semantics.EXACT:
            assert base.truth(file_mutants.loads(text)), (base.name, text)
    return outcomes


def test_the_good_files_are_true_and_accepted(bases: list[Base], tmp_path: Path) -> None:
    for base in bases:
        path = (base.folder or tmp_path) / "f.json"
        path.write_text(base.text)
        assert outcome(base, path) == base.verdict, base.name
        if base.verdict == "accepted":
            assert base.truth(file_mutants.loads(base.text)), base.name


def test_every_format_that_claims_something_has_mutants(bases: list[Base], tmp_path: Path) -> None:
    """What is left out is no certificate."""
    met = set()
    for base in bases:
        (path := tmp_path / "f.json").write_text(base.text)
        met |= {one.name for one in FORMATS if one.recognises(read_json(path))}
    besides = {one.name for one in FORMATS} - met
    for name in besides:
        (form,) = (one for one in FORMATS if one.name == name)
        assert form in OTHER_FORMATS or form in regions.FORMATS, name


def test_no_mutant_is_wrongly_accepted_and_none_crashes(bases: list[Base], tmp_path: Path) -> None:
    outcomes = campaign(bases, tmp_path, 270, 1)
    assert outcomes["rejected"] > 20
    assert outcomes["refused"] > 50


@pytest.mark.nightly
def test_ten_thousand_mutants(bases: list[Base], tmp_path: Path) -> None:
    outcomes = campaign(bases, tmp_path, 10_000, 2026)
    print(dict(outcomes))  # noqa: T201  counts to be read off with -s
    assert sum(outcomes.values()) == 10_000


def test_changed_ledgers_are_read_or_refused(tmp_path: Path) -> None:
    """One that is read after a change was replayed: it is true of what it says, changed or not."""
    source, text = random.Random(3), more.ledger(tmp_path)  # noqa: S311
    head, _, rest = text.partition("\n")
    outcomes = Counter[str]()
    path = tmp_path / "mutant.jsonl"
    for _ in range(25):
        path.write_text(f"{file_mutants.mutant(source, head)}\n{rest}", encoding="utf-8")
        try:
            run_project(path)
            outcomes["read"] += 1
        except InputError as error:
            assert error.message  # noqa: PT017
            outcomes["refused"] += 1
    assert outcomes["refused"] > 8


def test_the_truth_sees_a_false_file(bases: list[Base]) -> None:
    false = {
        "spline": ("pieces", 0, "coeffs", 1, "2"),
        "camera": ("bbox2d", 0, "311"),
        "lirpa": ("result", "lo", 0, "230.00000001"),
        "IBPNodeCert": ("ibp", 3, "lo", 0, "100"),
        "CROWNNodeCert": ("crown", 3, "loC", 0, "100"),
        "leaves": ("leaves", 0, "lb", 0, "50"),
        "raw dump": ("domains", 0, "lower_bounds", 0, "50"),
        "suite": ("instances", 0, "spec", 0, "rhs", 0, "1000"),
        "bounds": ("tensors", "y", "lower", 0, "1000"),
        "margin": ("examples", 0, "logits_lo", 0, "5"),
        "ode": ("segments", 0, "init", "0.9"),
        "pinn": ("residual_bounds_deriv", "lo", 0, "0.5"),
    }
    for base in bases:
        if base.name in false:
            *path, value = false[base.name]
            document = file_mutants.loads(base.text)
            file_mutants.at(document, tuple(path[:-1]))[path[-1]] = value
            assert not base.truth(document), base.name
    assert set(false) <= {base.name for base in bases}


def test_a_file_about_another_graph_is_not_accepted(bases: list[Base], tmp_path: Path) -> None:
    """The same shape, other parameters."""
    other = graph_file(tmp_path / "other.json", (2, 3, 3, 1), 6)
    judged = 0
    for base in bases:
        if base.model is not None and base.model.suffix == ".json" and base.name in KINDS:
            (path := tmp_path / "f.json").write_text(base.text)
            assert outcome(replace(base, model=other), path) == "rejected", base.name
            judged += 1
    assert judged == 3 * len(KINDS)


def test_every_report_answers_five_questions(bases: list[Base], tmp_path: Path) -> None:
    """And says another thing to each."""
    for base in bases:
        (path := (base.folder or tmp_path) / "f.json").write_text(base.text)
        given = {"model": base.model, "property_": base.property_}
        said = checked(path, semantics=base.semantics, **given).answers
        parts = (said.checked, said.candidates, said.recomputed, said.lifted_by, said.outside)
        assert len(set(parts)) == 5, base.name
        assert all(len(part) > 10 for part in parts), base.name


def test_a_gigabyte_of_zeros_is_refused_unread(tmp_path: Path) -> None:
    with (path := tmp_path / "zeros.json").open("wb") as file:
        file.truncate(2**30)
    with pytest.raises(InputError, match="1073741824 bytes"):
        checked(path)


KINDS = {kind.value for kind in NodeKind}
