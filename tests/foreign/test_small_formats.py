"""The formats that need no graph: each attack is rejected or refused, with its place."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from checking import checked, written
from node_samples import graph_document, graph_file, node

from refsem.certificates.report import Semantics, Verdict
from refsem.errors import InputError
from refsem.ir.graph import Graph, make_node
from refsem.ir.graph_file import graph_object
from refsem.ir.operators import Op

Document = dict[str, Any]
Change = Callable[[Document], object]


def spline() -> Document:
    pieces = [
        {"lo": "0", "hi": "1/3", "coeffs": ["0", "3"]},
        {"lo": "1/3", "hi": "2", "coeffs": ["1", "-3/5"]},
    ]
    knots = {"xs": ["0", "1/3", "2"], "ys": ["0", "1", "0"]}
    return {"format": "piecewise_poly_v0", "degree": 1, **knots, "pieces": pieces}


def camera() -> Document:
    corners = [v for z in (10, 12) for y in (-1, 1) for x in (-1, 1) for v in (x, y, z)]
    return {
        "format": "torchlean.camera.box3d.v1",
        "image_width": 640.0,
        "image_height": 480.0,
        "tol": 0.0,
        "camera_P": [100, 0, 320, 0, 0, 100, 240, 0, 0, 0, 1, 0],
        "corners3d": corners,
        "bbox2d": [310, 230, 330, 250],
    }


def query() -> Document:
    layers = [
        {"kind": "linear", "weights": [["1"], ["-1"]], "bias": ["0", "0"]},
        {"kind": "relu", "alpha": ["1/2", "1/2"]},
        {"kind": "linear", "weights": [["1", "1"]], "bias": ["0"]},
    ]
    asked = {"weights": [["1"]], "bias": ["-3/2"], "strict": True}
    box = {"lo": ["-1"], "hi": ["1"]}
    return {"format": "crown_query_v1", "input_dim": 1, "input": box, "layers": layers} | {
        "query": asked
    }


def monotone() -> Document:
    layers = [{"kind": "linear", "weights": [["1/3", "0"]], "bias": ["-7"]}, {"kind": "relu"}]
    return {"format": "monotonicity_v1", "input_dim": 2, "layers": layers}


def ode() -> Document:
    init = {"lo": 0.1, "hi": 0.1}
    segment = {"t0": 0.0, "t1": 1.0, "init": init, "lowerWeights": "a", "upperWeights": "b"}
    return {"rhs": "u*(1-u)", "segments": [segment], "settings": {"maxDepth": 9, "slack": 0.0}}


def lyapunov() -> Document:
    bounds = {
        "V_bounds": {"lo": 0.1, "hi": 2},
        "grad_bounds": {"lo": [-1, -1], "hi": [1, 1]},
        "Vdot_bounds": {"lo": -3, "hi": -0.1},
    }
    said = {"V_positive": True, "Vdot_negative": True, "lyapunov_verified": True}
    region = {"dim": 2, "lo": [0.5, 0.5], "hi": [1, 1]}
    base: Document = {"method": "crown", "dynamics": "van_der_pol", "region": region}
    return base | bounds | {"verification": said}


def leaves() -> Document:
    def leaf(low: float, high: float) -> Document:
        stated = {"lb": [0.25], "threshold": [0.0], "witness_idx": 0, "witness_margin": 0.25}
        return {"lo": [low, -1.0], "hi": [high, 1.0]} | stated

    root = {"lo": [-1.0, -1.0], "hi": [1.0, 1.0]}
    cover = [leaf(-1.0, 0.3), leaf(0.3, 1.0)]
    return {"format": "abcrown_leaf_artifact_v0_1", "input_dim": 2, "root": root, "leaves": cover}


def region() -> Document:
    return {"lo": [0.1, 0.2], "hi": [0.3, 0.4]}


def suite() -> Document:
    spec = [{"mat": [[1.0]], "rhs": [0.5]}]
    instance = {"id": "a", "input_lo": [0.0], "input_hi": [1.0], "spec": spec}
    return {"format": "vnnlib_suite_v0_1", "instances": [instance]}


@pytest.mark.parametrize(
    ("make", "verdict"),
    [
        (spline, Verdict.ACCEPTED),
        (camera, Verdict.ACCEPTED),
        (query, Verdict.ACCEPTED),
        (monotone, Verdict.ACCEPTED),
        (region, Verdict.ACCEPTED),
        (ode, Verdict.UNDECIDED),
        (lyapunov, Verdict.UNDECIDED),
        (leaves, Verdict.UNDECIDED),
        (suite, Verdict.UNDECIDED),
    ],
)
def test_the_unchanged_files_have_this_verdict(
    tmp_path: Path, make: Callable[[], Document], verdict: Verdict
) -> None:
    found = checked(written(tmp_path / "f.json", make()))
    assert found.verdict is verdict, (found.reasons, found.findings)


def put(*path: str | int, value: object) -> Change:
    """The change that sets the member at a path."""

    def change(document: Document) -> None:
        inner: Any = document
        for step in path[:-1]:
            inner = inner[step]
        inner[path[-1]] = value

    return change


REJECTED: list[tuple[Callable[[], Document], Change, str]] = [
    (spline, put("ys", 1, value="1000000001/1000000000"), "another value at hi"),
    (spline, put("pieces", 1, "coeffs", 1, value="-3/51"), "another value at hi"),
    (spline, put("pieces", 1, "lo", value="1/4"), "is not the knot"),
    (spline, put("xs", 2, value="1/3"), "knots do not ascend"),
    (camera, put("bbox2d", 0, value=310.0000001), "projects outside bbox2d"),
    (camera, put("tol", value=1e9), "a file does not grant itself a tolerance"),
    (camera, put("corners3d", 2, value=-10), "is not in front of the camera"),
    (camera, put("image_width", value=100), "projects outside the image"),
    (query, put("layers", 1, "alpha", 0, value="3/2"), "a slope of 3/2 is not in [0, 1]"),
    (query, put("layers", 1, "alpha", 0, value="-1/2"), "a slope of -1/2 is not in [0, 1]"),
    (query, put("query", "bias", 0, value="-1"), "fails at the input"),
    (query, put("input", "hi", 0, value="-2"), "lower end above the upper end"),
    (monotone, put("layers", 0, "weights", 0, 1, value="-1"), "an output falls"),
    (region, put("hi", 1, value=0.1), "lower end above the upper end"),
    (ode, put("settings", "slack", value=1e9), "a file does not grant itself slack"),
    (ode, put("segments", 0, "init", value={"lo": 2, "hi": 1}), "lower end above the upper end"),
    (ode, put("segments", value=[]), "no segment: nothing is claimed"),
    (ode, put("segments", 0, "t1", value=-1), "the segment has no duration"),
    (ode, lambda d: d["segments"].append(dict(d["segments"][0])), "does not begin where"),
    (lyapunov, put("region", "lo", value=[-1, -1]), "the box holds the equilibrium"),
    (lyapunov, put("V_bounds", "lo", value=0.0), "does not follow from the bounds"),
    (lyapunov, put("Vdot_bounds", "hi", value=0), "does not follow from the bounds"),
    (lyapunov, put("verification", "V_positive", value=False), "not both conditions are said"),
    (leaves, put("leaves", 1, "lo", 0, value=0.3000000001), "no leaf contains the point"),
    (leaves, lambda d: d["leaves"].pop(), "no leaf contains the point"),
    (leaves, put("leaves", value=[]), "no leaf contains the point"),
    (leaves, put("leaves", 0, "lo", 0, value=-1.5), "leaf 0 leaves the root"),
    (leaves, put("leaves", 0, "lb", 0, value=0.0), "no stated bound lies above its threshold"),
    (leaves, put("leaves", 0, "witness_margin", value=0.5), "is not lb − threshold"),
    (leaves, put("leaves", 0, "hi", 0, value=-2.0), "lower end above the upper end"),
    (suite, put("instances", 0, "spec", value=[]), "an empty specification"),
    (suite, put("instances", 0, "spec", value=[{"mat": [], "rhs": []}]), "no rows"),
    (suite, put("instances", value=[]), "an empty suite"),
]


@pytest.mark.parametrize(("make", "change", "message"), REJECTED)
def test_false_and_illegal_files_are_rejected(
    tmp_path: Path, make: Callable[[], Document], change: Change, message: str
) -> None:
    document = make()
    change(document)
    found = checked(written(tmp_path / "f.json", document))
    assert found.verdict is Verdict.REJECTED
    assert message in " ".join(finding.message for finding in found.findings)


REFUSED: list[tuple[Callable[[], Document], Change, str, str]] = [
    (spline, put("degree", value=2), "pieces[0].coeffs", "2 numbers; 3 were expected"),
    (spline, put("xs", 0, value=0), "xs[0]", "a number where a string was expected"),
    (spline, put("xs", 0, value="nan"), "xs[0]", "'nan' is not a number"),
    (spline, put("more", value=1), "more", "unknown key"),
    (camera, put("bbox2d", value=[1, 2, 3]), "bbox2d", "3 numbers; 4 were expected"),
    (camera, put("camera_P", 3, value=None), "camera_P[3]", "null where a number was expected"),
    (query, put("layers", 0, "bias", 1, value=0.5), "layers[0].bias[1]", "a number where"),
    (query, put("layers", 0, "kind", value="tanh"), "layers[0].kind", "'tanh' is no layer"),
    (query, put("layers", value=[]), "layers", "a chain without layers"),
    (query, put("input", "lo", 0, value="-inf"), "input.lo[0]", "an infinity where a number"),
    (leaves, put("leaves", 0, "lb", value=[1, 2]), "leaves[0].threshold", "1 numbers; 2 were"),
    (leaves, put("leaves", 0, "witness_idx", value=1), "leaves[0].witness_idx", "1 is not between"),
    (region, put("eps", value=0.5), "lo", "unknown key"),
    (suite, put("instances", 0, "input_hi", value=[]), "instances[0].input_hi", "0 numbers"),
]


@pytest.mark.parametrize(("make", "change", "place", "message"), REFUSED)
def test_malformed_files_are_refused_with_their_place(
    tmp_path: Path, make: Callable[[], Document], change: Change, place: str, message: str
) -> None:
    document = make()
    change(document)
    with pytest.raises(InputError) as caught:
        checked(written(tmp_path / "f.json", document))
    assert caught.value.place == place
    assert caught.value.message.startswith(message)


def test_an_unknown_format_is_no_certificate(tmp_path: Path) -> None:
    for document, reason in (
        ({"format": "piecewise_poly_v9"}, "format 'piecewise_poly_v9' is not a known one"),
        ({"a": 1}, "no known format"),
        ([1, 2], "no known format"),
    ):
        found = checked(written(tmp_path / "f.json", document))
        assert (found.verdict, found.reasons) == (Verdict.NOT_A_CERTIFICATE, (reason,))


def test_semantics_a_format_does_not_have_are_refused(tmp_path: Path) -> None:
    path = written(tmp_path / "f.json", spline())
    with pytest.raises(InputError, match="is checked by semantics exact"):
        checked(path, semantics=Semantics.BITEXACT)


def test_a_duplicate_key_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "f.json"
    path.write_text(json.dumps(region())[:-1] + ', "lo": [0, 0]}')
    with pytest.raises(InputError, match="the key 'lo' occurs twice"):
        checked(path)


# the two-three-one network: exact bounds [1.904, 2.256]


def two_three_one(weight: str, bias: str, *, strict: bool) -> Document:
    layers = [
        {
            "kind": "linear",
            "weights": [["1/10", "2/10"], ["3/10", "4/10"], ["5/10", "6/10"]],
            "bias": ["1/10", "2/10", "3/10"],
        },
        {"kind": "relu"},
        {"kind": "linear", "weights": [["7/10", "8/10", "9/10"]], "bias": ["4/10"]},
    ]
    box = {"lo": ["4/10", "7/10"], "hi": ["6/10", "9/10"]}
    asked = {"weights": [[weight]], "bias": [bias], "strict": strict}
    return {"format": "crown_query_v1", "input_dim": 2, "input": box, "layers": layers} | {
        "query": asked
    }


@pytest.mark.parametrize(
    ("weight", "bias", "strict", "verdict"),
    [
        ("1", "-2.256", False, Verdict.ACCEPTED),
        ("1", "-2.256", True, Verdict.REJECTED),
        ("1", "-2.255999999999", False, Verdict.REJECTED),
        ("-1", "1.904", False, Verdict.ACCEPTED),
        ("-1", "1.904", True, Verdict.REJECTED),
        ("-1", "1.904000000001", False, Verdict.REJECTED),
    ],
)
def test_the_two_three_one_network_reaches_its_bounds_exactly(
    tmp_path: Path, weight: str, bias: str, strict: bool, verdict: Verdict
) -> None:
    document = two_three_one(weight, bias, strict=strict)
    assert checked(written(tmp_path / "f.json", document)).verdict is verdict


# leaf bounds with a model


def judged_leaves(folder: Path, kind: str, bound: float) -> Verdict:
    nodes = [
        node(0, "input", [], 2),
        node(1, "linear", [0], 1) | {"weight": [[1.0, 1.0]], "bias": [0.0]},
        node(2, kind, [1], 1),
    ]
    model = graph_document(folder / "g.json", nodes)
    document = leaves()
    for leaf in document["leaves"]:
        leaf.update(lb=[bound], threshold=[bound - 1], witness_margin=1.0)
    return checked(written(folder / "f.json", document), model=model).verdict


@pytest.mark.parametrize(
    ("kind", "bound", "verdict"),
    [
        ("relu", 0.0, Verdict.ACCEPTED),
        ("relu", 0.0001, Verdict.REJECTED),
        ("tanh", -1.0, Verdict.ACCEPTED),
        ("tanh", 0.5, Verdict.UNDECIDED),
    ],
)
def test_leaf_bounds_are_recomputed_with_the_model(
    tmp_path: Path, kind: str, bound: float, verdict: Verdict
) -> None:
    assert judged_leaves(tmp_path, kind, bound) is verdict


def test_rows_of_a_suite_are_about_every_output(tmp_path: Path) -> None:
    """A row without numbers would be out of reach of every network."""
    model = graph_file(tmp_path / "g.json", (1, 2, 1), 1)
    document = suite()
    document["instances"][0]["spec"][0]["rhs"] = [-1000.0]
    assert checked(written(tmp_path / "s.json", document), model=model).verdict is Verdict.ACCEPTED
    for row in ([], [1.0, 0.0]):
        document["instances"][0]["spec"][0]["mat"] = [row]
        with pytest.raises(InputError, match=r"mat\[0\]"):
            checked(written(tmp_path / "s.json", document), model=model)


def test_a_model_without_bound_rules_is_refused_by_name(tmp_path: Path) -> None:
    x = make_node("x", Op.INPUT, (), {"shape": (2,)})
    slope = make_node("s", Op.NEG, (x,), {})
    total = make_node("t", Op.PRELU, (x, slope), {})
    y = make_node("y", Op.REDUCE_SUM, (total,), {"axes": (0,), "keepdims": 1})
    graph = Graph((x, slope, total, y), {}, ("x",), ("y",))
    model = written(tmp_path / "g.json", graph_object(graph))
    with pytest.raises(InputError, match="prelu whose slope is a variable tensor"):
        checked(written(tmp_path / "f.json", leaves()), model=model)
