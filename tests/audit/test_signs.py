"""Trees of signs: what they prove is so, what was changed in them is rejected.

Truth is the least exact value over a grid, or by construction; a thousand changed trees.
"""

import json
import random
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import builders
import numpy as np
import pytest
from claim_files import write_property
from gmpy2 import mpq

from refsem.audit import branching
from refsem.audit.findings import Verdict
from refsem.audit.network import Budget, audit_network, silent
from refsem.audit.signs import branch_signs
from refsem.audit.unfinished import NOWHERE
from refsem.certificates import report
from refsem.certificates.tree_file import SignRegion, TreeFile, check_tree, read_tree, tree_object
from refsem.errors import InputError
from refsem.exact import ExactTensor
from refsem.ir import load_model
from refsem.ir.evaluation import Prepared, evaluate_graph, prepare
from refsem.properties import Property, load_property
from refsem.properties.claims import region_claims
from refsem.properties.sign_trees import (
    SignJudge,
    SignLeaf,
    SignNode,
    Signs,
    SignSplit,
    sign_leaves,
)
from refsem.rules.propagation import Method
from refsem.rules.replay import ReplayError
from refsem.rules.tree import TreeError
from refsem.search.signs import SignSearch
from refsem.untrusted.strict_json import read_json

HASHES = ("a" * 64, "b" * 64)
SIDE = 9

Made = tuple[Prepared, Property]


def made(folder: Path, seed: int, unsafe: str, outputs: int = 1) -> Made:
    """Three inputs in [-1, 1], two hidden layers of eight."""
    layers = builders.random_layers((3, 8, 8, outputs), seed=seed, kind="integer")
    prepared = prepare(load_model(builders.sequential(folder / "net.onnx", layers)))
    box = ["-1"] * 3, ["1"] * 3
    wanted = write_property(folder / "p.vnnlib", *box, unsafe, outputs=outputs)
    return prepared, load_property(wanted)


def on_grid(prepared: Prepared) -> ExactTensor:
    steps = [mpq(2 * i, SIDE - 1) - 1 for i in range(SIDE)]
    points = [v for x in steps for y in steps for z in steps for v in (x, y, z)]
    given = {"x": ExactTensor.from_rationals(points, (SIDE**3, 3))}
    return evaluate_graph(prepared, given)["y"]


@pytest.mark.parametrize("seed", [0, 2])
def test_below_the_minimum_holds_and_above_it_is_violated(seed: int, tmp_path: Path) -> None:
    prepared, _ = made(tmp_path, seed, "(assert (<= Y_0 0))")
    least = min(on_grid(prepared).rationals())
    proved = made(tmp_path, seed, f"(assert (<= Y_0 {float(least) - 3:.4f}))")
    (claims,) = region_claims(*proved)
    found = branch_signs(proved[0], claims, time.monotonic() + 60, lambda *_: None, NOWHERE)
    assert found.proof is not None
    assert not found.found
    judge = SignJudge.of(proved[0], claims)
    (tree,) = found.proof.trees
    assert judge.open_leaves(0, tree) == (found.proof.leaves, [])
    above = made(tmp_path, seed, f"(assert (<= Y_0 {float(least) + 0.001:.4f}))")
    (claims,) = region_claims(*above)
    found = branch_signs(above[0], claims, time.monotonic() + 60, lambda *_: None, NOWHERE)
    assert found.proof is None
    if found.found:
        ((values, row),) = found.found.values()
        assert claims.inside(values["x"])[row]
        assert values["y"].rational(row, 0) <= least + mpq(1, 1000)
    else:
        assert found.reason


