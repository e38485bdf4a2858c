"""Optimised slopes beside a float tool's: widths of exactly replayed boxes over alpha-CROWN's.

    REFSEM_DATA=... python benchmarks/alpha.py [PART OF A MODEL'S OR PROPERTY'S NAME]

For each alpha-CROWN row of `reference_bounds.json` (auto_LiRPA in float64, ten iterations): the
width of each output's exact box over that of the float tool's, least and greatest, and processor
seconds. Exits with 1 if one is more than 5 % wider.
"""

import json
import os
import sys
import time
from pathlib import Path

from gmpy2 import mpq

from refsem.audit.network import silent
from refsem.exact import ExactTensor
from refsem.ir import load_model
from refsem.ir.evaluation import Prepared, prepare
from refsem.properties import load_property
from refsem.properties.claims import region_claims
from refsem.rules.propagation import Method
from refsem.rules.trace import Region
from refsem.search.alpha import bounded_by

MOST = mpq(105, 100)
PIXEL = mpq(2, 100)
"""Rows whose box is no property's file: every pixel from 0 to here."""


def region(data: Path, prepared: Prepared, box: str) -> Region:
    """The region that a row speaks of."""
    if box.endswith(".vnnlib"):
        return region_claims(prepared, load_property(data / box))[0].region
    if not box.endswith("in [0, 0.02]"):
        raise SystemExit(f"a box that this benchmark does not know: {box!r}")
    (source,) = prepared.graph.inputs
    shape = 1, prepared.nodes[source].size
    return Region({source: (ExactTensor.full(shape, mpq(0)), ExactTensor.full(shape, PIXEL))})


def main() -> None:
    """Print a line a row."""
    if not os.environ.get("REFSEM_DATA"):
        sys.exit("REFSEM_DATA is not set: the reference bounds are third-party data")
    data, wanted = Path(os.environ["REFSEM_DATA"]), "".join(sys.argv[1:])
    rows = json.loads((data / "reference_bounds.json").read_text("utf-8"))["rows"]
    worst = mpq(0)
    for row in rows:
        if row["method"] != "alpha-CROWN" or wanted not in row["model"] + row["box"]:
            continue
        prepared = prepare(load_model(data / row["model"]))
        began = time.process_time()
        state = bounded_by(prepared, region(data, prepared, row["box"]), Method.ALPHA, {}, silent)
        seconds = time.process_time() - began
        box = state.replay.box(state.boxes[prepared.graph.outputs[0]])
        ends = zip(row["lower"], row["upper"], strict=True)
        claimed = [mpq(upper) - mpq(lower) for lower, upper in ends]
        widths = (box.upper - box.lower).rationals()
        ratios = [exact / other for exact, other in zip(widths, claimed, strict=True)]
        worst = max(worst, *ratios)
        name = f"{Path(row['model']).stem} over {Path(row['box']).name}"
        print(f"{name}: {float(min(ratios)):.3f} to {float(max(ratios)):.3f}, {seconds:.1f} s")
    if worst > MOST:
        sys.exit(f"a box is {float(worst):.3f} times as wide")


if __name__ == "__main__":
    main()
