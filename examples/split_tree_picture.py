"""Draw a split tree over two of its dimensions: an SVG with a rectangle a leaf.

    python examples/split_tree_picture.py TREE.json OUT.svg

The tree is a `refsem.tree.v1` file of one region that is cut in two dimensions only.
"""

import sys
from pathlib import Path

import click
import numpy as np

from refsem.certificates.tree_file import TreeRegion, read_tree
from refsem.errors import InputError
from refsem.rules.tree import TreeError, leaf_boxes
from refsem.untrusted.strict_json import read_json

SIDE, MARGIN = 480, 48
SHADES = ("#dbe9f6", "#bcd6ec", "#9cc3e2", "#eef4fa")


def picture(region: TreeRegion) -> str:
    """The SVG text; `ValueError` if other than two dimensions are cut."""
    cut = sorted({node.dimension for node in region.nodes if node is not None})
    if len(cut) != 2:
        raise ValueError(f"the tree is cut in {len(cut)} dimensions, not in two")
    (boxes,) = leaf_boxes(region.root, region.nodes, len(region.nodes))
    low, high = region.root.lower[0, cut], region.root.upper[0, cut]
    ends = (np.stack([boxes.lower, boxes.upper])[:, :, cut] - low) / (high - low) * SIDE
    parts = []
    for leaf in range(boxes.count):
        (left, bottom), (right, top) = ends[:, leaf]
        parts.append(
            f'<rect x="{MARGIN + left:.2f}" y="{MARGIN + SIDE - top:.2f}" '
            f'width="{right - left:.2f}" height="{top - bottom:.2f}" '
            f'fill="{SHADES[leaf % len(SHADES)]}" stroke="#1f3b57"/>'
        )
    scale = 2.0**-region.root.unit
    (x0, y0), (x1, y1) = low * scale, high * scale
    middle, edge = MARGIN + SIDE / 2, MARGIN + SIDE + 20
    title = f"{boxes.count} leaves; X_{cut[1]} from {y0:g} (below) to {y1:g} (above)"
    parts.append(f'<text x="{middle}" y="{edge}">X_{cut[0]} from {x0:g} to {x1:g}</text>')
    parts.append(f'<text x="{middle}" y="{MARGIN - 12}">{title}</text>')
    size = SIDE + 2 * MARGIN
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size} {size}" '
    style = 'font-family="sans-serif" font-size="14" text-anchor="middle">'
    return "\n".join([head + style, *parts, "</svg>"]) + "\n"


@click.command()
@click.argument("tree", type=click.Path(path_type=Path))
@click.argument("out", type=click.Path(path_type=Path))
def command(tree: Path, out: Path) -> None:
    """Draw TREE to OUT."""
    regions = read_tree(read_json(tree)).regions
    if len(regions) != 1:
        raise InputError(str(tree), "regions", f"{len(regions)} regions, not one")
    try:
        text = picture(regions[0])
    except (TreeError, ValueError) as error:
        raise InputError(str(tree), "regions[0]", str(error)) from None
    out.write_text(text, encoding="utf-8")


def main(arguments: list[str]) -> int:
    """Exit status: 0 done, 3 bad arguments or files, with one line on standard error."""
    try:
        command.main(arguments, prog_name="split_tree_picture.py", standalone_mode=False)
    except click.ClickException as error:
        print(" ".join(error.format_message().split()), file=sys.stderr)
    except (InputError, OSError) as error:
        print(error, file=sys.stderr)
    else:
        return 0
    return 3


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
