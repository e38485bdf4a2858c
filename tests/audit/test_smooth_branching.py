"""Branch and bound of networks of functions: leaves by the replay, trees accepted, changes not."""

import random
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import builders
import mpmath
import numpy as np
import pytest
from claim_files import write_property
from onnx import helper

from refsem.audit import boxes, records
from refsem.audit.boxes import BoxProof
from refsem.audit.branching import Branched, branch
from refsem.audit.findings import Verdict
from refsem.audit.network import Budget, audit_network, silent
from refsem.certificates import report
from refsem.certificates.tree_file import TreeFile, TreeRegion, check_tree
from refsem.ir import load_model
from refsem.ir.evaluation import Prepared, prepare
from refsem.properties import Property, load_property
from refsem.properties.claims import region_claims
from refsem.properties.replayed_leaves import ReplayedLeaves
from refsem.rules.leaves import Boxes
from refsem.rules.propagation import Method
from refsem.rules.tree import Split

HASHES = ("a" * 64, "b" * 64)
FIRST = builders.layer([[2, -1, 1], [1, 1, -3]], [0, 0.25, -0.5])
LAST = builders.layer([[1.5], [-1], [1]], [0.125])


def made(folder: Path, bound: str) -> tuple[Prepared, Property]:
    """Y = LAST(tanh(FIRST(X))) over [-1, 1]^2, unsafe where it is at most the bound."""
    constants: dict[str, builders.Array] = {}
    nodes = builders.affine_nodes("Gemm", FIRST, "X", "first", constants)
    nodes.append(helper.make_node("Tanh", ["first"], ["bent"], "bend"))
    nodes += builders.affine_nodes("Gemm", LAST, "bent", "Y", constants)
    model = builders.save(folder / "m.onnx", nodes, constants, {"X": [1, 2]}, {"Y": [1, 1]})
    text = f"(assert (<= Y_0 {bound}))"
    wanted = write_property(folder / "p.vnnlib", ["-1"] * 2, ["1"] * 2, text)
    return prepare(load_model(model)), load_property(wanted)


def least_on_grid() -> float:
    """The least value over a grid, by mpmath."""
    found = []
    for x in np.linspace(-1, 1, 21):
        for z in np.linspace(-1, 1, 21):
            hidden = [mpmath.tanh(v) for v in np.array([x, z]) @ FIRST[0] + FIRST[1]]
            weighted = (h * float(w) for h, w in zip(hidden, LAST[0][:, 0], strict=True))
            found.append(sum(weighted) + 0.125)
    return float(min(found))


def branched(prepared: Prepared, wanted: Property, seconds: float = 60.0) -> Branched:
    (claims,) = region_claims(prepared, wanted)
    return branch(prepared, claims, time.monotonic() + seconds, lambda *_: None)


Made = tuple[Prepared, Property, BoxProof]


