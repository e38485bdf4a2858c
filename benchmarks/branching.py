"""Branch and bound on ACAS Xu: verdicts, leaves, and the exact pass beside our own float pass.

    REFSEM_DATA=... python benchmarks/branching.py [PROPERTY...] [--networks 1_1,1_2,...]

Prints, for each instance, the verdict, the leaves, and processor seconds in the float search and
in the exact check of leaves; at the end the totals and their ratio. Properties 3 and 4 by default.
"""

import argparse
import os
import sys
import time
from pathlib import Path

from refsem.audit.branching import Branched, branch
from refsem.ir import load_model
from refsem.ir.evaluation import prepare
from refsem.properties import load_property
from refsem.properties.claims import region_claims

SECONDS = 600.0
NETWORKS = [f"{i}_{j}" for i in range(1, 6) for j in range(1, 10)]


def verdict(found: Branched) -> str:
    """What was shown, in words."""
    if found.proof is not None:
        return "holds"
    return "violated" if found.found else f"undecided: {found.reason}"


def instance(folder: Path, network: str, number: int) -> tuple[str, int, float, float]:
    """The verdict, the leaves, and seconds in floats and in the exact check."""
    prepared = prepare(load_model(folder / f"ACASXU_run2a_{network}_batch_2000.onnx"))
    wanted = load_property(folder / f"prop_{number}.vnnlib")
    words, leaves, floats, exact = set(), 0, 0.0, 0.0
    for claims in region_claims(prepared, wanted):
        found = branch(prepared, claims, time.monotonic() + SECONDS, lambda *_: None)
        words.add(verdict(found))
        leaves += 0 if found.proof is None else found.proof.leaves
        floats, exact = floats + found.float_seconds, exact + found.exact_seconds
    return "; ".join(sorted(words)), leaves, floats, exact


def main() -> None:
    """Print a line an instance, and the totals."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("properties", nargs="*", type=int, default=[3, 4])
    arguments.add_argument("--networks", default=",".join(NETWORKS))
    options = arguments.parse_args()
    if not os.environ.get("REFSEM_DATA"):
        sys.exit("REFSEM_DATA is not set: the ACAS Xu networks are third-party data")
    folder = Path(os.environ["REFSEM_DATA"]) / "networks/acasxu"
    started, total, floats, exact = time.process_time(), 0, 0.0, 0.0
    for number in options.properties:
        for network in options.networks.split(","):
            word, leaves, one, other = instance(folder, network, number)
            total, floats, exact = total + leaves, floats + one, exact + other
            print(
                f"{network} property {number}: {word}, {leaves} leaves, float {one:.2f} s, "
                f"exact {other:.2f} s",
                flush=True,
            )
    print(
        f"{total} leaves, float {floats:.1f} s, exact {exact:.1f} s ({exact / floats:.2f} times), "
        f"processor time in all {time.process_time() - started:.1f} s"
    )


if __name__ == "__main__":
    main()
