"""Draw the residual of a network over its domain, leaf by leaf of a split tree: an SVG.

    python examples/residual_picture.py MODEL PROPERTY TREE.json OUT.svg

Each rectangle is a leaf of the tree, `refsem.tree.v1` as `refsem audit --write-certificate` writes
it; its shade is the bound of the absolute value of the residual that the replay establishes over
it, white for 0 and darkest for the bound that the property claims. Domains of two coordinates only.
"""

import sys
from hashlib import sha256
from pathlib import Path

import click
from gmpy2 import mpq

from refsem.certificates.tree_file import TreeRegion, read_tree
from refsem.errors import InputError
from refsem.ir import load_model
from refsem.ir.evaluation import prepare
from refsem.ir.joining import joined
from refsem.properties.claims import region_claims
from refsem.properties.replayed_leaves import ReplayedLeaves
from refsem.properties.stated import load_statement
from refsem.properties.statement import BoundedOutput
from refsem.rules.leaves import Boxes
from refsem.rules.tree import TreeError, leaf_boxes
from refsem.untrusted.strict_json import read_json
from refsem.untrusted.strict_toml import read_toml

SIDE, MARGIN = 480, 48
DARKEST = (31, 59, 87)

Leaf = tuple[tuple[float, float], tuple[float, float], mpq]
"""The ends of a leaf in both coordinates, and the bound over it."""


def bounded_leaves(leaves: ReplayedLeaves, region: TreeRegion) -> list[Leaf]:
    """The leaves of a tree, each with a number that no absolute value over it is above."""
    found: list[Leaf] = []
    (tensor,) = leaves.claims.combination
    for box in leaf_boxes(region.root, region.nodes, 1):
        state = leaves.bounded(box.lower[0], box.upper[0], box.unit)
        ends = state.replay.box(state.boxes[tensor])
        lower, upper = (end.rational(0, 0) for end in (ends.lower, ends.upper))
        low, high = _corners(box)
        found.append(((low[0], high[0]), (low[1], high[1]), max(abs(lower), abs(upper))))
    return found


def covers(leaves: ReplayedLeaves, region: TreeRegion) -> bool:
    """Whether a tree is one over all of the domain, in as many dimensions."""
    ((lower, _),) = leaves.claims.region.boxes.values()
    return region.root.lower.shape[1] == lower.size and leaves.covers(region.root)


def _corners(box: Boxes) -> tuple[list[float], list[float]]:
    scale = 2.0**-box.unit
    return [float(x) * scale for x in box.lower[0]], [float(x) * scale for x in box.upper[0]]


def picture(leaves: list[Leaf], names: tuple[str, str], claim: BoundedOutput) -> str:
    """The SVG text."""
    left, right = min(leaf[0][0] for leaf in leaves), max(leaf[0][1] for leaf in leaves)
    bottom, top = min(leaf[1][0] for leaf in leaves), max(leaf[1][1] for leaf in leaves)
    across, up = SIDE / (right - left), SIDE / (top - bottom)
    parts = []
    for (x0, x1), (y0, y1), most in leaves:
        share = float(min(most / claim.bound, mpq(1)))
        shade = "#" + "".join(f"{round(255 - share * (255 - one)):02x}" for one in DARKEST)
        x, y = MARGIN + (x0 - left) * across, MARGIN + (top - y1) * up
        parts.append(
            f'<rect x="{x:.1f}" y="{y:.1f}" '
            f'width="{(x1 - x0) * across:.1f}" height="{(y1 - y0) * up:.1f}" '
            f'fill="{shade}" stroke="#8899aa" stroke-width="0.5"/>'
        )
    worst = float(max(most for *_, most in leaves))
    title = f"{len(leaves)} leaves: |residual| is at most {worst:.4f} everywhere"
    middle = MARGIN + SIDE / 2
    beside = f"{names[0]} from {left:g} to {right:g}; {names[1]} from {bottom:g} up to {top:g}"
    parts.append(f'<text x="{middle}" y="{MARGIN - 12}">{title}</text>')
    parts.append(f'<text x="{middle}" y="{MARGIN + SIDE + 20}">{beside}</text>')
    size = SIDE + 2 * MARGIN
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size} {size}" '
    style = 'font-family="sans-serif" font-size="14" text-anchor="middle">'
    return "\n".join([head + style, *parts, "</svg>"]) + "\n"


def drawn(model: Path, property_: Path, tree: Path) -> str:
    """The picture of a tree over the domain of a residual file; `InputError` if there is none."""
    digest = sha256(model.read_bytes()).hexdigest()
    statement = load_statement(property_, load_model(model), digest)
    if not statement.bounded or statement.property.inputs != 2:
        raise InputError(str(property_), "", "not a residual over two coordinates")
    prepared, claim = prepare(joined(statement.graph)), statement.bounded[-1]
    claims = region_claims(prepared, statement.property)
    (whole,) = (one for one in claims if claim.case in dict(one.cases))
    leaves = ReplayedLeaves(prepared, whole)
    regions = [
        region
        for region in read_tree(read_json(tree)).regions
        if isinstance(region, TreeRegion) and covers(leaves, region)
    ]
    if len(regions) != 1:
        raise InputError(
            str(tree), "regions", f"{len(regions)} of them contain the domain, not one"
        )
    names = [name.text() for name in read_toml(property_).member("coordinates").items()]
    try:
        return picture(bounded_leaves(leaves, regions[0]), (names[0], names[1]), claim)
    except TreeError as error:
        raise InputError(str(tree), "nodes", str(error)) from None


@click.command()
@click.argument("model", type=click.Path(path_type=Path))
@click.argument("property_", metavar="PROPERTY", type=click.Path(path_type=Path))
@click.argument("tree", type=click.Path(path_type=Path))
@click.argument("out", type=click.Path(path_type=Path))
def command(model: Path, property_: Path, tree: Path, out: Path) -> None:
    """Draw the residual that PROPERTY claims of MODEL, over the leaves of TREE, to OUT."""
    out.write_text(drawn(model, property_, tree), encoding="utf-8")


def main(arguments: list[str]) -> int:
    """Exit status: 0 done, 3 bad arguments or files, with one line on standard error."""
    try:
        command.main(arguments, prog_name="residual_picture.py", standalone_mode=False)
    except click.ClickException as error:
        print(" ".join(error.format_message().split()), file=sys.stderr)
    except (InputError, OSError) as error:
        print(error, file=sys.stderr)
    else:
        return 0
    return 3


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