@pytest.fixture(scope="module")
def proved(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """A little below the least value: too close for one box."""
    folder = tmp_path_factory.mktemp("smooth")
    prepared, wanted = made(folder, f"{least_on_grid() - 0.01:.4f}")
    found = branched(prepared, wanted)
    assert isinstance(found.proof, BoxProof)
    assert 2 <= found.proof.leaves <= 200
    assert {"tanh_lower", "substitute_lower", "concretise"} <= found.proof.rules
    return prepared, wanted, found.proof


def verdict(made: Made, region: TreeRegion) -> report.Verdict:
    file = TreeFile("test", *HASHES, (region,))
    return check_tree(file, made[0], made[1], HASHES, 1).verdict


def region(made: Made) -> TreeRegion:
    return TreeRegion(made[2].root, 0, made[2].nodes)


def test_a_tree_is_accepted_and_changed_ones_are_not(proved: Made) -> None:
    good = region(proved)
    assert verdict(proved, good) is report.Verdict.ACCEPTED
    root, nodes = good.root, good.nodes
    for changed in ((None,), nodes[:-1], (*nodes, None)):
        assert verdict(proved, TreeRegion(root, 0, changed)) is report.Verdict.REJECTED
    smaller = Boxes(root.lower + 1, root.upper, root.unit)
    assert verdict(proved, TreeRegion(smaller, 0, nodes)) is report.Verdict.REJECTED


# changed trees


Change = Callable[[random.Random, TreeRegion], TreeRegion]


def leaf_removed(source: random.Random, tree: TreeRegion) -> TreeRegion:
    at = source.choice([i for i, node in enumerate(tree.nodes) if node is None])
    return replace(tree, nodes=tree.nodes[:at] + tree.nodes[at + 1 :])


def leaf_doubled(source: random.Random, tree: TreeRegion) -> TreeRegion:
    at = source.choice([i for i, node in enumerate(tree.nodes) if node is None])
    return replace(tree, nodes=(*tree.nodes[:at], None, *tree.nodes[at:]))


def cut_changed(source: random.Random, tree: TreeRegion) -> TreeRegion:
    """Another dimension, or a cut far outside."""
    at = source.choice([i for i, node in enumerate(tree.nodes) if node is not None])
    node = tree.nodes[at]
    assert node is not None
    other = source.choice([Split(2, node.cut), Split(-1, node.cut), Split(node.dimension, 1 << 51)])
    return replace(tree, nodes=(*tree.nodes[:at], other, *tree.nodes[at + 1 :]))


def box_shrunk(source: random.Random, tree: TreeRegion) -> TreeRegion:
    """One end moved inward, by a unit or by far more."""
    lower, upper = tree.root.lower.copy(), tree.root.upper.copy()
    step, at = source.choice([1, 2**20, 2**40]), source.randrange(2)
    if source.random() < 0.5:
        lower[0, at] += step
    else:
        upper[0, at] -= step
    return replace(tree, root=Boxes(lower, upper, tree.root.unit))


def box_in_other_units(source: random.Random, tree: TreeRegion) -> TreeRegion:
    root = tree.root
    return replace(tree, root=Boxes(root.lower, root.upper, root.unit + source.randint(1, 9)))


REFUSED: dict[str, Change] = {
    change.__name__: change
    for change in (leaf_removed, leaf_doubled, cut_changed, box_shrunk, box_in_other_units)
}


@pytest.mark.parametrize("name", REFUSED)
def test_changed_trees_are_rejected(proved: Made, name: str) -> None:
    source = random.Random(name)  # noqa: S311  repeatable, not secret
    for _ in range(200):
        assert verdict(proved, REFUSED[name](source, region(proved))) is report.Verdict.REJECTED


def test_leaves_joined_are_rejected_where_the_cut_was_needed(proved: Made) -> None:
    """A leaf widened to the box of two: the search cut it because nothing proved it whole."""
    tree, joined = region(proved), 0
    for at, node in enumerate(tree.nodes):
        if node is not None and tree.nodes[at + 1 : at + 3] == (None, None):
            nodes = (*tree.nodes[:at], None, *tree.nodes[at + 3 :])
            joined += 1
            assert verdict(proved, replace(tree, nodes=nodes)) is report.Verdict.REJECTED
    assert joined >= 1


def test_just_above_the_least_value_nothing_is_proved_and_a_point_is_found(
    tmp_path: Path,
) -> None:
    prepared, wanted = made(tmp_path, f"{least_on_grid() + 0.01:.4f}")
    found = branched(prepared, wanted)
    assert found.proof is None
    assert found.found


def test_no_time_and_no_room_prove_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    prepared, wanted = made(tmp_path, f"{least_on_grid() - 0.01:.4f}")
    late = branched(prepared, wanted, -1.0)
    assert (late.proof, late.reason, late.late) == (None, "out of time with 1 boxes open", True)
    monkeypatch.setattr(boxes, "_MOST", 1)
    full = branched(prepared, wanted)
    assert full.proof is None
    assert full.reason.startswith("1 boxes bounded")


def test_leaves_that_prove_nothing_leave_it_undecided(
    proved: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ReplayedLeaves, "empty", lambda _self, _state: False)
    assert branched(*proved[:2], 1.0).proof is None


def test_the_audit_says_which_rules_it_rests_on(
    proved: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(records, "audit_rule", lambda *_: ())
    budget = Budget(60, lambda *_: None, everywhere=False)
    found = audit_network(proved[0], proved[1], Method.IBP, silent, budget)
    assert found.verdict is Verdict.HOLDS
    (tree,) = (r for r in found.records if r.obligation.id == "instance/0/tree")
    assert "tanh_lower/sound/lower" in str(tree.outcome)
