"""Split-tree files, `refsem.tree.v1`: a property proved by tiling its boxes with provable leaves.

```json
{"format": "refsem.tree.v1", "producer": "…", "model_sha256": "…", "property_sha256": "…",
 "regions": [{"unit": 49, "bound_unit": 30, "lower": ["…"], "upper": ["…"], "nodes": "0:12 . ."}]}
```

One region for each distinct box of the property, in order. Ends are integers times 2^-unit.
Nodes in preorder, separated by spaces: `d:c` cuts dimension d at the integer c, `.` is a leaf.
Nothing in the file is believed: boxes are made from the cuts, and each leaf is bounded anew.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from refsem.certificates.report import (
    Answers,
    CheckReport,
    Finding,
    Semantics,
    judged,
    undecided,
)
from refsem.exact.sliced import BITS, FloatArray, TooWideError
from refsem.ir.evaluation import Prepared
from refsem.properties import Property
from refsem.properties.claims import RegionClaims, region_claims
from refsem.properties.leaves import LeafJudge
from refsem.properties.trees import TreeCheck
from refsem.rules.chain import NotChain, chain
from refsem.rules.leaves import Boxes
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
class TreeFile:
    """What a file says."""

    producer: str
    model_sha256: str
    property_sha256: str
    regions: tuple[TreeRegion, ...]


def tree_object(
    regions: Iterable[TreeRegion], producer: str, model_sha256: str, property_sha256: str
) -> dict[str, object]:
    """The file's JSON object."""
    return {
        "format": FORMAT,
        "producer": producer,
        "model_sha256": model_sha256,
        "property_sha256": property_sha256,
        "regions": [
            {
                "unit": region.root.unit,
                "bound_unit": region.bound_unit,
                "lower": [str(int(end)) for end in region.root.lower[0]],
                "upper": [str(int(end)) for end in region.root.upper[0]],
                "nodes": " ".join(_text(node) for node in region.nodes),
            }
            for region in regions
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


def _region(value: Value) -> TreeRegion:
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
        one = _judged(place, prepared, claims, region, workers)
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
    layers = chain(prepared, claims.region, {claims.target: claims.combination})
    if isinstance(layers, NotChain):
        return layers
    try:
        judge = LeafJudge.of(prepared, claims, layers, region.bound_unit)
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


def _check_root(judge: LeafJudge, root: Boxes) -> None:
    """Nothing if the box is of the property's dimension and contains its box; `TreeError`."""
    ((lower, _),) = judge.claims.region.boxes.values()
    if root.lower.shape[1] != lower.size:
        message = f"the box has {root.lower.shape[1]} dimensions, the property {lower.size}"
        raise TreeError(0, message)
    if not judge.covers(root):
        raise TreeError(0, "the box does not contain the property's")
