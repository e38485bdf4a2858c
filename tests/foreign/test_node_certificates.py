"""Node-wise certificates: ours pass, and every attack on them is rejected or refused."""

import json
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import builders
import numpy as np
import pytest
from checking import checked
from checking import written_in_full as written
from gmpy2 import mpq
from node_samples import Document, certificate, graph_document, graph_file, node
from onnx import helper

from refsem.certificates.node_files import NodeKind
from refsem.certificates.report import Semantics, Verdict
from refsem.errors import InputError
from refsem.rounding import round_down, round_up

CLAIMED = (Semantics.EXACT, Semantics.CONTAINMENT, Semantics.TOLERANCE)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return graph_file(tmp_path_factory.mktemp("graph") / "g.json", (3, 6, 5, 2), 1)


@pytest.mark.parametrize("kind", list(NodeKind))
@pytest.mark.parametrize("semantics", CLAIMED)
@pytest.mark.parametrize("seed", range(3))
def test_what_we_write_passes(
    tmp_path: Path, kind: NodeKind, semantics: Semantics, seed: int
) -> None:
    model = graph_file(tmp_path / "g.json", (2, 4, 4, 3), seed)
    file = written(tmp_path / "c.json", certificate(model, kind))
    found = checked(file, model=model, semantics=semantics)
    assert (found.format, found.verdict) == (kind.value, Verdict.ACCEPTED), found.findings


@pytest.mark.parametrize("kind", list(NodeKind))
@pytest.mark.parametrize("affine", ["Gemm", "MatMul"])
def test_what_we_write_about_an_onnx_model_passes(
    tmp_path: Path, kind: NodeKind, affine: str
) -> None:
    layers = builders.random_layers((2, 3, 2), seed=1, kind="binary32")
    model = builders.sequential(tmp_path / "m.onnx", layers, affine=affine)  # type: ignore[arg-type]
    file = written(tmp_path / "c.json", certificate(model, kind))
    for semantics in CLAIMED:
        assert checked(file, model=model, semantics=semantics).verdict is Verdict.ACCEPTED


def test_a_residual_graph_has_forms_too(tmp_path: Path) -> None:
    first, inner, last = builders.random_layers((2, 3, 3, 1), seed=2, kind="binary32")
    model = builders.residual(tmp_path / "m.onnx", first, inner, last)
    file = written(tmp_path / "c.json", certificate(model, NodeKind.ALPHA))
    assert checked(file, model=model).verdict is Verdict.ACCEPTED


@pytest.mark.parametrize("operator", ["ReduceMax", "Softmax", "Mul"])
def test_inner_tensors_of_a_lowered_operator_have_boxes_too(tmp_path: Path, operator: str) -> None:
    operands = ["X", "Z"] if operator == "Mul" else ["X"]
    nodes = [helper.make_node("Neg", ["X"], ["Z"]), helper.make_node(operator, operands, ["Y"])]
    model, shape = tmp_path / "m.onnx", [1, 1] if operator == "ReduceMax" else [1, 3]
    builders.save(model, nodes, {}, {"X": [1, 3]}, {"Y": shape})
    for kind in NodeKind:
        file = written(tmp_path / "c.json", certificate(model, kind))
        assert checked(file, model=model).verdict is Verdict.ACCEPTED


# attacks


def moved(end: float, up: bool) -> float:
    return float(np.nextafter(np.float32(end), np.float32(np.inf if up else -np.inf)))


def inward_box(document: Document, by: float) -> None:
    document["ibp"][3]["lo"][1] += by


Attack = Callable[[Document], object]


def nudge(key: str, index: int, up: bool) -> Attack:
    def attack(document: Document) -> None:
        constants = document["crown"][3][key]
        constants[index] = moved(constants[index], up)

    return attack


