"""Residuals of the bundled networks over their whole domains: how tight, in how many leaves.

    python benchmarks/residuals.py [EQUATION...] [--trees FOLDER]

Prints, for each equation, the claimed bound, the bound established over the whole domain, the
greatest absolute value attained at sampled points (a lower bound of the truth, by enclosure), the
ratio of the two, the leaves of the split tree, and processor and wall seconds of branching alone.
Branching takes one core; the obligations of the rules, the same for all, are not counted. The trees
of the residuals are written to the folder, for `examples/residual_picture.py`.
"""

import argparse
import json
import time
from hashlib import sha256
from pathlib import Path

from refsem.audit.boxes import BoxProof
from refsem.audit.branching import branch
from refsem.audit.findings import NetworkAudit, RegionAudit, Verdict
from refsem.audit.network import audit_region, silent
from refsem.audit.residual import Enclosed, enclosures
from refsem.certificates.tree_file import TreeRegion, tree_object
from refsem.ir import load_model
from refsem.ir.evaluation import prepare
from refsem.ir.joining import joined
from refsem.properties.claims import region_claims
from refsem.properties.stated import load_statement
from refsem.rules.propagation import Method

SECONDS = 3600.0
FOLDER = Path(__file__).parents[1] / "examples" / "residuals"
EQUATIONS = ("logistic", "heat", "poisson", "burgers")


def measured(equation: str) -> tuple[Enclosed, BoxProof | None, float, float]:
    """The residual enclosed, the tree that proves its bound, processor and wall seconds."""
    path = FOLDER / f"{equation}.onnx"
    statement = load_statement(path.with_suffix(".toml"), load_model(path), "")
    prepared = prepare(joined(statement.graph))
    residual = statement.bounded[-1]
    (claims,) = (
        one
        for one in region_claims(prepared, statement.property)
        if residual.case in [number for number, _ in one.cases]
    )
    found = audit_region(prepared, claims, Method.CROWN, silent)
    processor, wall = time.process_time(), time.monotonic()
    branched = branch(prepared, claims, time.monotonic() + SECONDS, lambda *_: None)
    processor, wall = time.process_time() - processor, time.monotonic() - wall
    region = RegionAudit(claims, found.propagation, found.shown, {}, branched)
    audit = NetworkAudit(prepared, (region,), Verdict.UNDECIDED, None, ())
    alone = type(statement)(statement.graph, statement.property, (), (), bounded=(residual,))
    (enclosed,) = enclosures(alone, audit)
    proof = branched.proof if isinstance(branched.proof, BoxProof) else None
    return enclosed, proof, processor, wall


def main() -> None:
    """Print a line an equation, and write the trees if there is a folder for them."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("equations", nargs="*", default=EQUATIONS)
    arguments.add_argument("--trees", type=Path)
    options = arguments.parse_args()
    print("equation   claimed    bound  attained  ratio  leaves  processor     wall")
    for equation in options.equations:
        found, proved, processor, wall = measured(equation)
        attained = "" if found.attained is None else f"{float(found.attained.least):.4f}"
        ratio = "" if found.ratio is None else f"{float(found.ratio):.2f}"
        print(
            f"{equation:10} {float(found.claim.bound):7.4f} {float(found.most):8.4f} "
            f"{attained:>9} {ratio:>6} {proved.leaves if proved else 'open':>7} "
            f"{processor:8.1f} s {wall:6.1f} s",
            flush=True,
        )
        if proved is not None and options.trees is not None:
            region = TreeRegion(proved.root, 0, proved.nodes)
            written = tree_object([region], "benchmarks/residuals.py", *hashes(equation))
            (options.trees / f"{equation}.tree.json").write_text(json.dumps(written) + "\n")


def hashes(equation: str) -> tuple[str, str]:
    """SHA-256 of the network's file and of the property's."""
    path = FOLDER / f"{equation}.onnx"
    model, property_ = path.read_bytes(), path.with_suffix(".toml").read_bytes()
    return sha256(model).hexdigest(), sha256(property_).hexdigest()


if __name__ == "__main__":
    main()
