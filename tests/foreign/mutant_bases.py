"""Good files of the formats that need other files beside them, and what makes a change of one true.

Truths use plain fractions, or floats where a function has no fractions: nothing of refsem, which
only writes the trees and the ledger.
"""

import hashlib
import itertools
import json
import math
import time
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import builders
import file_truth
import test_curves as curves
from checking import written
from claim_files import write_property
from plain_network import PlainNetwork

from refsem.audit.branching import SplitProof, branch
from refsem.audit.signs import branch_signs
from refsem.audit.unfinished import NOWHERE
from refsem.certificates.tree_file import SignRegion, TreeRegion, tree_object
from refsem.cli import main
from refsem.ir import load_model
from refsem.ir.evaluation import prepare
from refsem.properties import load_property
from refsem.properties.claims import region_claims

Document = dict[str, Any]
ROUNDING = 1e-9
"""What floats are allowed where a truth is sampled in them."""

# suites and raw dumps


def suite(sink: str) -> Document:
    """Two boxes of two inputs whose outputs are far from unsafe; `sink` only names the suite."""
    spec = [{"mat": [[1.0]], "rhs": [-1000.0]}, {"mat": [[-1.0]], "rhs": [-1000.0]}]
    box = {"input_lo": [-0.5, 0.0], "input_hi": [0.5, 1.0]}
    return {
        "format": "vnnlib_suite_v0_1",
        "instances": [{"id": sink} | box | {"spec": spec}],
    }


def suite_true(layers: file_truth.Layers, document: Any) -> bool:  # noqa: ANN401
    for instance in document["instances"]:
        low, high = file_truth.row(instance["input_lo"]), file_truth.row(instance["input_hi"])
        for point in file_truth.sampled(low, high):
            out = file_truth.values(layers, point)[-1]
            for disjunct in instance["spec"]:
                rows = zip(disjunct["mat"], file_truth.row(disjunct["rhs"]), strict=True)
                if all(_dot(row, out) <= bound for row, bound in rows):
                    return False
    return bool(document["instances"]) and all(one["spec"] for one in document["instances"])


def _dot(row: Any, out: file_truth.Row) -> Fraction:  # noqa: ANN401
    return sum((a * b for a, b in zip(file_truth.row(row), out, strict=True)), Fraction(0))


def raw_dump() -> Document:
    leaf = {"x_L": [-1.0, -1.0], "x_U": [0.25, 1.0]}
    other = {"x_L": [0.25, -1.0], "x_U": [1.0, 1.0]}
    bounds = {"lower_bounds": [-50.0], "thresholds": [-60.0]}
    return {
        "root": {"lo": [-1.0, -1.0], "hi": [1.0, 1.0]},
        "domains": [leaf | bounds, other | bounds],
    }


def raw_true(layers: file_truth.Layers, document: Any) -> bool:  # noqa: ANN401
    leaves = [
        {"lo": d["x_L"], "hi": d["x_U"], "lb": d["lower_bounds"], "threshold": d["thresholds"]}
        for d in document["domains"]
    ]
    return file_truth.leaves_true(layers, {"root": document["root"], "leaves": leaves})


# bounds files


def bounds_v1(model: Path, layers: file_truth.Layers, names: list[str]) -> Document:
    """Exact interval bounds as fractions, of every layer, over [-1/2, 1/2]²."""
    low, high = [Fraction(-1, 2)] * 2, [Fraction(1, 2)] * 2
    boxes = file_truth.intervals(layers, low, high)
    tensors = {
        name: {"lower": [str(v) for v in ends[0]], "upper": [str(v) for v in ends[1]]}
        for name, ends in zip(names, boxes[1:], strict=True)
    }
    return {
        "format": "refsem.bounds.v1",
        "model_sha256": hashlib.sha256(model.read_bytes()).hexdigest(),
        "producer": "a test",
        "method": "ibp",
        "input": {"lower": ["-1/2"] * 2, "upper": ["0.5"] * 2},
        "tensors": tensors,
    }


def bounds_true(layers: file_truth.Layers, names: list[str], document: Any) -> bool:  # noqa: ANN401
    low, high = (file_truth.row(document["input"][side]) for side in ("lower", "upper"))
    for point in file_truth.sampled(low, high):
        found = dict(zip(names, file_truth.values(layers, point)[1:], strict=True))
        for name, claimed in document["tensors"].items():
            rows = zip(claimed["lower"], found[name], claimed["upper"], strict=True)
            for below, value, above in rows:
                if below != "-inf" and Fraction(below) > value:
                    return False
                if above != "inf" and Fraction(above) < value:
                    return False
    return True


# corridors and residuals


def corridor(folder: Path) -> Document:
    return curves.corridor(folder)