ATTACKS: list[tuple[str, Attack, str]] = [
    ("inward", lambda d: inward_box(d, 1e-4), "inward of the recomputed lower end"),
    ("swapped", lambda d: d["ibp"][1].update(lo=d["ibp"][1]["hi"], hi=d["ibp"][1]["lo"]), "lower"),
    ("null box", lambda d: d["ibp"].__setitem__(2, None), "null: the claim is missing"),
    ("null form", lambda d: d["crown"].__setitem__(2, None), "null: the claim is missing"),
    ("slope", lambda d: d["alpha"][2].__setitem__(0, 1.5), "a slope of 3/2 is not in [0, 1]"),
    ("negative slope", lambda d: d["alpha"][2].__setitem__(0, -0.5), "is not in [0, 1]"),
    ("phase 2", lambda d: d["beta"][2].__setitem__(0, 2), "a phase of 2 is not −1, 0 or 1"),
    ("phase 1/2", lambda d: d["beta"][2].__setitem__(0, 0.5), "is not −1, 0 or 1"),
    ("all active", lambda d: d["beta"].__setitem__(2, [1] * 6), "active, but the operand"),
    ("all off", lambda d: d["beta"].__setitem__(2, [-1] * 6), "inactive, but the operand"),
    ("phase of no relu", lambda d: d["beta"].__setitem__(1, [1] * 6), "no ReLU"),
    ("input", lambda d: d["ctx"].update(inputId=1), "the graph's is 0"),
    ("dimension", lambda d: d["ctx"].update(inputDim=4), "the graph's is 3"),
    ("form below", nudge("loC", 0, up=True), "the form below does not follow"),
    ("form above", nudge("hiC", 1, up=False), "the form above does not follow"),
]


@pytest.mark.parametrize(("attack", "message"), [pytest.param(*a[1:], id=a[0]) for a in ATTACKS])
def test_attacks_are_rejected(tmp_path: Path, model: Path, attack: Attack, message: str) -> None:
    document = certificate(model, NodeKind.ALPHA_BETA)
    attack(document)
    found = checked(written(tmp_path / "c.json", document), model=model)
    assert found.verdict is Verdict.REJECTED
    assert message in " ".join(finding.message for finding in found.findings)


@pytest.mark.parametrize("place", [(1, "lo", 0), (3, "hi", 4), (5, "lo", 1), (5, "hi", 0)])
def test_one_ulp_inward_is_not_contained(
    tmp_path: Path, model: Path, place: tuple[int, str, int]
) -> None:
    document = certificate(model, NodeKind.IBP)
    entry, side, index = place
    ends = document["ibp"][entry][side]
    ends[index] = moved(ends[index], up=side == "lo")
    file = written(tmp_path / "c.json", document)
    found = checked(file, model=model, semantics=Semantics.CONTAINMENT)
    assert found.verdict is Verdict.REJECTED
    assert [(f.place, f.ulps) for f in found.findings] == [(f"ibp[{entry}].{side}[{index}]", 1)]


MALFORMED: list[tuple[str, Attack, str]] = [
    ("short box", lambda d: d["ibp"][1]["lo"].pop(), "ibp[1].lo"),
    ("short list", lambda d: d["ibp"].pop(), "ibp"),
    ("ragged", lambda d: d["crown"][1]["loA"][2].pop(), "crown[1].loA[2]"),
    ("text", lambda d: d["ibp"][0]["lo"].__setitem__(0, "0"), "ibp[0].lo[0]"),
    ("unknown key", lambda d: d.update(tol=1), "tol"),
    ("unknown in box", lambda d: d["ibp"][0].update(slack=1), "ibp[0].slack"),
    ("alpha null", lambda d: d.update(alpha=None), "alpha"),
    ("infinite", lambda d: d["ibp"][0]["lo"].__setitem__(0, 1e308 * 10), "line 1, column 18"),
]


@pytest.mark.parametrize(("attack", "place"), [pytest.param(*a[1:], id=a[0]) for a in MALFORMED])
def test_malformed_files_are_refused(
    tmp_path: Path, model: Path, attack: Attack, place: str
) -> None:
    document = certificate(model, NodeKind.ALPHA_BETA)
    attack(document)
    with pytest.raises(InputError) as caught:
        checked(written(tmp_path / "c.json", document), model=model)
    assert caught.value.place == place


def test_absent_slopes_are_the_default(tmp_path: Path, model: Path) -> None:
    document = certificate(model, NodeKind.ALPHA)
    del document["alpha"]
    assert checked(written(tmp_path / "c.json", document), model=model).verdict is Verdict.ACCEPTED


def test_without_a_model_nothing_is_said(tmp_path: Path, model: Path) -> None:
    file = written(tmp_path / "c.json", certificate(model, NodeKind.IBP))
    assert checked(file).verdict is Verdict.UNDECIDED


