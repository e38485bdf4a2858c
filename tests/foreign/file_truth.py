"""Whether an accepted file is true, by plain fractions: nothing of refsem is used here.

Interval bounds are recomputed exactly; affine forms, queries and leaves are tried at points.
"""

import itertools
import random
from fractions import Fraction
from typing import Any

Row = list[Fraction]
Layers = list[tuple[list[Row], Row] | None]
"""Affine layers as weight rows and bias; None is a ReLU."""


def row(values: Any) -> Row:  # noqa: ANN401  any JSON list
    return [Fraction(value) for value in values]


def layers_of(nodes: list[dict[str, Any]]) -> Layers:
    """The layers of a chain in TorchLean's graph format, its parameters being binary32 already."""
    return [
        None
        if node["kind"] == "relu"
        else ([row(weights) for weights in node["weight"]], row(node["bias"]))
        for node in nodes[1:]
    ]


def intervals(layers: Layers, low: Row, high: Row) -> list[tuple[Row, Row]]:
    """Exact interval propagation: the box of the input and of every layer."""
    boxes = [(low, high)]
    for layer in layers:
        low, high = boxes[-1]
        if layer is None:
            boxes.append(([max(v, Fraction(0)) for v in low], [max(v, Fraction(0)) for v in high]))
            continue
        lows, highs = [], []
        for weights, bias in zip(*layer, strict=True):
            pairs = [(w * a, w * b) for w, a, b in zip(weights, low, high, strict=True)]
            lows.append(sum(map(min, pairs), bias))
            highs.append(sum(map(max, pairs), bias))
        boxes.append((lows, highs))
    return boxes


def values(layers: Layers, point: Row) -> list[Row]:
    """The value of the input and of every layer at a point."""
    return [low for low, _ in intervals(layers, point, point)]


def sampled(low: Row, high: Row) -> list[Row]:
    """The corners of a box of few dimensions, and some points inside."""
    source = random.Random(0)  # noqa: S311
    inside = [
        [
            a + (b - a) * Fraction(source.randrange(1001), 1000)
            for a, b in zip(low, high, strict=True)
        ]
        for _ in range(20)
    ]
    return [list(corner) for corner in itertools.product(*zip(low, high, strict=True))] + inside


def boxes_true(layers: Layers, ibp: Any) -> bool:  # noqa: ANN401
    exact = intervals(layers, row(ibp[0]["lo"]), row(ibp[0]["hi"]))
    return len(exact) == len(ibp) and all(
        all(c <= e for c, e in zip(row(claimed["lo"]), low, strict=True))
        and all(e <= c for c, e in zip(row(claimed["hi"]), high, strict=True))
        for claimed, (low, high) in zip(ibp, exact, strict=True)
    )


def forms_true(layers: Layers, document: Any) -> bool:  # noqa: ANN401
    """Whether every form holds at sampled points, and slopes and phases are legal."""
    first = document["ibp"][0]
    for slopes in document.get("alpha", []):
        if slopes is not None and not all(0 <= v <= 1 for v in row(slopes)):
            return False
    for phases in document.get("beta", []):
        if phases is not None and not all(v in {-1, 0, 1} for v in row(phases)):
            return False
    return all(
        _forms_hold(document["crown"], point, values(layers, point))
        for point in sampled(row(first["lo"]), row(first["hi"]))
    )


def _forms_hold(crown: Any, point: Row, found: list[Row]) -> bool:  # noqa: ANN401
    for claimed, tensor in zip(crown, found, strict=True):
        below, above = (
            [
                sum((Fraction(a) * x for a, x in zip(line, point, strict=True)), Fraction(c))
                for line, c in zip(claimed[f"{side}A"], claimed[f"{side}C"], strict=True)
            ]
            for side in ("lo", "hi")
        )
        for low, value, high in zip(below, tensor, above, strict=True):
            if not low <= value <= high:
                return False
    return True


def spline_true(document: Any) -> bool:  # noqa: ANN401
    xs, ys = row(document["xs"]), row(document["ys"])
    return all(
        row([piece["lo"], piece["hi"]]) == xs[i : i + 2]
        and [
            sum((c * (x - xs[i]) ** k for k, c in enumerate(row(piece["coeffs"]))), Fraction(0))
            for x in xs[i : i + 2]
        ]
        == ys[i : i + 2]
        for i, piece in enumerate(document["pieces"])
    ) and all(a < b for a, b in itertools.pairwise(xs))


def camera_true(document: Any) -> bool:  # noqa: ANN401
    matrix, corners = row(document["camera_P"]), row(document["corners3d"])
    left, top, right, bottom = row(document["bbox2d"])
    width, height = row([document["image_width"], document["image_height"]])
    for i in range(0, 24, 3):
        point = [*corners[i : i + 3], Fraction(1)]
        x, y, z = (
            sum(a * b for a, b in zip(matrix[4 * r : 4 * r + 4], point, strict=True))
            for r in range(3)
        )
        if z <= 0 or not (left <= x / z <= right and top <= y / z <= bottom):
            return False
        if not (0 <= x / z <= width and 0 <= y / z <= height):
            return False
    return Fraction(document["tol"]) == 0


def exact_layers(document: Any) -> Layers:  # noqa: ANN401
    return [
        None
        if layer["kind"] == "relu"
        else ([row(weights) for weights in layer["weights"]], row(layer["bias"]))
        for layer in document["layers"]
    ]


def query_true(document: Any) -> bool:  # noqa: ANN401
    layers, asked = exact_layers(document), document["query"]
    low, high = row(document["input"]["lo"]), row(document["input"]["hi"])
    slopes = [s for layer in document["layers"] for s in row(layer.get("alpha") or [])]
    results = [
        sum((w * v for w, v in zip(row(weights), out, strict=True)), Fraction(bias))
        for point in sampled(low, high)
        for out in [values(layers, point)[-1]]
        for weights, bias in zip(asked["weights"], asked["bias"], strict=True)
    ]
    below = all(r < 0 for r in results) if asked["strict"] else all(r <= 0 for r in results)
    return below and all(0 <= s <= 1 for s in slopes)


def monotone_true(document: Any) -> bool:  # noqa: ANN401
    layers, size = exact_layers(document), int(document["input_dim"])
    source = random.Random(1)  # noqa: S311
    for _ in range(40):
        low = [Fraction(source.randrange(-100, 100)) for _ in range(size)]
        high = [v + source.choice([0, 1, 50]) for v in low]
        before, after = values(layers, low)[-1], values(layers, high)[-1]
        if any(a < b for a, b in zip(after, before, strict=True)):
            return False
    return True


def leaves_true(layers: Layers, document: Any) -> bool:  # noqa: ANN401
    """Whether sampled points of the root lie in a leaf, and outputs there above their bounds."""
    root, leaves = document["root"], document["leaves"]
    for point in sampled(row(root["lo"]), row(root["hi"])):
        found = [leaf for leaf in leaves if _inside(point, leaf)]
        out = values(layers, point)[-1]
        if not found or any(
            v < b for leaf in found for v, b in zip(out, row(leaf["lb"]), strict=True)
        ):
            return False
    return all(
        any(b > t for b, t in zip(row(leaf["lb"]), row(leaf["threshold"]), strict=True))
        for leaf in leaves
    )


def _inside(point: Row, leaf: Any) -> bool:  # noqa: ANN401
    return all(a <= x <= b for a, x, b in zip(row(leaf["lo"]), point, row(leaf["hi"]), strict=True))