def _curve(folder: Path, stated: str) -> tuple[Callable[[float], float], Callable[[float], float]]:
    """A network of one hidden neuron, tanh, and its derivative."""
    found = json.loads((folder / stated.rsplit("/", 1)[-1]).read_text())
    (((w,),), (b,)) = found["layers.0.weight"], found["layers.0.bias"]
    (((v,),), (c,)) = found["layers.1.weight"], found["layers.1.bias"]
    return (
        lambda t: v * math.tanh(w * t + b) + c,
        lambda t: v * w * (1 - math.tanh(w * t + b) ** 2),
    )


def corridor_true(folder: Path, document: Any) -> bool:  # noqa: ANN401
    """Whether every segment is a corridor at many times, and the next begins where it ends."""
    reached: tuple[float, float, float] | None = None
    if Fraction(document.get("settings", {}).get("slack", 0)) != 0:
        return False
    for segment in document["segments"]:
        low, low1 = _curve(folder, segment["lowerWeights"])
        high, high1 = _curve(folder, segment["upperWeights"])
        init, start, end = segment["init"], float(segment["t0"]), float(segment["t1"])
        ends = (init["lo"], init["hi"]) if isinstance(init, dict) else (init, init)
        first, last = (float(v[0] if isinstance(v, list) else v) for v in ends)
        if not (low(start) <= first + ROUNDING and last <= high(start) + ROUNDING):
            return False
        if reached is not None and not (
            reached[0] == start and first <= reached[1] + ROUNDING and reached[2] <= last + ROUNDING
        ):
            return False
        for step in range(201):
            t = start + (end - start) * step / 200
            f_low, f_high = (_right(document["rhs"], t, u) for u in (low(t), high(t)))
            if low(t) > high(t) + ROUNDING or low1(t) > f_low + ROUNDING:
                return False
            if f_high > high1(t) + ROUNDING:
                return False
        reached = end, low(end), high(end)
    return bool(document["segments"])


def _right(text: str, t: float, u: float) -> float:
    return float(eval(text.replace("^", "**"), {"__builtins__": {}}, {"t": t, "u": u}))  # noqa: S307


def residual() -> Document:
    return curves.wave()


EQUATION = "u''(x) = -u"


def residual_true(document: Any) -> bool:  # noqa: ANN401
    """Whether every claim holds at many places around every point, for one hidden layer."""
    weights, asked = document["model"]["weights"], document["pinn"]
    act = {"sin": math.sin, "tanh": math.tanh}[document["model"]["activations"][0]]
    w, b = [float(r[0]) for r in weights["W1"]], [float(v) for v in weights["b1"]]
    v, (c,) = [float(v) for v in weights["W2"][0]], [float(v) for v in weights["b2"]]

    def u(x: float) -> float:
        return c + sum(p * act(q * x + r) for p, q, r in zip(v, w, b, strict=True))

    def u2(x: float) -> float:
        if act is math.sin:
            return sum(-p * q * q * math.sin(q * x + r) for p, q, r in zip(v, w, b, strict=True))
        slopes = ((q * x + r, p, q) for p, q, r in zip(v, w, b, strict=True))
        return sum(-2 * p * q * q * math.tanh(s) * (1 - math.tanh(s) ** 2) for s, p, q in slopes)

    h, radius = float(asked["h"]), float(asked["eps"])
    for place, point in enumerate(asked["points"]):
        for step in range(-20, 21):
            x = float(point) + radius * step / 20
            values = {"u_minus": u(x - h), "u": u(x), "u_plus": u(x + h)}
            claims = [(values[n], document["u_bounds"][place][n], None) for n in values]
            second = (values["u_plus"] - 2 * values["u"] + values["u_minus"]) / h**2
            claims += [(second, document["residual_bounds"], place)]
            said = _equation(asked["pde"], u(x), u2(x))
            claims += [(said, document["residual_bounds_deriv"], place)]
            for value, ends, index in claims:
                low, high = (_end(ends[key], index) for key in ("lo", "hi"))
                if value < low - ROUNDING or value > high + ROUNDING:
                    return False
    return True


def _end(value: Any, index: int | None) -> float:  # noqa: ANN401
    if isinstance(value, list):
        value = value[index or 0]
    return float(value)


def _equation(text: str, u: float, u2: float) -> float:
    if text == EQUATION:
        return u2 + u
    if text == f"-{EQUATION}":
        return -u2 + u
    return float(Fraction(text))


# a margin report


