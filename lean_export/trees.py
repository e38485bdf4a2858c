"""Split trees as Lean: from a tree file, its network and its property to modules of theorems.

Of the file nothing is taken but the cuts and the box that is cut. Every leaf is bounded anew, as
Lean's checker will bound it; what is announced closed is for Lean to accept.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from lean_export.cases import LeanCase, lean_case
from lean_export.interval_boxes import IntegerBox
from lean_export.layers import Layer, layers
from lean_export.leaf_theorem import leaf_pushes
from lean_export.run_text import namespace
from lean_export.runs import (
    PUSH_SECONDS,
    START_SECONDS,
    WORD_SECONDS,
    RunProject,
    TreeRun,
    integer_box,
)
from lean_export.split_leaves import Cut, CutBox, Leaves, leaves_of, parts
from lean_export.theorems import Status
from lean_export.tree_theorem import CORE, SplitRegion, tree_modules
from refsem.certificates.foreign.trees import TreeSubject, tree_subject
from refsem.certificates.tree_file import AnyRegion, TreeFile, TreeRegion, read_tree
from refsem.errors import InputError
from refsem.properties import Case
from refsem.properties.claims import RegionClaims, region_claims
from refsem.properties.sign_trees import SignLeaf
from refsem.rules.tree import Node, TreeError, leaf_boxes
from refsem.untrusted.strict_json import read_json

MOST_LEAVES = 2000
"""How many leaves are exported, those of all regions together and those cut further counted."""
MOST_DEPTH = 200
THEOREM_SECONDS = 0.1
"""What a theorem takes besides: a tree has many, each about little."""

Progress = Callable[[int], None]
"""Told how many leaves are done."""


def tree_project(tree: Path, model: Path, property_: Path, progress: Progress) -> RunProject:
    """The project of a tree; `InputError` where it cannot be exported, and why."""
    file = str(tree)
    found = read_tree(read_json(tree))
    subject = tree_subject(model, property_)
    _check_hashes(found, subject, file)
    network = layers(subject.prepared, str(model))
    about = _about(found, model, property_)
    regions = _split_regions(found, subject, network, file, progress)
    files: dict[str, str] = {}
    theorems: dict[str, Status] = {}
    runs, seconds = [], 0.0
    for number, region in enumerate(regions, 1):
        modules = tree_modules(network, region, number, about)
        files |= {module.path: module.text for module in modules}
        theorems |= {name: Status.CLOSED for module in modules for name in module.theorems}
        runs.append(TreeRun(namespace(number), region.box))
        pushed = sum(leaf_pushes(network, leaf) for leaf in leaves_of(region.tree))
        words = sum(layer.words for layer in network)
        seconds += START_SECONDS * len(modules) + WORD_SECONDS * words + PUSH_SECONDS * pushed
    seconds += THEOREM_SECONDS * len(theorems)
    return RunProject(CORE, (), files, theorems, (), seconds, tuple(runs))


def _about(tree: TreeFile, model: Path, property_: Path) -> str:
    """What the theorems are about."""
    names = [
        f"{path.name.encode(errors='replace').decode()} (SHA-256 {known})"
        for path, known in ((model, tree.model_sha256), (property_, tree.property_sha256))
    ]
    if property_.suffix.lower() != ".toml":
        return f"Network {names[0]}, property {names[1]}."
    return f"The graph that the property {names[1]} makes of the network {names[0]}."


def _check_hashes(tree: TreeFile, subject: TreeSubject, file: str) -> None:
    stated = (tree.model_sha256, tree.property_sha256)
    for what, one, actual in zip(("model", "property"), stated, subject.hashes, strict=True):
        if one != actual:
            raise InputError(file, f"{what}_sha256", f"the {what} at hand has {actual}")


def _split_regions(
    tree: TreeFile,
    subject: TreeSubject,
    network: tuple[Layer, ...],
    file: str,
    progress: Progress,
) -> Iterator[SplitRegion]:
    """The regions, every leaf of their trees shown safe."""
    regions = region_claims(subject.prepared, subject.property)
    if len(regions) != len(tree.regions):
        message = f"{len(tree.regions)} regions, but the property has {len(regions)} boxes"
        raise InputError(file, "regions", message)
    started = 0
    for index, (claims, region) in enumerate(zip(regions, tree.regions, strict=True)):
        place = f"regions[{index}]"
        nodes = _nodes(region, len(claims.cases))
        if nodes is None or claims.region.balls:
            message = "only trees that cut a box are exported; this one is about signs or a ball"
            raise InputError(file, place, message)
        cases = tuple(_case(number, case, network, file) for number, case in claims.cases)
        box = _box(claims)
        root = _root(box, region, file, place) if isinstance(region, TreeRegion) else box
        reading = _Reading(Leaves.of(network, cases, file), place, progress, started)
        cut = reading.tree(iter(nodes), root)
        started = reading.done
        numbers = [number for number, _ in claims.cases]
        yield SplitRegion(box, root, cases, numbers, cut)


def _nodes(region: AnyRegion, cases: int) -> tuple[Node, ...] | None:
    """The cuts of a region's box; a tree of signs that splits none leaves the box whole.

    None for one that does: its leaves are no boxes.
    """
    if isinstance(region, TreeRegion):
        return region.nodes
    whole = all(len(one) == 1 and isinstance(one[0], SignLeaf) for one in region.trees)
    return (None,) if whole and len(region.trees) == cases else None


def _case(number: int, case: Case, network: tuple[Layer, ...], file: str) -> LeanCase:
    found = lean_case(case.unsafe, network[0].width, len(network[-1].rows))
    if not found.sums:
        message = "no constraint on outputs alone has coefficients that are binary32 numbers"
        raise InputError(file, f"case {number}", message)
    return found


def _box(claims: RegionClaims) -> IntegerBox:
    ((lower, upper),) = claims.region.boxes.values()
    return integer_box(lower, upper)


def _root(box: IntegerBox, region: TreeRegion, file: str, place: str) -> IntegerBox:
    """The box that is cut; `InputError` where the nodes are no tree over it, or it is too small."""
    root = region.root
    ends = tuple((int(l), int(u)) for l, u in zip(root.lower[0], root.upper[0], strict=True))
    found = IntegerBox(2**root.unit, ends)
    if len(ends) != len(box.ends) or not all(
        low * box.scale <= inner_low * found.scale and inner_high * found.scale <= high * box.scale
        for (low, high), (inner_low, inner_high) in zip(ends, box.ends, strict=True)
    ):
        raise InputError(file, place, "the box does not contain the property's")
    leaves = sum(node is None for node in region.nodes)
    if leaves > MOST_LEAVES:
        raise InputError(file, place, f"{leaves} leaves; at most {MOST_LEAVES} are exported")
    try:
        for _ in leaf_boxes(root, region.nodes, MOST_LEAVES):
            pass
    except TreeError as error:
        raise InputError(file, place, str(error)) from error
    return found


@dataclass(slots=True)
class _Reading:
    """Nodes in preorder, known to be a tree, read with every leaf shown safe."""

    leaves: Leaves
    place: str
    progress: Progress
    done: int
    leaf: int = 0

    def tree(self, nodes: Iterator[Node], box: IntegerBox, depth: int = 0) -> CutBox:
        """The tree that begins with the next node."""
        node = next(nodes)
        if node is None:
            place = f"{self.place} leaf {self.leaf}"
            found = self.leaves.safe(box, place)
            self.leaf += 1
            for _ in leaves_of(found):
                self.done += 1
                self.progress(self.done)
            if self.done > MOST_LEAVES:
                message = f"with this one, cut further, more than {MOST_LEAVES} leaves"
                raise InputError(self.leaves.file, place, message)
            return found
        if depth == MOST_DEPTH:
            message = f"more than {MOST_DEPTH} cuts below each other are not exported"
            raise InputError(self.leaves.file, self.place, message)
        below, above = parts(box, node.dimension, node.cut)
        first = self.tree(nodes, below, depth + 1)
        return Cut(node.dimension, node.cut, first, self.tree(nodes, above, depth + 1))
