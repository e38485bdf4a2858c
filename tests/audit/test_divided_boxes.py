"""Boxes divided between processes, and time between regions: what comes of them is the same."""

import os
import time
from collections.abc import Callable
from itertools import product
from pathlib import Path

import builders
import pytest
from claim_files import write_property
from forks import none_left
from gmpy2 import mpq
from onnx import helper

from refsem.audit import boxes, branching, network, records
from refsem.audit.boxes import BoxProof
from refsem.audit.branching import Branched, SplitProof, branch
from refsem.audit.findings import Verdict
from refsem.audit.network import Budget, audit_network, silent
from refsem.audit.unfinished import Unfinished
from refsem.exact import ExactTensor
from refsem.ir import load_model
from refsem.ir.evaluation import Prepared, prepare
from refsem.ir.graph_enclosures import enclose_graph
from refsem.properties import Property, load_property
from refsem.properties.claims import RegionClaims, region_claims
from refsem.properties.property import Case, LinearConstraint
from refsem.rules import forked
from refsem.rules.propagation import Method

FIRST = builders.layer([[2, -1, 1], [1, 1, -3]], [0, 0.25, -0.5])
LAST = builders.layer([[1.5], [-1], [1]], [0.125])

SHOWN, UNSAFE = {"Tanh": "-3.22", "Relu": "-2.126"}, {"Tanh": "-3.1"}
"""Bounds a little below the least value, and above it."""


def made(folder: Path, bent: str, bound: str) -> tuple[Prepared, Property]:
    """Y = LAST(bent(FIRST(X))) over [-1, 1]^2, unsafe where it is at most the bound."""
    constants: dict[str, builders.Array] = {}
    nodes = builders.affine_nodes("Gemm", FIRST, "X", "first", constants)
    nodes.append(helper.make_node(bent, ["first"], ["bent"], "bend"))
    nodes += builders.affine_nodes("Gemm", LAST, "bent", "Y", constants)
    model = builders.save(folder / "m.onnx", nodes, constants, {"X": [1, 2]}, {"Y": [1, 1]})
    text = f"(assert (<= Y_0 {bound}))"
    wanted = write_property(folder / "p.vnnlib", ["-1"] * 2, ["1"] * 2, text)
    return prepare(load_model(model)), load_property(wanted)


def branched(one: tuple[Prepared, Property], seconds: float = 60.0) -> Branched:
    (claims,) = region_claims(*one)
    return branch(one[0], claims, time.monotonic() + seconds, lambda *_: None)


def tree(found: Branched) -> tuple[object, ...]:
    """All that a proof says."""
    proof = found.proof
    assert isinstance(proof, BoxProof)
    hulls = {
        name: [*map(str, box.lower.rationals()), *map(str, box.upper.rationals())]
        for name, box in proof.hulls.items()
    }
    return proof.nodes, proof.leaves, proof.rules, hulls


def test_the_hull_of_the_leaves_holds_every_value(tmp_path: Path) -> None:
    prepared, wanted = made(tmp_path, "Tanh", SHOWN["Tanh"])
    proof = branched((prepared, wanted)).proof
    assert isinstance(proof, BoxProof)
    assert proof.leaves > 4
    grid = [mpq(a, 4) for one in product(range(-4, 5), repeat=2) for a in one]
    rows = ExactTensor.from_rationals(grid, (81, 2))
    least, greatest = enclose_graph(prepared, {"X": (rows, rows)}, 60)["Y"]
    hull = proof.hulls["Y"]
    assert hull.lower.rational(0, 0) <= min(least.rationals())
    assert max(greatest.rationals()) <= hull.upper.rational(0, 0)


@pytest.fixture(name="alone", scope="module")
def _alone(tmp_path_factory: pytest.TempPathFactory) -> tuple[object, ...]:
    folder = tmp_path_factory.mktemp("alone")
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(branching, "WORKERS", 1)
        found = tree(branched(made(folder, "Tanh", SHOWN["Tanh"])))
    assert isinstance(found[1], int)
    assert found[1] >= 6
    return found


@pytest.mark.parametrize("processes", [2, 3, 20])
def test_the_tree_does_not_depend_on_the_number_of_processes(
    tmp_path: Path, alone: object, monkeypatch: pytest.MonkeyPatch, processes: int
) -> None:
    monkeypatch.setattr(branching, "WORKERS", processes)
    with none_left():
        assert tree(branched(made(tmp_path, "Tanh", SHOWN["Tanh"]))) == alone


