"""Split-tree files, `refsem.tree.v1`: a property proved by tiling its boxes with provable leaves.

```json
{"format": "refsem.tree.v1", "producer": "…", "model_sha256": "…", "property_sha256": "…",
 "regions": [{"unit": 49, "bound_unit": 30, "lower": ["…"], "upper": ["…"], "nodes": "0:12 . ."}]}
```

One region for each distinct box of the property, in order. Ends are integers times 2^-unit.
Nodes in preorder, separated by spaces: `d:c` cuts dimension d at the integer c, `.` is a leaf.
Nothing in the file is believed: boxes are made from the cuts, and each leaf is bounded anew.

A region may instead be cut where pre-activations change sign (`refsem.properties.sign_trees`):
`{"cases": [{"nodes": "0:5 . .", "leaves": ["1 0|7|0 4096", …]}]}` has a tree for each case, in
which `r:i` splits entry i of ReLU r's operand, and for each leaf its weights, its multipliers and
the slopes below each ReLU. They are chosen values: the rules say which are allowed.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import assert_never

import numpy as np

from refsem.certificates.report import (
    Answers,
    CheckReport,
    Finding,
    Semantics,
    judged,
    undecided,
)
from refsem.errors import InputError
from refsem.exact.sliced import BITS, FloatArray, TooWideError
from refsem.ir.evaluation import Prepared
from refsem.properties import Property
from refsem.properties.chains import chained
from refsem.properties.claims import RegionClaims, region_claims, with_sums
from refsem.properties.leaves import LeafJudge
from refsem.properties.replayed_leaves import ReplayedLeaves
from refsem.properties.sign_trees import SignJudge, SignLeaf, SignNode, SignSplit, splits_signs
from refsem.properties.trees import TreeCheck
from refsem.rules.chain import NotChain
from refsem.rules.leaves import Boxes
from refsem.rules.replay import ReplayError
from refsem.rules.tree import Node, Split, TreeError
from refsem.untrusted.strict_json import Number, Value

FORMAT = "refsem.tree.v1"
UNIT_LIMIT = 1000
_NODE = re.compile(r"\.|([0-9]{1,9}):(-?[0-9]{1,17})")


@dataclass(frozen=True, slots=True, eq=False)
class TreeRegion:
    """A tree over one box, with the unit of its bounds."""

    root: Boxes
    bound_unit: int
    nodes: tuple[Node, ...]


@dataclass(frozen=True, slots=True, eq=False)
class SignRegion:
    """A tree of signs for each case of a region."""

    trees: tuple[tuple[SignNode, ...], ...]


AnyRegion = TreeRegion | SignRegion


@dataclass(frozen=True, slots=True, eq=False)
class TreeFile:
    """What a file says."""

    producer: str
    model_sha256: str
    property_sha256: str
    regions: tuple[AnyRegion, ...]


def tree_object(
    regions: Iterable[AnyRegion], producer: str, model_sha256: str, property_sha256: str
) -> dict[str, object]:
    """The file's JSON object."""
    return {
        "format": FORMAT,
        "producer": producer,
        "model_sha256": model_sha256,
        "property_sha256": property_sha256,
        "regions": [_region_object(region) for region in regions],
    }


def _region_object(region: AnyRegion) -> dict[str, object]:
    match region:
        case TreeRegion():
            return {
                "unit": region.root.unit,
                "bound_unit": region.bound_unit,
                "lower": [str(int(end)) for end in region.root.lower[0]],
                "upper": [str(int(end)) for end in region.root.upper[0]],
                "nodes": " ".join(_text(node) for node in region.nodes),
            }
        case SignRegion():
            return {"cases": [_signs_object(nodes) for nodes in region.trees]}
        case _:
            assert_never(region)


def _signs_object(nodes: Sequence[SignNode]) -> dict[str, object]:
    leaves = [node for node in nodes if isinstance(node, SignLeaf)]
    return {
        "nodes": " ".join(
            f"{node.relu}:{node.entry}" if isinstance(node, SignSplit) else "." for node in nodes
        ),
        "leaves": [
            "|".join(
                " ".join(map(str, part)) for part in (leaf.weights, leaf.multipliers, *leaf.slopes)
            )
            for leaf in leaves
        ],
    }


def _text(node: Node) -> str:
    return "." if node is None else f"{node.dimension}:{node.cut}"


