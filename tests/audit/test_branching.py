"""Branch and bound: what it proves is so, what it finds meets the unsafe set, else it says why not.

On small networks truth is the least exact value on a fine grid; on ACAS Xu the verdicts are known.
Spoilt leaf checks and spoilt searches must prove nothing.
"""

import time
from pathlib import Path

import builders
import numpy as np
import pytest
from claim_files import write_property
from gmpy2 import mpq

from refsem.audit import branching
from refsem.audit.branching import Branched, SplitProof, branch
from refsem.audit.findings import NetworkAudit, Verdict
from refsem.audit.network import Budget, audit_network, silent
from refsem.audit.signs import SignProof
from refsem.exact import ExactTensor
from refsem.ir import load_model
from refsem.ir.evaluation import Prepared, evaluate_graph, prepare
from refsem.properties import load_property
from refsem.properties.claims import RegionClaims, region_claims, with_sums
from refsem.properties.leaves import LeafJudge
from refsem.properties.trees import TreeCheck
from refsem.rules.propagation import Method
from refsem.rules.tree import leaf_boxes

GRID = 33


def unwatched(_leaves: int, _boxes: int, _left: float) -> None:
    pass


def small(folder: Path, seed: int, bound: str) -> tuple[Prepared, RegionClaims]:
    """Two inputs in [-1, 1]^2, unsafe where the first output is at most the bound."""
    layers = builders.random_layers((2, 6, 6, 1), seed=seed, kind="binary32")
    prepared = prepare(load_model(builders.sequential(folder / "net.onnx", layers)))
    unsafe = f"(assert (<= Y_0 {bound}))"
    wanted = load_property(write_property(folder / "p.vnnlib", ["-1"] * 2, ["1"] * 2, unsafe))
    (claims,) = region_claims(prepared, wanted)
    return prepared, claims


def least_on_grid(prepared: Prepared) -> mpq:
    """The least exact value of the output over a grid of points."""
    steps = [mpq(2 * i, GRID - 1) - 1 for i in range(GRID)]
    points = [value for x in steps for y in steps for value in (x, y)]
    given = {"x": ExactTensor.from_rationals(points, (GRID * GRID, 2))}
    return min(evaluate_graph(prepared, given)["y"].rationals())


def branched(prepared: Prepared, claims: RegionClaims, seconds: float = 60.0) -> Branched:
    return branch(prepared, claims, time.monotonic() + seconds, unwatched)


def decimal(value: mpq) -> str:
    return f"{float(value):.6f}"


@pytest.mark.parametrize("seed", range(6))
def test_just_below_the_minimum_holds_and_just_above_is_violated(seed: int, tmp_path: Path) -> None:
    prepared, _ = small(tmp_path, seed, "0")
    least = least_on_grid(prepared)
    _, claims = small(tmp_path, seed, decimal(least - mpq(3, 10)))
    found = branched(prepared, claims)
    assert found.proof is not None
    assert not found.found
    assert isinstance(found.proof, SplitProof)
    boxes = next(leaf_boxes(found.proof.root, found.proof.nodes, 10**6))
    assert boxes.count == found.proof.leaves >= found.proof.reviewed >= 1
    _, claims = small(tmp_path, seed, decimal(least + mpq(1, 1000)))
    found = branched(prepared, claims)
    assert found.proof is None
    ((values, row),) = found.found.values()
    assert values["y"].rational(row, 0) <= least + mpq(1, 1000)
    assert claims.inside(values["x"])[row]


def test_a_property_that_is_just_touched_is_never_proved(tmp_path: Path) -> None:
    """y = relu(x) + relu(-x) is 0 at 0 alone: unsafe is y ≤ 0, or y < 0."""
    layers = [builders.layer([[1, -1]], [0, 0]), builders.layer([[1], [1]], [0])]
    prepared = prepare(load_model(builders.sequential(tmp_path / "abs.onnx", layers)))
    verdicts = {}
    for sign in ("<=", "<"):
        text = f"(assert ({sign} Y_0 0))"
        wanted = load_property(write_property(tmp_path / "p.vnnlib", ["-1"], ["0.7"], text))
        (claims,) = region_claims(prepared, wanted)
        verdicts[sign] = branched(prepared, claims, 2.0)
    assert verdicts["<="].proof is None
    assert verdicts["<"].proof is not None or verdicts["<"].reason


def test_no_time_proves_nothing(tmp_path: Path) -> None:
    prepared, claims = small(tmp_path, 1, "-50")
    found = branched(prepared, claims, -1.0)
    assert found.proof is None
    assert found.reason == "out of time with 1 boxes open"