def test_nor_on_whether_they_answer(
    tmp_path: Path, alone: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, asked = os.getpid(), [0]
    fork = os.fork

    def counted() -> int:
        asked[0] += 1
        return fork()

    def failing(_found: object, _stream: object) -> None:
        assert os.getpid() != here
        raise MemoryError

    monkeypatch.setattr(branching, "WORKERS", 2)
    monkeypatch.setattr(os, "fork", counted)
    monkeypatch.setattr(forked.pickle, "dump", failing)
    assert tree(branched(made(tmp_path, "Tanh", SHOWN["Tanh"]))) == alone
    assert asked[0] >= 2


@pytest.mark.parametrize("processes", [1, 2])
def test_points_are_the_same_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, processes: int
) -> None:
    """The root's search is left out: points are met in boxes that another process looks at."""
    real = boxes._met
    monkeypatch.setattr(branching, "WORKERS", processes)
    monkeypatch.setattr(
        boxes, "_met", lambda s, state, *ends: real(s, state, *ends) if s.cut.splits else {}
    )
    found = branched(made(tmp_path, "Tanh", UNSAFE["Tanh"]))
    assert found.proof is None
    assert set(found.found) == {0}


def test_a_search_by_boxes_goes_on_from_where_time_ran_out(tmp_path: Path, alone: object) -> None:
    found, rounds = branched(made(tmp_path, "Tanh", SHOWN["Tanh"]), -1.0), 0
    assert (found.proof, found.late) == (None, True)
    while found.again is not None:
        before = found.exact_seconds
        found, rounds = found.again(time.monotonic() + 0.001), rounds + 1
        assert found.exact_seconds >= before
    assert rounds >= 2
    assert tree(found) == alone


def test_a_chain_goes_on_too(tmp_path: Path) -> None:
    one = made(tmp_path, "Relu", SHOWN["Relu"])
    whole, part = branched(one), branched(one, -1.0)
    assert part.again is not None
    found = part.again(time.monotonic() + 60)
    assert isinstance(whole.proof, SplitProof)
    assert isinstance(found.proof, SplitProof)
    assert found.proof.nodes == whole.proof.nodes
    assert (found.late, found.again) == (False, None)


def test_leaves_that_fail_with_a_great_margin_make_no_search_wary(tmp_path: Path) -> None:
    """Floats had better slopes than the exact check: two leaves are enough, not 10 000 boxes."""
    proof = branched(made(tmp_path, "Relu", SHOWN["Relu"])).proof
    assert isinstance(proof, SplitProof)
    assert proof.leaves <= 4


def test_time_is_shared_by_regions_left_undecided_and_shared_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of three regions bounds show one; the first is late and takes what the second leaves."""
    parts: list[float] = []

    def said(deadline: float) -> None:
        parts.append(deadline - time.monotonic())

    def slow(
        prepared: Prepared,
        claims: RegionClaims,
        deadline: float,
        watch: Callable[[int, int, float], None],
        unfinished: Unfinished | None,
    ) -> Branched:
        said(deadline)

        def again(until: float) -> Branched:
            said(until)
            return branch(prepared, claims, until, watch, unfinished)

        if len(parts) == 1:
            return Branched(None, {}, "out of time", 0.0, 0.0, late=True, again=again)
        return branch(prepared, claims, deadline, watch, unfinished)

    monkeypatch.setattr(network, "branch", slow)
    monkeypatch.setattr(records, "audit_rule", lambda *_: ())
    monkeypatch.setattr(network, "_tolerant", lambda *_: (Verdict.UNDECIDED, None))
    prepared, _ = made(tmp_path, "Tanh", SHOWN["Tanh"])
    unsafe = (LinearConstraint((), ((0, mpq(1)),), mpq(SHOWN["Tanh"]), strict=False),)
    ends = (((-1, -1), (1, 1)), ((0, 0), (mpq(1, 64), mpq(1, 64))), ((-1, -1), (mpq(1, 2), 1)))
    cases = [Case(tuple(map(mpq, low)), tuple(map(mpq, high)), unsafe) for low, high in ends]
    budget = Budget(200.0, lambda *_: None, everywhere=False)
    found = audit_network(prepared, Property(2, 1, tuple(cases)), Method.CROWN, silent, budget)
    assert found.verdict is Verdict.HOLDS
    first, second, again = parts
    assert 80 <= first <= 100
    assert 170 <= second <= 200
    assert 140 <= again <= 200