def margin(folder: Path) -> tuple[Document, Callable[[Any], bool]]:
    """A report on two examples of a classifier of two inputs, three classes, and its truth."""
    weight, bias = [["0.5", "-0.25"], ["-1", "0.75"], ["0.125", "0.0625"]], ["0.1", "0", "-0.3"]
    numbers = [[float(v) for v in row] for row in weight]
    layer = {"layers.0.weight": numbers, "layers.0.bias": [float(v) for v in bias]}
    head = {"format": "digits_linear_weights_v0_1", "in_dim": 2, "out_dim": 3, "normalize_div": 16}
    weights = written(folder / "weights.json", head | layer)
    examples = [{"id": 0, "x": [1.0, 0.0], "y": 0}, {"id": 4, "x": [0.0, 1.0], "y": 1}]
    head = {"format": "digits_dataset_v0_1", "input_dim": 2, "num_classes": 3, "normalize_div": 16}
    data = written(folder / "data.json", head | {"examples": examples})
    points = {one["id"]: [Fraction(str(v)) for v in one["x"]] for one in examples}  # type: ignore[attr-defined]
    matrix = [[Fraction(v) for v in row] for row in weight], [Fraction(v) for v in bias]

    def logits(x: list[Fraction], eps: Fraction) -> tuple[file_truth.Row, file_truth.Row]:
        low = [max(v - eps, Fraction(0)) for v in x]
        high = [min(v + eps, Fraction(1)) for v in x]
        return file_truth.intervals([matrix], low, high)[1]

    rows = []
    for number, (identity, point) in enumerate(points.items()):
        low, high = logits(point, Fraction("0.02"))
        row = {"id": identity, "label": number, "pred": number, "certified": True}
        ends = {
            "logits_lo": [math.floor(float(v) * 1000) / 1000 for v in low],
            "logits_hi": [math.ceil(float(v) * 1000) / 1000 for v in high],
        }
        rows.append(row | ends)
    meta = {
        "weights_path": "x/weights.json",
        "dataset_path": "x/data.json",
        "weights_sha256": hashlib.sha256(weights.read_bytes()).hexdigest(),
        "dataset_sha256": hashlib.sha256(data.read_bytes()).hexdigest(),
    }
    report = {
        "format": "robust_margin_cert_v0_1",
        "norm": "linf",
        "method": "ibp_linear",
        "eps": 0.02,
        "input_dim": 2,
        "num_classes": 3,
        "meta": meta,
        "summary": {"examples": 2, "nominal_ok": 2, "certified_ok": 2},
        "examples": rows,
    }

    def true(document: Any) -> bool:  # noqa: ANN401
        for row in document["examples"]:
            low, high = logits(points[int(row["id"])], Fraction(document["eps"]))
            claimed = file_truth.row(row["logits_lo"]), file_truth.row(row["logits_hi"])
            if any(a > b for a, b in zip(claimed[0], low, strict=True)):
                return False
            if any(a < b for a, b in zip(claimed[1], high, strict=True)):
                return False
            label = int(row["label"])
            others = [v for j, v in enumerate(high) if j != label]
            if row.get("certified") and not all(v < low[label] for v in others):
                return False
        return bool(document["examples"])

    return report, true


# split trees about a property that is false, and a ledger


def tree_of(folder: Path, inputs: int, *, signs: bool) -> tuple[Document, Path, Path]:
    """A tree that proves a true property, relabelled as one of a false one nearby: model, property.

    No change of it may be accepted: what it is about is false.
    """
    layers = builders.random_layers((inputs, 8, 8, 1), seed=2 if signs else 7, kind="integer")
    model = builders.sequential(folder / "net.onnx", layers)
    network, grid = PlainNetwork.read(model), [Fraction(step, 4) - 1 for step in range(9)]
    least = min(
        network.values({"x": list(point)})["y"][0]
        for point in itertools.product(grid, repeat=inputs)
    )
    box = ["-1"] * inputs, ["1"] * inputs
    true = write_property(folder / "t.vnnlib", *box, f"(assert (<= Y_0 {float(least) - 1.5}))")
    false = write_property(folder / "f.vnnlib", *box, f"(assert (<= Y_0 {float(least)}))")
    prepared, wanted = prepare(load_model(model)), load_property(true)
    (claims,) = region_claims(prepared, wanted)
    deadline = time.monotonic() + 120
    hashes = [hashlib.sha256(path.read_bytes()).hexdigest() for path in (model, false)]
    region: TreeRegion | SignRegion
    if signs:
        found = branch_signs(prepared, claims, deadline, lambda *_: None, NOWHERE)
        assert found.proof is not None
        region = SignRegion(found.proof.trees)
    else:
        cut = branch(prepared, claims, deadline, lambda *_: None)
        assert isinstance(cut.proof, SplitProof)
        region = TreeRegion(cut.proof.root, cut.proof.unit, cut.proof.nodes)
    written_tree = tree_object([region], "a test", hashes[0], hashes[1])
    return json.loads(json.dumps(written_tree)), model, false


def ledger(folder: Path) -> str:
    """The ledger of an audit of a small chain."""
    layers = builders.random_layers((2, 3, 1), seed=1, kind="binary32")
    model = builders.sequential(folder / "chain.onnx", layers)
    wanted = write_property(folder / "p.vnnlib", ["-1"] * 2, ["1"] * 2, "(assert (<= Y_0 -100))")
    main(["audit", str(model), str(wanted), "--ledger", str(folder / "ledger.jsonl")])
    return (folder / "ledger.jsonl").read_text()