def read_tree(root: Value) -> TreeFile:
    """The file as it stands; `InputError` for what is not of this form."""
    keys = ("format", "producer", "model_sha256", "property_sha256", "regions")
    found = root.members(keys, ())
    if found["format"].text() != FORMAT:
        raise found["format"].error(f"not {FORMAT!r}")
    return TreeFile(
        found["producer"].text(),
        found["model_sha256"].text(),
        found["property_sha256"].text(),
        tuple(_region(one) for one in found["regions"].items()),
    )


def _region(value: Value) -> AnyRegion:
    if "cases" in value.entries():
        cases = value.members(("cases",), ())["cases"]
        return SignRegion(tuple(tuple(_sign_nodes(one)) for one in cases.items()))
    found = value.members(("unit", "bound_unit", "lower", "upper", "nodes"), ())
    lower, upper = _ends(found["lower"]), _ends(found["upper"])
    if len(lower) != len(upper):
        raise found["upper"].error(f"{len(upper)} ends, but {len(lower)} in `lower`")
    if not (lower <= upper).all():
        raise found["upper"].error("an upper end is below its lower end")
    root = Boxes(lower[np.newaxis], upper[np.newaxis], _unit(found["unit"]))
    return TreeRegion(root, _unit(found["bound_unit"]), tuple(_nodes(found["nodes"])))


def _unit(value: Value) -> int:
    text = value.value.text if isinstance(value.value, Number) else ""
    if not re.fullmatch(r"[0-9]{1,4}", text) or int(text) > UNIT_LIMIT:
        raise value.error(f"expected an integer from 0 to {UNIT_LIMIT}")
    return int(text)


def _ends(value: Value) -> FloatArray:
    ends = []
    for item in value.items():
        text = item.text()
        if not re.fullmatch(r"-?[0-9]{1,17}", text) or abs(int(text)) >> BITS:
            raise item.error(f"{text[:40]!r} is no integer of at most {BITS} bits")
        ends.append(float(int(text)))
    return np.array(ends, dtype=np.float64)


def _nodes(value: Value) -> Iterator[Node]:
    for index, text in enumerate(value.text().split(" ")):
        match = _NODE.fullmatch(text)
        if match is None:
            raise value.error(f"node {index}: {text[:40]!r} is neither `.` nor `d:c`")
        yield None if match[1] is None else Split(int(match[1]), int(match[2]))


def _sign_nodes(value: Value) -> Iterator[SignNode]:
    found = value.members(("nodes", "leaves"), ())
    leaves = iter(found["leaves"].items())
    for node in _nodes(found["nodes"]):
        if node is not None:
            yield SignSplit(node.dimension, node.cut)
            continue
        leaf = next(leaves, None)
        if leaf is None:
            raise found["leaves"].error("fewer than there are leaves among the nodes")
        yield _sign_leaf(leaf)
    if next(leaves, None) is not None:
        raise found["leaves"].error("more than there are leaves among the nodes")


def _sign_leaf(value: Value) -> SignLeaf:
    parts: list[tuple[int, ...]] = []
    for part in value.text().split("|"):
        if not re.fullmatch(r"(-?[0-9]{1,60}( -?[0-9]{1,60})*)?", part):
            raise value.error(f"{part[:40]!r} is no list of integers")
        parts.append(tuple(int(number) for number in part.split()))
    weights, multipliers, *slopes = parts if len(parts) > 1 else [*parts, ()]
    return SignLeaf(tuple(slopes), multipliers, weights)


ANSWERS = Answers(
    "that a property's unsafe cases are empty, by cuts that tile each of its boxes",
    "anyone: cuts are chosen freely; no bound and no slope is taken from the file",
    "the exact leaf check of every leaf, and the replay of some (refsem.properties.trees)",
    "the rules of which refsem.rules.leaves is a reading, each with its obligations",
    "the network when executed in binary32",
)