def test_rows_that_cannot_be_met_together_are_weighed(tmp_path: Path) -> None:
    """y0 = x + y, y1 = x - y: at most -1.1 both means x ≤ -1.1; each alone is met."""
    layers = [builders.layer([[1, 1], [1, -1]], [0, 0])]
    prepared = prepare(load_model(builders.sequential(tmp_path / "m.onnx", layers)))
    unsafe = "(assert (and (<= Y_0 -1.1) (<= Y_1 -1.1)))"
    wanted = load_property(
        write_property(tmp_path / "p.vnnlib", ["-1"] * 2, ["1"] * 2, unsafe, outputs=2)
    )
    (claims,) = region_claims(prepared, wanted)
    found = branch_signs(prepared, claims, time.monotonic() + 20, lambda *_: None, NOWHERE)
    assert found.proof is not None
    assert found.proof.leaves == 1
    (((leaf,),)) = found.proof.trees
    assert isinstance(leaf, SignLeaf)
    judge = SignJudge.of(prepared, claims)
    assert judge.proves(0, (), leaf)
    for weights in ((1, 0), (0, 1)):
        assert not judge.proves(0, (), replace(leaf, weights=weights))
    for weights in ((0, 0), (1, -1), (1,), (1, 1, 1)):
        with pytest.raises(TreeError):
            judge.proves(0, (), replace(leaf, weights=weights))


@pytest.mark.parametrize("strict", [True, False])
def test_a_bound_that_is_just_reached_proves_a_strict_row_alone(
    tmp_path: Path, strict: bool
) -> None:
    layers = [builders.layer([[1, -1]], [0, 0]), builders.layer([[1], [1]], [0])]
    prepared = prepare(load_model(builders.sequential(tmp_path / "abs.onnx", layers)))
    text = f"(assert ({'<' if strict else '<='} Y_0 0))"
    wanted = load_property(write_property(tmp_path / "p.vnnlib", ["-1"], ["0.7"], text))
    (claims,) = region_claims(prepared, wanted)
    leaf = SignLeaf(((0, 0),), (), (1,))
    assert SignJudge.of(prepared, claims).proves(0, (), leaf) is strict


