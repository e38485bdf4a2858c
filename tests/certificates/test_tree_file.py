"""Split-tree files: what the search writes is accepted, what was changed in it is not.

A thousand changed trees: leaves removed, doubled, joined; cuts moved; boxes shrunk; bounds asked
for in other units.
"""

import json
import random
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import builders
import pytest
from claim_files import write_property

from refsem.audit.branching import branch
from refsem.certificates.report import Verdict
from refsem.certificates.tree_file import (
    TreeFile,
    TreeRegion,
    check_tree,
    read_tree,
    tree_object,
)
from refsem.errors import InputError
from refsem.ir import load_model
from refsem.ir.evaluation import Prepared, prepare
from refsem.properties import Property, load_property
from refsem.properties.claims import region_claims
from refsem.rules.leaves import Boxes
from refsem.rules.tree import Node, Split
from refsem.untrusted.strict_json import read_json

HASHES = ("a" * 64, "b" * 64)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Prepared, Property, TreeRegion]:
    """A tree of a dozen leaves, most of which are needed."""
    folder = tmp_path_factory.mktemp("tree")
    layers = builders.random_layers((2, 16, 16, 1), seed=6, kind="integer")
    prepared = prepare(load_model(builders.sequential(folder / "net.onnx", layers)))
    unsafe = "(assert (<= Y_0 69.5))"
    wanted = load_property(write_property(folder / "p.vnnlib", ["-1"] * 2, ["1"] * 2, unsafe))
    (claims,) = region_claims(prepared, wanted)
    found = branch(prepared, claims, time.monotonic() + 60, lambda *_: None)
    assert found.proof is not None
    assert 8 <= found.proof.leaves <= 400
    return prepared, wanted, TreeRegion(found.proof.root, found.proof.unit, found.proof.nodes)


Made = tuple[Prepared, Property, TreeRegion]


def judged(made: Made, region: TreeRegion, hashes: tuple[str, str] = HASHES) -> Verdict:
    tree = TreeFile("test", *HASHES, (region,))
    return check_tree(tree, made[0], made[1], hashes, 1).verdict


def written(made: Made) -> dict[str, object]:
    found = json.loads(json.dumps(tree_object([made[2]], "test", *HASHES)))
    assert isinstance(found, dict)
    return found


def test_what_is_written_is_read_and_accepted(made: Made, tmp_path: Path) -> None:
    path = tmp_path / "tree.json"
    path.write_text(json.dumps(written(made)))
    tree = read_tree(read_json(path))
    (region,) = tree.regions
    assert region.nodes == made[2].nodes
    assert (region.root.lower == made[2].root.lower).all()
    report = check_tree(tree, made[0], made[1], HASHES, 2)
    assert report.verdict is Verdict.ACCEPTED
    assert report.facts["leaves"] == str(made[2].nodes.count(None))
    assert report.facts["derived again by the replay"] != "0"


@pytest.mark.parametrize("which", [0, 1])
def test_another_model_or_property_is_rejected(made: Made, which: int) -> None:
    hashes = ("c" * 64, HASHES[1]) if which == 0 else (HASHES[0], "c" * 64)
    assert judged(made, made[2], hashes) is Verdict.REJECTED


def test_a_region_too_few_or_too_many_is_rejected(made: Made) -> None:
    for regions in ((), (made[2], made[2])):
        tree = TreeFile("test", *HASHES, regions)
        report = check_tree(tree, made[0], made[1], HASHES, 1)
        assert report.verdict is Verdict.REJECTED
        assert "boxes" in report.findings[0].message


# changed trees

Change = Callable[[random.Random, TreeRegion], TreeRegion]


def leaf_numbers(nodes: tuple[Node, ...]) -> list[int]:
    return [i for i, node in enumerate(nodes) if node is None]


def leaf_removed(source: random.Random, region: TreeRegion) -> TreeRegion:
    at = source.choice(leaf_numbers(region.nodes))
    return replace(region, nodes=region.nodes[:at] + region.nodes[at + 1 :])


def leaf_doubled(source: random.Random, region: TreeRegion) -> TreeRegion:
    at = source.choice(leaf_numbers(region.nodes))
    return replace(region, nodes=(*region.nodes[:at], None, *region.nodes[at:]))


def node_changed(source: random.Random, region: TreeRegion) -> TreeRegion:
    """Another dimension, or a cut far outside."""
    at = source.choice([i for i, node in enumerate(region.nodes) if node is not None])
    node = region.nodes[at]
    assert node is not None
    other = source.choice([Split(2, node.cut), Split(-1, node.cut), Split(node.dimension, 1 << 51)])
    return replace(region, nodes=(*region.nodes[:at], other, *region.nodes[at + 1 :]))