def test_leaves_the_search_only_claims_are_cut_until_the_check_accepts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A search that takes every box for decided costs time, not truth."""
    prepared, _ = small(tmp_path, 2, "0")
    _, claims = small(tmp_path, 2, decimal(least_on_grid(prepared) - mpq(3, 10)))
    honest = branching.Branching.reopen
    calls = []

    def counted(self: branching.Branching, boxes: list[tuple[int, object, object]]) -> None:
        calls.append(len(boxes))
        honest(self, boxes)  # type: ignore[arg-type]

    monkeypatch.setattr(branching.Branching, "reopen", counted)
    hopeful = branching.Branching.over

    def eager(*arguments: object) -> branching.Branching:
        search = hopeful(*arguments)  # type: ignore[arg-type]
        search.slack = -1.0
        return search

    monkeypatch.setattr(branching.Branching, "over", eager)
    found = branched(prepared, claims, 60.0)
    assert calls
    assert found.proof is not None


def test_a_leaf_check_that_refuses_everything_proves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepared, claims = small(tmp_path, 1, "-50")
    monkeypatch.setattr(TreeCheck, "_empty", lambda _self, boxes: [False] * boxes.count)
    found = branched(prepared, claims, 1.0)
    assert found.proof is None
    assert found.reason


def test_a_root_that_does_not_cover_the_region_proves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepared, claims = small(tmp_path, 1, "-50")
    monkeypatch.setattr(LeafJudge, "covers", lambda _self, _boxes: False)
    with pytest.raises(AssertionError, match="does not contain"):
        branched(prepared, claims)


@pytest.mark.parametrize(("inputs", "proof"), [(2, SplitProof), (17, SignProof)])
def test_chains_unrolled_have_few_inputs_split_else_signs(
    tmp_path: Path, inputs: int, proof: type[SplitProof | SignProof]
) -> None:
    """The unsafe set speaks of the input too."""
    layers = builders.random_layers((inputs, 6, 1), seed=1, kind="binary32")
    prepared = prepare(load_model(builders.sequential(tmp_path / "net.onnx", layers)))
    text = "(assert (<= (+ Y_0 X_0) -150))"
    ends = ["-1"] * inputs, ["1"] * inputs
    wanted = load_property(write_property(tmp_path / "p.vnnlib", *ends, text))
    (claims,) = region_claims(prepared, wanted)
    assert isinstance(branched(prepared, claims).proof, proof)


UNSAFE = {
    "out of reach together": ("(assert (and (<= Y_0 -1.1) (<= Y_1 -1.1)))", True),
    "within reach together": ("(assert (and (<= Y_0 -0.9) (<= Y_1 -0.9)))", False),
    "a sum of nothing": ("(assert (and (<= Y_0 0.5) (>= Y_0 0.6)))", True),
    "touching": ("(assert (and (<= Y_0 -1) (<= Y_1 -1)))", False),
}


@pytest.mark.parametrize("name", UNSAFE)
def test_constraints_are_summed(name: str, tmp_path: Path) -> None:
    """y0 = x + z, y1 = x - z over [-1, 1]^2: each is met where z is right, both where x is."""
    text, holds = UNSAFE[name]
    layers = [builders.layer([[1, 1], [1, -1]], [0, 0])]
    prepared = prepare(load_model(builders.sequential(tmp_path / "net.onnx", layers)))
    wanted = load_property(
        write_property(tmp_path / "p.vnnlib", ["-1"] * 2, ["1"] * 2, text, outputs=2)
    )
    (claims,) = region_claims(prepared, wanted)
    stronger = with_sums(prepared, claims)
    assert stronger.bounds.size == claims.bounds.size + 1
    found = branched(prepared, claims, 5.0)
    if holds:
        assert isinstance(found.proof, SplitProof)
        assert found.proof.leaves == 1
    else:
        assert found.found


def test_a_sum_with_what_was_just_rectified_is_still_a_chain(tmp_path: Path) -> None:
    first, inner, last = (
        builders.random_layers(widths, seed=seed, kind="integer")[0]
        for seed, widths in enumerate(((2, 3), (3, 3), (3, 1)))
    )
    prepared = prepare(load_model(builders.residual(tmp_path / "net.onnx", first, inner, last)))
    text = "(assert (<= Y_0 -100))"
    wanted = load_property(write_property(tmp_path / "p.vnnlib", ["-1"] * 2, ["1"] * 2, text))
    (claims,) = region_claims(prepared, wanted)
    assert branched(prepared, claims).proof is not None


# ACAS Xu

KNOWN = [
    ("2_2", 4, Verdict.HOLDS),
    ("1_4", 3, Verdict.HOLDS),
    ("3_3", 3, Verdict.HOLDS),
    ("1_7", 3, Verdict.VIOLATED),
]


def acas(data: Path, network: str, number: int) -> NetworkAudit:
    folder = data / "networks/acasxu"
    prepared = prepare(load_model(folder / f"ACASXU_run2a_{network}_batch_2000.onnx"))
    wanted = load_property(folder / f"prop_{number}.vnnlib")
    return audit_network(
        prepared, wanted, Method.CROWN, silent, Budget(300.0, unwatched, everywhere=False)
    )


@pytest.mark.parametrize(("network", "number", "verdict"), KNOWN)
def test_known_verdicts_on_acas(data: Path, network: str, number: int, verdict: Verdict) -> None:
    found = acas(data, network, number)
    assert found.verdict is verdict
    (region,) = found.regions
    assert (region.proof is not None) == (verdict is Verdict.HOLDS)
    assert not any(record.surprising for record in found.judged())


ALL = [(f"{i}_{j}", number) for number in (3, 4) for i in range(1, 6) for j in range(1, 10)]


@pytest.mark.nightly
@pytest.mark.parametrize(("network", "number"), ALL)
def test_every_verdict_on_acas(data: Path, network: str, number: int) -> None:
    fails = network in ("1_7", "1_8", "1_9")
    assert acas(data, network, number).verdict is (Verdict.VIOLATED if fails else Verdict.HOLDS)


def test_centres_and_radii_stay_inside(tmp_path: Path) -> None:
    """Candidates are moved into the region's box, whose ends are decimals no float holds."""
    layers = builders.random_layers((1, 2, 1), seed=1, kind="binary32")
    prepared = prepare(load_model(builders.sequential(tmp_path / "net.onnx", layers)))
    text = "(assert (<= Y_0 1000))"
    wanted = load_property(write_property(tmp_path / "p.vnnlib", ["0.1"], ["0.3"], text))
    (claims,) = region_claims(prepared, wanted)
    found = branched(prepared, claims)
    ((values, row),) = found.found.values()
    assert mpq(1, 10) <= values["x"].rational(row, 0) <= mpq(3, 10)
    assert np.asarray(claims.inside(values["x"])).all()
