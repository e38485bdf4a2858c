"""Trees of signs and of replayed boxes, interrupted and gone on with: the verdict stays the same.

Nothing in a file of unfinished work counts as proof, and what does not fit is refused.
"""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import builders
import pytest
from claim_files import write_property
from onnx import helper

from refsem.audit import branching, cuts
from refsem.audit.boxes import BoxProof
from refsem.audit.branching import Branched, branch
from refsem.audit.signs import SignProof
from refsem.audit.unfinished import Unfinished
from refsem.certificates import report
from refsem.certificates.tree_file import SignRegion, TreeFile, TreeRegion, check_tree
from refsem.errors import InputError
from refsem.ir import load_model
from refsem.ir.evaluation import Prepared, prepare
from refsem.properties import Property, load_property
from refsem.properties.claims import region_claims
from refsem.properties.replayed_leaves import ReplayedLeaves
from refsem.properties.sign_trees import SignJudge
from refsem.search import signs

HASHES = ("a" * 64, "b" * 64)
KINDS = ("boxes", "signs")


@dataclass(frozen=True)
class Made:
    """A property that holds, and where its unfinished work is kept."""

    prepared: Prepared
    wanted: Property
    file: Path

    def branched(self, watch: Callable[[int, int, float], None], seconds: float = 60) -> Branched:
        (claims,) = region_claims(self.prepared, self.wanted)
        unfinished = Unfinished.of(self.file, HASHES)
        return branch(self.prepared, claims, time.monotonic() + seconds, watch, unfinished)


def of_boxes(folder: Path) -> Made:
    """tanh over two inputs; about ten boxes."""
    constants: dict[str, builders.Array] = {}
    first = builders.layer([[2, -1, 1], [1, 1, -3]], [0, 0.25, -0.5])
    nodes = builders.affine_nodes("Gemm", first, "X", "first", constants)
    nodes.append(helper.make_node("Tanh", ["first"], ["bent"], "bend"))
    last = builders.layer([[1.5], [-1], [1]], [0.125])
    nodes += builders.affine_nodes("Gemm", last, "bent", "Y", constants)
    model = builders.save(folder / "m.onnx", nodes, constants, {"X": [1, 2]}, {"Y": [1, 1]})
    wanted = write_property(folder / "p.vnnlib", ["-1"] * 2, ["1"] * 2, "(assert (<= Y_0 -3.24))")
    return Made(prepare(load_model(model)), load_property(wanted), folder / "unfinished.json")


def of_signs(folder: Path) -> Made:
    """Three inputs, two layers of eight, two cases."""
    layers = builders.random_layers((3, 8, 8, 1), seed=2, kind="integer")
    model = builders.sequential(folder / "m.onnx", layers)
    unsafe = "(assert (or (and (<= Y_0 -29)) (and (<= Y_0 -28))))"
    wanted = write_property(folder / "p.vnnlib", ["-1"] * 3, ["1"] * 3, unsafe)
    return Made(prepare(load_model(model)), load_property(wanted), folder / "unfinished.json")


