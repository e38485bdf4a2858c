"""Split trees for the tests of their export: a network, a property, the tree that proves it."""

import hashlib
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import builders
from claim_files import write_property
from gmpy2 import mpq

from lean_export.interval_boxes import UNIT
from lean_export.layers import Layer
from refsem.audit.boxes import BoxProof
from refsem.audit.branching import SplitProof, branch
from refsem.certificates.tree_file import TreeRegion, tree_object
from refsem.ir import load_model
from refsem.ir.evaluation import prepare
from refsem.properties import load_property
from refsem.properties.claims import region_claims


@dataclass(frozen=True, slots=True)
class Given:
    """Three files."""

    tree: Path
    model: Path
    property: Path

    def hash_of_property(self) -> str:
        """Its SHA-256."""
        return hashlib.sha256(self.property.read_bytes()).hexdigest()


def decided(model: Path, wanted: Path) -> Given:
    """A property that branching proves, with its trees."""
    prepared = prepare(load_model(model))
    regions = []
    for claims in region_claims(prepared, load_property(wanted)):
        found = branch(prepared, claims, time.monotonic() + 60, lambda *_: None)
        assert isinstance(found.proof, SplitProof | BoxProof)
        unit = found.proof.unit if isinstance(found.proof, SplitProof) else 0
        regions.append(TreeRegion(found.proof.root, unit, found.proof.nodes))
    return _written(model, wanted, tree_object(regions, "a test", *_hashes(model, wanted)))


def by_hand(model: Path, wanted: Path, regions: Sequence[Mapping[str, object]]) -> Given:
    """A tree of regions as a file has them, whatever they are."""
    tree = tree_object([], "a test", *_hashes(model, wanted))
    return _written(model, wanted, tree | {"regions": list(regions)})


def _hashes(model: Path, wanted: Path) -> list[str]:
    return [hashlib.sha256(path.read_bytes()).hexdigest() for path in (model, wanted)]


def _written(model: Path, wanted: Path, tree: Mapping[str, object]) -> Given:
    place = wanted.with_suffix(".tree.json")
    place.write_text(json.dumps(tree), "utf-8")
    return Given(place, model, wanted)


def made_tree(folder: Path) -> Given:
    """A network 2-16-16-1 of integers, and a property that needs a dozen leaves."""
    layers = builders.random_layers((2, 16, 16, 1), seed=6, kind="integer")
    model = builders.sequential(folder / "net.onnx", layers)
    wanted = write_property(folder / "p.vnnlib", ["-1"] * 2, ["1"] * 2, "(assert (<= Y_0 69.5))")
    return decided(model, wanted)


def evaluated_layers(network: Sequence[Layer], point: Sequence[mpq]) -> list[list[mpq]]:
    """What every layer computes before its activation, as the Lean semantics has it."""
    found, values = [], list(point)
    for layer in network:
        sums = [
            mpq(constant + sum(w * x for w, x in zip(weights, values, strict=True)), UNIT)
            for constant, *weights in layer.values()
        ]
        found.append(sums)
        values = [max(value, mpq(0)) for value in sums] if layer.relu else sums
    return found