def test_another_graph_is_noticed(tmp_path: Path, model: Path) -> None:
    file = written(tmp_path / "c.json", certificate(model, NodeKind.IBP))
    other = graph_file(tmp_path / "g.json", (3, 6, 5, 2), 2)
    assert checked(file, model=other).verdict is Verdict.REJECTED
    smaller = graph_file(tmp_path / "s.json", (3, 6, 2), 1)
    with pytest.raises(InputError, match="6 entries; the graph has 4 nodes"):
        checked(file, model=smaller)


def test_tolerance_lets_a_margin_be_faked_and_says_how_far(tmp_path: Path) -> None:
    nodes = [node(0, "input", [], 1)]
    for _ in range(20):
        last = len(nodes) - 1
        linear = node(last + 1, "linear", [last], 1) | {"weight": [[2.0]], "bias": [0.0]}
        nodes += [linear]
    model = graph_document(tmp_path / "g.json", nodes)
    document = certificate(model, NodeKind.IBP, "0", "1")
    # each end moved inward by nearly the tolerance from what its own parent's claim gives
    for before, entry in pairwise(document["ibp"]):
        entry["lo"] = [2 * before["lo"][0] + 0.9e-5]
        entry["hi"] = [2 * before["hi"][0] - 0.9e-5]
    assert document["ibp"][-1]["lo"][0] > 9
    file = written(tmp_path / "c.json", document)
    tolerant = checked(file, model=model, semantics=Semantics.TOLERANCE)
    assert tolerant.verdict is Verdict.ACCEPTED
    (drift,) = tolerant.facts.values()
    assert drift == mpq(2**20 - 1, 10**5)
    for semantics in (Semantics.EXACT, Semantics.CONTAINMENT):
        found = checked(file, model=model, semantics=semantics)
        assert found.verdict is Verdict.REJECTED


def test_beyond_the_tolerance_is_rejected(tmp_path: Path, model: Path) -> None:
    document = certificate(model, NodeKind.ALPHA)
    document["ibp"][5]["hi"][0] += 1.1e-5
    file = written(tmp_path / "c.json", document)
    assert checked(file, model=model, semantics=Semantics.TOLERANCE).verdict is Verdict.REJECTED
    document = certificate(model, NodeKind.ALPHA)
    document["crown"][5]["hiA"][0][0] += 1.1e-5
    file = written(tmp_path / "c.json", document)
    assert checked(file, model=model, semantics=Semantics.TOLERANCE).verdict is Verdict.REJECTED


def test_shortest_decimals_are_read_outward_by_containment_only(
    tmp_path: Path, model: Path
) -> None:
    file = tmp_path / "c.json"
    file.write_text(json.dumps(certificate(model, NodeKind.IBP)))
    found = checked(file, model=model, semantics=Semantics.CONTAINMENT)
    assert found.verdict is Verdict.ACCEPTED
    assert int(str(found.facts["ends inward of the transcript as written"])) > 0


# the binary32 transcript, against arithmetic written out here


def transcript(model: Path) -> Document:
    """The certificate whose numbers a plain loop computes: numpy's float32, one step at a time."""
    nodes = json.loads(model.read_text())["nodes"]
    boxes = [([mpq(np.float32("-0.25").item())] * 3, [mpq(np.float32("0.75").item())] * 3)]
    zero = np.zeros((4, 3), np.float32)
    zero[[0, 1, 2], [0, 1, 2]] = 1
    forms = [(zero, zero)]
    for entry in nodes[1:]:
        low, high = boxes[-1]
        below, above = forms[-1]
        if entry["kind"] == "linear":
            boxes.append(linear_box(entry, low, high))
            forms.append(linear_forms(entry, below, above))
        else:
            boxes.append(([max(v, mpq(0)) for v in low], [max(v, mpq(0)) for v in high]))
            forms.append(relu_forms(low, high, below, above))
    ibp = [{"lo": [float(v) for v in low], "hi": [float(v) for v in high]} for low, high in boxes]
    crown = [
        {f"{side}{part}": value for side, f in (("lo", lo), ("hi", hi)) for part, value in parts(f)}
        for lo, hi in forms
    ]
    return {"ctx": {"inputId": 0, "inputDim": 3}, "ibp": ibp, "crown": crown}


def parts(columns: np.ndarray) -> list[tuple[str, object]]:
    return [("A", columns[:-1].T.astype(float).tolist()), ("C", columns[-1].astype(float).tolist())]


