"""Draw a Lyapunov example of two states: the leaves of its trees, the neighbourhood, the level set.

    python examples/lyapunov_picture.py MODEL.onnx PROPERTY.toml TREE.json OUT.svg

The tree is what `refsem audit MODEL PROPERTY --branch SECONDS --write-certificate TREE` wrote; the
candidate is a quadratic form. Floats serve the drawing only.
"""

import math
import sys
from pathlib import Path

from refsem.certificates.tree_file import TreeRegion, read_tree
from refsem.ir import load_model
from refsem.properties.lyapunov import largest_level
from refsem.properties.lyapunov_file import LyapunovFile, read_lyapunov
from refsem.rules.tree import leaf_boxes
from refsem.untrusted.strict_json import Value, read_json
from refsem.untrusted.strict_toml import read_toml

SIDE, MARGIN = 480, 32
HEADER = ("format", "kind", "model_sha256")


def rectangle(lower: list[float], upper: list[float], style: str) -> str:
    """A box in the picture's units."""
    (left, low), (right, high) = lower, upper
    size = f'width="{right - left:.2f}" height="{high - low:.2f}"'
    return f'<rect x="{left:.2f}" y="{SIDE - high:.2f}" {size} {style}/>'


def picture(file: LyapunovFile, regions: list[TreeRegion]) -> str:
    """The SVG text."""
    starts = [float(end) for end in file.region.lower]
    scales = [SIDE / (float(b) - a) for a, b in zip(starts, file.region.upper, strict=True)]

    def placed(point: list[float]) -> list[float]:
        return [(p - s) * k for p, s, k in zip(point, starts, scales, strict=True)]

    parts, count = [], 0
    for region in regions:
        (boxes,) = leaf_boxes(region.root, region.nodes, len(region.nodes))
        for lower, upper in zip(boxes.lower, boxes.upper, strict=True):
            unit = 2.0**-boxes.unit
            ends = placed(list(lower * unit)), placed(list(upper * unit))
            parts.append(rectangle(*ends, 'fill="#dbe9f6" stroke="#1f3b57" stroke-width="0.6"'))
            count += 1
    inner = [placed([float(end) for end in ends]) for ends in corners(file)]
    parts.append(rectangle(*inner, 'fill="#f6dfb0" stroke="#8a5a00"'))
    path = " ".join(f"{x:.2f},{SIDE - y:.2f}" for x, y in map(placed, ellipse(file)))
    parts.append(f'<polygon points="{path}" fill="none" stroke="#b00020" stroke-width="2"/>')
    size = SIDE + 2 * MARGIN
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{-MARGIN} {-MARGIN} {size} {size}"'
    words = f"{count} boxes; the neighbourhood (yellow), the level set (red)"
    style = 'font-family="sans-serif" font-size="14" text-anchor="middle"'
    parts.append(f'<text x="{SIDE / 2}" y="-10" {style}>{words}</text>')
    return "\n".join([f"{head}>", *parts, "</svg>"]) + "\n"


def corners(file: LyapunovFile) -> list[list[float]]:
    """The two corners of the neighbourhood."""
    sides = file.neighbourhood
    return [[float(end) for end in sides.lower], [float(end) for end in sides.upper]]


def ellipse(file: LyapunovFile) -> list[list[float]]:
    """Points at which the quadratic form is the largest level."""
    level = largest_level(file)
    if level is None or not isinstance(file.candidate, tuple) or len(file.states) != 2:
        raise ValueError("a definite quadratic form of two states is wanted")
    ((a, b), (_, c)) = ((float(x) for x in row) for row in file.candidate)
    found = []
    for step in range(180):
        x, y = math.cos(step * math.pi / 90), math.sin(step * math.pi / 90)
        far = math.sqrt(float(level) / (a * x * x + 2 * b * x * y + c * y * y))
        e, f = (float(at) for at in file.equilibrium)
        found.append([e + far * x, f + far * y])
    return found


def main(model: Path, property_: Path, tree: Path, out: Path) -> None:
    """Draw to a file."""
    root = read_toml(property_)
    rest = {key: place.value for key, place in root.entries().items() if key not in HEADER}
    file = read_lyapunov(Value(root.file, root.path, rest), load_model(model))
    regions = [r for r in read_tree(read_json(tree)).regions if isinstance(r, TreeRegion)]
    # lines, which the faces of the region are, are no boxes to be seen
    wide = [r for r in regions if (r.root.lower[0] < r.root.upper[0]).all()]
    # the four boxes around the neighbourhood come first; the last wide one is the neighbourhood
    out.write_text(picture(file, wide[:4]), encoding="utf-8")


if __name__ == "__main__":
    main(*(Path(one) for one in sys.argv[1:5]))
