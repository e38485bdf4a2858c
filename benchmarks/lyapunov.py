"""Lyapunov examples and cersyve's networks: verdicts, leaves and processor seconds.

    REFSEM_DATA=… python benchmarks/lyapunov.py [SECONDS]

The examples are judged case by case with branch and bound, at most SECONDS (300) a region; then the
cersyve networks of the shared data over their properties. One line each.
"""

import os
import sys
import time
from hashlib import sha256
from pathlib import Path

from refsem.audit.branching import branch
from refsem.audit.network import audit_region, silent
from refsem.ir import load_model
from refsem.ir.evaluation import prepare
from refsem.ir.joining import joined
from refsem.properties.claims import region_claims
from refsem.properties.stated import load_statement
from refsem.rules.propagation import Method

EXAMPLES = Path(__file__).parents[1] / "examples" / "lyapunov"
NAMES = ("double_integrator", "pendulum", "pendulum_bad", "van_der_pol")
SYSTEMS = ("double_integrator", "pendulum", "point_mass")


def measured(model: Path, wanted: Path, seconds: float) -> None:
    """Print what comes of a model and a property."""
    started, leaves, words = spent(), 0, set()
    digest = sha256(model.read_bytes()).hexdigest()
    statement = load_statement(wanted, load_model(model), digest)
    prepared = prepare(joined(statement.graph))
    for claims in region_claims(prepared, statement.property):
        region = audit_region(prepared, claims, Method.CROWN, silent)
        if region.witnesses:
            words.add("violated")
        elif len(region.shown) == len(claims.cases):
            leaves += 1
        else:
            found = branch(prepared, claims, time.monotonic() + seconds, lambda *_: None)
            if found.proof is not None:
                leaves += found.proof.leaves
            else:
                words.add("violated" if found.found else "undecided")
    verdict = min(words, key=("violated", "undecided").index) if words else "holds"
    took = spent() - started
    print(f"{model.stem} over {wanted.name}: {verdict}, {leaves} leaves, {took:.1f} s", flush=True)


def spent() -> float:
    """Processor seconds so far, of processes that have ended too."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def main(seconds: float) -> None:
    """Measure everything."""
    for name in NAMES:
        property_ = name.removesuffix("_bad")
        measured(EXAMPLES / f"{name}.onnx", EXAMPLES / f"{property_}.toml", seconds)
    data = os.environ.get("REFSEM_DATA")
    if data is None:
        print("cersyve: REFSEM_DATA is not set")
        return
    folder = Path(data) / "networks" / "cersyve"
    for system in SYSTEMS:
        for stage in ("pretrain", "finetune"):
            for part in ("con", "inv"):
                model = folder / f"{system}_{stage}_{part}.onnx"
                measured(model, folder / f"prop_{system}.vnnlib", seconds)


if __name__ == "__main__":
    main(float(sys.argv[1]) if len(sys.argv) > 1 else 300.0)