def linear_box(entry: Document, low: list[mpq], high: list[mpq]) -> tuple[list[mpq], list[mpq]]:
    lows, highs = [], []
    for row, bias in zip(entry["weight"], entry["bias"], strict=True):
        least, most = mpq(0), mpq(0)
        for w, a, b in zip(row, low, high, strict=True):
            least = round_down(least + min(round_down(mpq(w) * a), round_down(mpq(w) * b)))
            most = round_up(most + max(round_up(mpq(w) * a), round_up(mpq(w) * b)))
        lows.append(round_down(least + mpq(bias)))
        highs.append(round_up(most + mpq(bias)))
    return lows, highs


def fold(weights: np.ndarray, columns: np.ndarray) -> np.ndarray:
    total = np.zeros((columns.shape[0], weights.shape[0]), np.float32)
    for k in range(weights.shape[1]):
        total = total + weights[:, k][None] * columns[:, k][:, None]
    return total


def linear_forms(
    entry: Document, below: np.ndarray, above: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    weight = np.array(entry["weight"], np.float32)
    plus, minus = np.maximum(weight, 0), np.minimum(weight, 0)
    lower = fold(plus, below) + fold(minus, above)
    upper = fold(plus, above) + fold(minus, below)
    for side in (lower, upper):
        side[-1] += np.array(entry["bias"], np.float32)
    return lower, upper


def relu_forms(
    low: list[mpq], high: list[mpq], below: np.ndarray, above: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    lower, upper = below.copy(), above.copy()
    for i, (exact_l, exact_u) in enumerate(zip(low, high, strict=True)):
        l, u = np.float32(float(exact_l)), np.float32(float(exact_u))
        slope, bias, under = np.float32(0), np.float32(0), np.float32(0)
        if u > 0 and l > 0:
            slope = under = np.float32(1)
        elif u > 0:
            slope = u / (u - l)
            bias = -slope * l
            under = np.float32(u > -l)
        lower[:, i] *= under
        upper[:, i] *= slope
        lower[-1, i] += np.float32(0)
        upper[-1, i] += bias
    return lower, upper


def test_the_transcript_is_accepted_bit_for_bit_and_is_no_enclosure(
    tmp_path: Path, model: Path
) -> None:
    document = transcript(model)
    file = written(tmp_path / "c.json", document)
    found = checked(file, model=model, semantics=Semantics.BITEXACT)
    assert found.verdict is Verdict.ACCEPTED, found.findings[:3]
    assert "no enclosure" in found.reasons[0]
    boxes = written(tmp_path / "b.json", {"ibp": document["ibp"]})
    for semantics in Semantics:
        assert checked(boxes, model=model, semantics=semantics).verdict is Verdict.ACCEPTED
    # rounded to nearest, some form is inward of what its parents' claims give
    assert checked(file, model=model).verdict is Verdict.REJECTED


def test_signs_of_zeros_count_bit_for_bit(tmp_path: Path, model: Path) -> None:
    document = transcript(model)
    flipped = json.loads(json.dumps(document))
    flipped["crown"][0]["loA"][0][1] = -0.0
    file = written(tmp_path / "c.json", flipped)
    found = checked(file, model=model, semantics=Semantics.BITEXACT)
    assert found.verdict is Verdict.REJECTED
    message = "node 0 (input): bits 80000000, the transcript has 00000000"
    assert [(f.place, f.message) for f in found.findings] == [("crown[0].loA[1]", message)]


@pytest.mark.parametrize("key", ["loA", "hiA"])
def test_one_ulp_counts_bit_for_bit(tmp_path: Path, model: Path, key: str) -> None:
    document = transcript(model)
    row = document["crown"][3][key][1]
    row[0] = moved(row[0], up=True)
    file = written(tmp_path / "c.json", document)
    found = checked(file, model=model, semantics=Semantics.BITEXACT)
    assert found.verdict is Verdict.REJECTED
    assert found.findings[0].ulps == 1


def test_a_product_of_a_tensor_with_itself_has_boxes(tmp_path: Path) -> None:
    nodes = [node(0, "input", [], 2), node(1, "mul_elem", [0, 0], 2)]
    model = graph_document(tmp_path / "g.json", nodes)
    file = written(tmp_path / "c.json", certificate(model, NodeKind.IBP))
    assert checked(file, model=model).verdict is Verdict.ACCEPTED