@pytest.fixture
def made(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Made:
    monkeypatch.setattr(branching, "MOST_INPUTS", 2)
    monkeypatch.setattr(signs, "BATCH", 2)
    kind: str = request.param
    return of_boxes(tmp_path) if kind == "boxes" else of_signs(tmp_path)


every_kind = pytest.mark.parametrize("made", KINDS, indirect=True)


def stopping_after(rounds: int) -> Callable[[int, int, float], None]:
    """Ctrl-C after so many rounds."""
    left = rounds

    def watch(_leaves: int, _open: int, _seconds: float) -> None:
        nonlocal left
        left -= 1
        if left < 0:
            raise KeyboardInterrupt

    return watch


def texts(file: Path) -> list[str]:
    """The nodes of each tree in the file."""
    ((_, region),) = json.loads(file.read_text("utf-8"))["regions"].items()
    found: list[str] = region["cases"] if "cases" in region else [region["nodes"]]
    return found


def rewritten(file: Path, change: Callable[[str], str]) -> None:
    found: dict[str, Any] = json.loads(file.read_text("utf-8"))
    ((key, region),) = found["regions"].items()
    if "cases" in region:
        region = {"cases": [change(text) for text in region["cases"]]}
    else:
        region = region | {"nodes": change(region["nodes"])}
    file.write_text(json.dumps(found | {"regions": {key: region}}))


def accepted(made: Made, found: Branched) -> bool:
    match found.proof:
        case BoxProof(root, nodes):
            region: TreeRegion | SignRegion = TreeRegion(root, 0, nodes)
        case SignProof(trees):
            region = SignRegion(trees)
        case _:
            return False
    file = TreeFile("test", *HASHES, (region,))
    return (
        check_tree(file, made.prepared, made.wanted, HASHES, 1).verdict is report.Verdict.ACCEPTED
    )


def unwatched(_leaves: int, _open: int, _seconds: float) -> None:
    pass


@every_kind
def test_an_interrupted_run_ends_with_the_same_tree(made: Made) -> None:
    whole = made.branched(unwatched).proof
    assert isinstance(whole, BoxProof | SignProof)
    assert whole.leaves >= 6
    made.file.unlink()
    for rounds in (0, 5):
        with pytest.raises(KeyboardInterrupt):
            made.branched(stopping_after(rounds))
        assert any("?" in text for text in texts(made.file))
    assert sum(text.count(":") for text in texts(made.file)) >= 2
    found = made.branched(unwatched)
    assert isinstance(found.proof, type(whole))
    assert found.proof.leaves == whole.leaves
    assert accepted(made, found)


@every_kind
def test_what_is_called_decided_is_proved_again(
    made: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(KeyboardInterrupt):
        made.branched(stopping_after(5))
    rewritten(made.file, lambda text: text.replace("?", "."))
    copy = made.file.read_bytes()
    found = made.branched(unwatched)
    assert accepted(made, found)
    # and with a judge that proves nothing no claim of the file is worth anything
    made.file.write_bytes(copy)
    monkeypatch.setattr(ReplayedLeaves, "empty", lambda *_: False)
    monkeypatch.setattr(SignJudge, "proves", lambda *_: False)
    assert made.branched(unwatched, 1.0).proof is None


@every_kind
def test_a_file_that_calls_everything_decided_changes_nothing(made: Made) -> None:
    with pytest.raises(KeyboardInterrupt):
        made.branched(stopping_after(1))
    rewritten(made.file, lambda _text: ".")
    found = made.branched(unwatched)
    assert accepted(made, found)
    assert found.proof is not None
    assert found.proof.leaves >= 6


@every_kind
def test_what_ran_out_of_time_is_kept(made: Made) -> None:
    assert made.branched(unwatched, -1.0).late
    assert set(texts(made.file)) == {"?"}
    assert accepted(made, made.branched(unwatched))


MALFORMED = {
    "no node": ("", "'' is neither"),
    "a strange node": ("0:1 . x", "'x' is neither"),
    "a part too many": (". .", "or one too many"),
    "a part too few": ("0:1 .", "1 boxes left open"),
    "nothing to cut": ("9:0 . .", "there is no"),
    "nothing there to cut": ("0:99999999999999999 . .", "0"),
    "a long one": ("0:1 " * 20_001 + ". " * 20_001 + ".", "node 1: "),
}


@every_kind
@pytest.mark.parametrize("name", MALFORMED)
def test_what_is_no_tree_is_refused(made: Made, name: str) -> None:
    made.branched(unwatched, -1.0)
    text, message = MALFORMED[name]
    rewritten(made.file, lambda _text: text)
    with pytest.raises(InputError) as refusal:
        made.branched(unwatched)
    assert "unfinished.json" in str(refusal.value)
    assert message in str(refusal.value)


@pytest.mark.parametrize("made", ["signs"], indirect=True)
def test_signs_of_another_network_are_refused(made: Made) -> None:
    made.branched(unwatched, -1.0)
    for text, message in (
        ("2:0 . .", "no entry 0 of ReLU 2"),
        ("1:8 . .", "no entry 8 of ReLU 1"),
        ("1:-1 . .", "no entry -1 of ReLU 1"),
        ("1:3 . 1:3 . .", "is split above it already"),
    ):
        rewritten(made.file, lambda _, text=text: text)
        with pytest.raises(InputError, match=message):
            made.branched(unwatched)


@pytest.mark.parametrize(
    ("made", "region", "message"),
    [
        ("boxes", {"cases": ["?"]}, "it is the box of this region that is cut"),
        ("signs", {"unit": 3, "nodes": "?"}, "it is signs by which this region is cut"),
        ("signs", {"cases": ["?"]}, "1 trees, but the region has 2 cases"),
        ("boxes", {"unit": 3, "nodes": "?"}, "3, but the box's is"),
        ("signs", {"cases": [3]}, "a number where a string"),
        ("signs", {"cases": ["?", "?"], "unit": 3}, "unknown key"),
    ],
    indirect=["made"],
)
def test_another_kind_of_tree_is_refused(
    made: Made, region: dict[str, object], message: str
) -> None:
    made.branched(unwatched, -1.0)
    found: dict[str, Any] = json.loads(made.file.read_text("utf-8"))
    ((key, _),) = found["regions"].items()
    made.file.write_text(json.dumps(found | {"regions": {key: region}}))
    with pytest.raises(InputError, match=message):
        made.branched(unwatched)


@every_kind
def test_depth_has_an_end(made: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(KeyboardInterrupt):
        made.branched(stopping_after(5))
    monkeypatch.setattr(cuts, "MOST_DEPTH", 1)
    with pytest.raises(InputError, match="more than 1 cuts above it"):
        made.branched(unwatched)