def test_the_audit_splits_signs_where_inputs_are_many(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(branching, "MOST_INPUTS", 2)
    prepared, _ = made(tmp_path, 1, "(assert (<= Y_0 0))")
    least = min(on_grid(prepared).rationals())
    prepared, wanted = made(tmp_path, 1, f"(assert (<= Y_0 {float(least) - 3:.4f}))")
    budget = Budget(60, lambda *_: None, everywhere=True)
    found = audit_network(prepared, wanted, Method.IBP, silent, budget)
    assert found.verdict is Verdict.HOLDS
    assert any("multiplier_lower/sound/lower" in str(r.outcome) for r in found.records)


# changed trees


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> tuple[Made, tuple[SignNode, ...]]:
    """A tree of some leaves, all of which are needed."""
    folder = tmp_path_factory.mktemp("signs")
    prepared, _ = made(folder, 2, "(assert (<= Y_0 0))")
    least = min(on_grid(prepared).rationals())
    property_ = made(folder, 2, f"(assert (<= Y_0 {float(least) - 1.5:.4f}))")
    (claims,) = region_claims(*property_)
    found = branch_signs(property_[0], claims, time.monotonic() + 60, lambda *_: None, NOWHERE)
    assert found.proof is not None
    assert found.proof.leaves >= 4
    return property_, found.proof.trees[0]


Tree = tuple[Made, tuple[SignNode, ...]]


def test_a_search_that_puts_a_leaf_elsewhere_is_not_believed(
    tree: Tree, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both halves judged for one sign: the tree that comes out is not the one that was proved."""

    def cut(search: SignSearch, path: int, signs: Signs, split: SignSplit) -> None:
        search.splits[path] = split
        search.open += [(2 * path + half, (*signs, (split, -1))) for half in (0, 1)]

    (prepared, property_), _ = tree
    (claims,) = region_claims(prepared, property_)
    monkeypatch.setattr(SignSearch, "cut", cut)
    with pytest.raises(AssertionError, match="was not proved for its signs"):
        branch_signs(prepared, claims, time.monotonic() + 60, lambda *_: None, NOWHERE)


def verdict(tree: Tree, nodes: tuple[SignNode, ...]) -> report.Verdict:
    (prepared, property_), _ = tree
    file = TreeFile("test", *HASHES, (SignRegion((nodes,)),))
    return check_tree(file, prepared, property_, HASHES, 1).verdict


def places(nodes: tuple[SignNode, ...], kind: type) -> list[int]:
    return [i for i, node in enumerate(nodes) if isinstance(node, kind)]


Change = Callable[[random.Random, tuple[SignNode, ...]], tuple[SignNode, ...]]


def leaf_removed(source: random.Random, nodes: tuple[SignNode, ...]) -> tuple[SignNode, ...]:
    at = source.choice(places(nodes, SignLeaf))
    return nodes[:at] + nodes[at + 1 :]


def leaf_doubled(source: random.Random, nodes: tuple[SignNode, ...]) -> tuple[SignNode, ...]:
    at = source.choice(places(nodes, SignLeaf))
    return (*nodes[:at], nodes[at], *nodes[at:])


def leaf_changed(
    change: Callable[[random.Random, SignLeaf], SignLeaf],
) -> Change:
    def changed(source: random.Random, nodes: tuple[SignNode, ...]) -> tuple[SignNode, ...]:
        # a leaf whose signs contradict the boxes is proved whatever was chosen
        at = source.choice(places(nodes, SignLeaf))
        leaf = nodes[at]
        assert isinstance(leaf, SignLeaf)
        return (*nodes[:at], change(source, leaf), *nodes[at + 1 :])

    return changed


def slope_illegal(source: random.Random, leaf: SignLeaf) -> SignLeaf:
    slopes = [list(one) for one in leaf.slopes]
    for one in slopes:
        one[source.randrange(len(one))] = source.choice([-1, 4097, 10**9])
    return replace(leaf, slopes=tuple(map(tuple, slopes)))


def multiplier_illegal(source: random.Random, leaf: SignLeaf) -> SignLeaf:
    multipliers = list(leaf.multipliers)
    multipliers[source.randrange(len(multipliers))] = -source.randint(1, 10**30)
    return replace(leaf, multipliers=tuple(multipliers))


def multiplier_missing(_source: random.Random, leaf: SignLeaf) -> SignLeaf:
    return replace(leaf, multipliers=leaf.multipliers[:-1])


def weights_illegal(source: random.Random, leaf: SignLeaf) -> SignLeaf:
    return replace(leaf, weights=source.choice([(), (0,), (-1,), (1, 1)]))


def slopes_missing(_source: random.Random, leaf: SignLeaf) -> SignLeaf:
    return replace(leaf, slopes=leaf.slopes[:-1])


def split_changed(source: random.Random, nodes: tuple[SignNode, ...]) -> tuple[SignNode, ...]:
    """A neuron that is not there."""
    at = source.choice(places(nodes, SignSplit))
    other = source.choice([SignSplit(2, 0), SignSplit(0, 8), SignSplit(1, -1), SignSplit(-1, 0)])
    return (*nodes[:at], other, *nodes[at + 1 :])


REFUSED: dict[str, tuple[Change, int]] = {
    "leaf removed": (leaf_removed, 150),
    "leaf doubled": (leaf_doubled, 150),
    "split changed": (split_changed, 100),
    "multiplier missing": (leaf_changed(multiplier_missing), 100),
    "weights illegal": (leaf_changed(weights_illegal), 100),
    "slopes missing": (leaf_changed(slopes_missing), 100),
}


@pytest.mark.parametrize("name", REFUSED)
def test_changed_trees_are_rejected(tree: Tree, name: str) -> None:
    source = random.Random(name)  # noqa: S311  repeatable, not secret
    change, times = REFUSED[name]
    tried = set()
    (claims,) = region_claims(*tree[0])
    judge = SignJudge.of(tree[0][0], claims)
    for _ in range(times):
        nodes = change(source, tree[1])
        if nodes not in tried:
            with pytest.raises(TreeError):
                judge.open_leaves(0, nodes)
        tried.add(nodes)
    assert verdict(tree, nodes) is report.Verdict.REJECTED


@pytest.mark.parametrize("change", [slope_illegal, multiplier_illegal])
def test_what_a_rule_forbids_proves_no_leaf(
    tree: Tree, change: Callable[[random.Random, SignLeaf], SignLeaf]
) -> None:
    """Except of signs that contradict the boxes, where nothing chosen is looked at."""
    (prepared, property_), nodes = tree
    (claims,) = region_claims(prepared, property_)
    judge, source, refused = SignJudge.of(prepared, claims), random.Random(5), 0  # noqa: S311
    leaves = list(sign_leaves(nodes))
    for signs, leaf in leaves:
        assert judge.proves(0, signs, leaf)
        refused += "does not hold" in refusal(judge, signs, change(source, leaf))
    assert refused > len(leaves) // 2


def refusal(judge: SignJudge, signs: Signs, leaf: SignLeaf) -> str:
    """Why the replay refuses a leaf; empty if it does not."""
    try:
        judge.proves(0, signs, leaf)
    except ReplayError as error:
        return str(error)
    return ""


def test_one_leaf_for_everything_is_rejected(tree: Tree) -> None:
    leaf = next(node for node in tree[1] if isinstance(node, SignLeaf))
    assert verdict(tree, (replace(leaf, multipliers=()),)) is report.Verdict.REJECTED


def test_halves_exchanged_are_rejected(tree: Tree) -> None:
    """Two leaves of one split change places: what was chosen for one half fails in the other."""
    nodes, rejected = tree[1], 0
    for at in places(nodes, SignSplit):
        if all(isinstance(node, SignLeaf) for node in nodes[at + 1 : at + 3]):
            first, second = nodes[at + 1 : at + 3]
            other = (*nodes[: at + 1], second, first, *nodes[at + 3 :])
            rejected += verdict(tree, other) is report.Verdict.REJECTED
    assert rejected >= 1


def test_what_is_written_is_read_and_accepted(tree: Tree, tmp_path: Path) -> None:
    (prepared, property_), nodes = tree
    path = tmp_path / "tree.json"
    path.write_text(json.dumps(tree_object([SignRegion((nodes,))], "test", *HASHES)))
    file = read_tree(read_json(path))
    assert file.regions == (SignRegion((nodes,)),) or file.regions[0].trees == (nodes,)
    found = check_tree(file, prepared, property_, HASHES, 1)
    assert found.verdict is report.Verdict.ACCEPTED
    assert found.facts["derived again by the replay"] == found.facts["leaves"]


@pytest.mark.parametrize("count", [0, 2])
def test_a_tree_for_each_case_is_wanted(tree: Tree, count: int) -> None:
    (prepared, property_), nodes = tree
    file = TreeFile("test", *HASHES, (SignRegion((nodes,) * count),))
    found = check_tree(file, prepared, property_, HASHES, 1)
    assert found.verdict is report.Verdict.REJECTED
    assert "cases" in found.findings[0].message


MALFORMED: dict[str, tuple[dict[str, object], str]] = {
    "a leaf too few": ({"nodes": "0:1 . .", "leaves": ["1|0|0|0"]}, "fewer than there are"),
    "a leaf too many": ({"nodes": ".", "leaves": ["1||0", "1||0"]}, "more than there are"),
    "a fraction": ({"nodes": ".", "leaves": ["1||0.5"]}, "is no list of integers"),
    "two spaces": ({"nodes": ".", "leaves": ["1||0  1"]}, "is no list of integers"),
    "an unknown key": ({"nodes": ".", "leaves": ["1||0"], "x": "1"}, "unknown key"),
}


@pytest.mark.parametrize("name", MALFORMED)
def test_a_malformed_file_is_refused_with_its_place(name: str, tmp_path: Path) -> None:
    case, message = MALFORMED[name]
    path = tmp_path / "tree.json"
    header = tree_object([], "test", *HASHES)
    path.write_text(json.dumps(header | {"regions": [{"cases": [case]}]}))
    with pytest.raises(InputError) as refusal:
        read_tree(read_json(path))
    assert message in str(refusal.value)
    assert "regions[0].cases[0]" in str(refusal.value)


def test_signs_are_those_of_the_network(tree: Tree) -> None:
    """Every point of a sample lies in a leaf: the signs of a path are those the neurons have."""
    (prepared, _), nodes = tree
    values = np.random.default_rng(4).integers(-64, 65, (50, 3))
    points = ExactTensor(values.astype(object), 6, 1)
    found = evaluate_graph(prepared, {"x": points})
    (claims,) = region_claims(*tree[0])
    judge = SignJudge.of(prepared, claims)
    for row in range(50):
        inside = [
            all(
                sign * found[judge.operand(split.relu)].rational(row, split.entry) >= 0
                for split, sign in signs
            )
            for signs, _ in sign_leaves(nodes)
        ]
        assert any(inside)