def box_shrunk(source: random.Random, region: TreeRegion) -> TreeRegion:
    """One unit of one end."""
    lower, upper = region.root.lower.copy(), region.root.upper.copy()
    if source.random() < 0.5:
        lower[0, source.randrange(2)] += 1
    else:
        upper[0, source.randrange(2)] -= 1
    return replace(region, root=Boxes(lower, upper, region.root.unit))


def box_in_other_units(source: random.Random, region: TreeRegion) -> TreeRegion:
    """The same integers, half as great or less."""
    root = region.root
    return replace(region, root=Boxes(root.lower, root.upper, root.unit + source.randint(1, 9)))


REFUSED: dict[str, Change] = {
    change.__name__: change
    for change in (
        leaf_removed,
        leaf_doubled,
        node_changed,
        box_shrunk,
        box_in_other_units,
    )
}


@pytest.mark.parametrize("name", REFUSED)
def test_changed_trees_are_rejected(made: Made, name: str) -> None:
    source = random.Random(name)  # noqa: S311  repeatable, not secret
    for _ in range(200):
        assert judged(made, REFUSED[name](source, made[2])) is Verdict.REJECTED


def test_leaves_joined_are_rejected_unless_the_whole_is_provable(made: Made) -> None:
    """Two leaves of one cut replaced by their box: of some, the cut was needed."""
    region, joined, rejected = made[2], 0, 0
    for at, node in enumerate(region.nodes):
        if node is not None and region.nodes[at + 1 : at + 3] == (None, None):
            nodes = (*region.nodes[:at], None, *region.nodes[at + 3 :])
            joined += 1
            rejected += judged(made, replace(region, nodes=nodes)) is Verdict.REJECTED
    assert joined >= 3
    assert rejected >= 2


def test_one_leaf_for_everything_is_rejected(made: Made) -> None:
    assert judged(made, replace(made[2], nodes=(None,))) is Verdict.REJECTED


def test_units_in_which_nothing_fits_are_rejected(made: Made) -> None:
    for unit in (60, 300, 1000):
        assert judged(made, replace(made[2], bound_unit=unit)) is Verdict.REJECTED


def test_units_too_coarse_to_prove_anything_are_rejected(made: Made) -> None:
    assert judged(made, replace(made[2], bound_unit=0)) is Verdict.REJECTED


# malformed files

MALFORMED: dict[str, tuple[Callable[[dict[str, object]], object], str]] = {
    "another format": (lambda f: f | {"format": "refsem.tree.v2"}, "format: not 'refsem.tree.v1'"),
    "an unknown key": (lambda f: f | {"slack": "1"}, "slack: unknown key"),
    "no regions": (lambda f: {k: v for k, v in f.items() if k != "regions"}, "is missing"),
    "a number for nodes": (lambda f: region_with(f, nodes=3), "nodes: a number where a string"),
    "a strange node": (lambda f: region_with(f, nodes="0:1 . x"), "node 2: 'x' is neither"),
    "two spaces": (lambda f: region_with(f, nodes="0:1  . ."), "node 1: '' is neither"),
    "a fraction for an end": (lambda f: region_with(f, lower=["0.5", "0"]), "lower[0]: '0.5'"),
    "an end too long": (lambda f: region_with(f, lower=["9" * 17, "0"]), "is no integer of at"),
    "ends that cross": (lambda f: region_with(f, lower=["4503599627370495"] * 2), "is below its"),
    "ends of two lengths": (lambda f: region_with(f, lower=["0"]), "2 ends, but 1"),
    "a negative unit": (lambda f: region_with(f, unit=-1), "unit: expected an integer"),
    "a unit that is text": (lambda f: region_with(f, unit="49"), "unit: expected an integer"),
    "a list": (lambda f: [f], "where an object was expected"),
}


def region_with(found: dict[str, object], **changes: object) -> dict[str, object]:
    regions = found["regions"]
    assert isinstance(regions, list)
    return found | {"regions": [regions[0] | changes]}


@pytest.mark.parametrize("name", MALFORMED)
def test_a_malformed_file_is_refused_with_its_place(made: Made, tmp_path: Path, name: str) -> None:
    spoil, message = MALFORMED[name]
    path = tmp_path / "tree.json"
    path.write_text(json.dumps(spoil(written(made))))
    with pytest.raises(InputError) as refusal:
        read_tree(read_json(path))
    assert message in str(refusal.value)
    assert "tree.json" in str(refusal.value)