def check_tree(
    tree: TreeFile, prepared: Prepared, property_: Property, hashes: tuple[str, str], workers: int
) -> CheckReport:
    """The file judged against the network and the property, whose SHA-256 are given."""
    found = []
    for what, stated, actual in zip(
        ("model", "property"), (tree.model_sha256, tree.property_sha256), hashes, strict=True
    ):
        if stated != actual:
            found.append(Finding(f"{what}_sha256", f"the {what} at hand has {actual}"))
    regions = region_claims(prepared, property_)
    if len(regions) != len(tree.regions):
        message = f"{len(tree.regions)} regions, but the property has {len(regions)} boxes"
        found.append(Finding("regions", message))
    if found:
        return judged(FORMAT, ANSWERS, found, "")
    leaves = reviewed = 0
    for number, (claims, region) in enumerate(zip(regions, tree.regions, strict=True)):
        place = f"regions[{number}]"
        one = (
            _judged(place, prepared, claims, region, workers)
            if isinstance(region, TreeRegion)
            else _judged_signs(place, prepared, claims, region)
        )
        if isinstance(one, NotChain):
            return undecided(FORMAT, ANSWERS, f"{place}: {one.reason}")
        found += one.findings
        leaves, reviewed = leaves + one.leaves, reviewed + one.reviewed
    why = f"{leaves} leaves tile the property's boxes and are proved; {reviewed} derived again"
    facts = {"leaves": str(leaves), "derived again by the replay": str(reviewed)}
    return judged(FORMAT, ANSWERS, found, why, semantics=Semantics.EXACT, facts=facts)


@dataclass(frozen=True, slots=True)
class _Region:
    """What was found of one region."""

    findings: tuple[Finding, ...]
    leaves: int
    reviewed: int


def _judged(
    place: str, prepared: Prepared, claims: RegionClaims, region: TreeRegion, workers: int
) -> _Region | NotChain:
    claims = with_sums(prepared, claims)
    found = chained(prepared, claims)
    # a tree of leaves that the replay bounded states no unit, though its graph may be unrolled
    if isinstance(found, NotChain) or (found.prepared is not prepared and not region.bound_unit):
        return _judged_boxes(place, prepared, claims, region)
    try:
        judge = LeafJudge.of(found.prepared, found.claims, found.layers, region.bound_unit)
        check = TreeCheck(judge)
        _check_root(judge, region.root)
        leaves, failed = check.open_leaves(region.root, region.nodes, workers)
    except (TooWideError, TreeError) as error:
        return _Region((Finding(place, str(error)),), 0, 0)
    if failed:
        message = "is not proved empty of every case"
        unproved = (Finding(f"{place} leaf {leaf.number}", message) for leaf in failed)
        return _Region(tuple(unproved), leaves, 0)
    return _Region((), leaves, check.review(region.root, region.nodes))


def _judged_boxes(
    place: str, prepared: Prepared, claims: RegionClaims, region: TreeRegion
) -> _Region:
    """What was found where the network is no chain: every leaf by the replay."""
    leaves = ReplayedLeaves(prepared, claims)
    try:
        _check_root(leaves, region.root)
        count, failed = leaves.open_leaves(region.root, region.nodes)
    except (TreeError, InputError) as error:
        return _Region((Finding(place, str(error)),), 0, 0)
    message = "is not proved empty of every case"
    findings = tuple(Finding(f"{place} leaf {one}", message) for one in failed)
    return _Region(findings, count, count)


def _judged_signs(
    place: str, prepared: Prepared, claims: RegionClaims, region: SignRegion
) -> _Region | NotChain:
    if reason := splits_signs(prepared):
        return NotChain(reason)
    if len(region.trees) != len(claims.cases):
        message = f"{len(region.trees)} trees, but the region has {len(claims.cases)} cases"
        return _Region((Finding(place, message),), 0, 0)
    judge, findings, leaves = SignJudge.of(prepared, claims), list[Finding](), 0
    for position, nodes in enumerate(region.trees):
        where = f"{place} cases[{position}]"
        try:
            count, failed = judge.open_leaves(position, nodes)
        except (TreeError, ReplayError) as error:
            findings.append(Finding(where, str(error)))
            continue
        leaves += count
        findings += [Finding(f"{where} leaf {one}", "does not prove it empty") for one in failed]
    return _Region(tuple(findings), leaves, leaves)


def _check_root(judge: LeafJudge | ReplayedLeaves, root: Boxes) -> None:
    """Nothing if the box is of the property's dimension and contains its box; `TreeError`."""
    ((lower, _),) = judge.claims.region.boxes.values()
    if root.lower.shape[1] != lower.size:
        message = f"the box has {root.lower.shape[1]} dimensions, the property {lower.size}"
        raise TreeError(0, message)
    if not judge.covers(root):
        raise TreeError(0, "the box does not contain the property's")
