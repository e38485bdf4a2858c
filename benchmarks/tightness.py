"""How tight our exactly replayed boxes are beside a float tool's, method by method.

    REFSEM_DATA=... python benchmarks/tightness.py [PART OF A ROW'S NAME]...

For the rows of `reference_bounds.json` (auto_LiRPA in float64; alpha-CROWN ten iterations): the
width of each output's exact box over that of the float tool's, and processor seconds. With
arguments, the rows whose name has them all. Below each row of CROWN stands our forward pass beside
the same bounds; its boxes lie between those of intervals and, as a rule, those of CROWN. Exits with
1 if a box is more than 1 % wider (IBP, CROWN), or 5 % (alpha-CROWN). Rows of CROWN-IBP are left
out: we have no such method, and our CROWN is tighter.
"""

import json
import os
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

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

METHODS = {"IBP": Method.IBP, "CROWN": Method.CROWN, "alpha-CROWN": Method.ALPHA}
MOST = {Method.IBP: mpq(101, 100), Method.CROWN: mpq(101, 100), Method.ALPHA: mpq(105, 100)}
"""By how much a box may be wider."""
PIXEL = mpq(2, 100)
"""Rows whose box is no property's file: every pixel from 0 to here."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the reference: whose bounds, of what, by which method."""

    model: Path
    box: str
    method: Method
    lower: tuple[float, ...]
    upper: tuple[float, ...]

    @property
    def name(self) -> str:
        """What the row is called in the output."""
        return f"{self.model.stem} over {Path(self.box).name}, {self.method.value}"


def rows(data: Path) -> Iterator[Row]:
    """The rows whose methods we have."""
    content: dict[str, Any] = json.loads((data / "reference_bounds.json").read_text("utf-8"))
    for row in content["rows"]:
        if row["method"] in METHODS:
            ends = tuple(row["lower"]), tuple(row["upper"])
            yield Row(data / row["model"], row["box"], METHODS[row["method"]], *ends)


def forward(row: Row) -> Row:
    """The same bounds, to be held against our forward pass."""
    return replace(row, method=Method.FORWARD)


def region(data: Path, prepared: Prepared, box: str) -> Region:
    """The region that a row speaks of."""
    if box.endswith(".vnnlib"):
        return region_claims(prepared, load_property(data / box))[0].region
    if not box.endswith("in [0, 0.02]"):
        raise SystemExit(f"a box that this benchmark does not know: {box!r}")
    (source,) = prepared.graph.inputs
    shape = 1, prepared.nodes[source].size
    return Region({source: (ExactTensor.full(shape, mpq(0)), ExactTensor.full(shape, PIXEL))})


def ratios(data: Path, row: Row) -> list[mpq]:
    """Our width over the other's, output by output."""
    prepared = prepare(load_model(row.model))
    state = bounded_by(prepared, region(data, prepared, row.box), row.method, {}, silent)
    box = state.replay.box(state.boxes[prepared.graph.outputs[0]])
    claimed = [mpq(high) - mpq(low) for low, high in zip(row.lower, row.upper, strict=True)]
    widths = (box.upper - box.lower).rationals()
    return [ours / theirs for ours, theirs in zip(widths, claimed, strict=True)]


def main() -> None:
    """Print a line a row."""
    if not os.environ.get("REFSEM_DATA"):
        sys.exit("REFSEM_DATA is not set: the reference bounds are third-party data")
    data = Path(os.environ["REFSEM_DATA"])
    wider: Mapping[str, mpq] = {}
    for row in rows(data):
        if not all(part in row.name for part in sys.argv[1:]):
            continue
        began = time.process_time()
        found = ratios(data, row)
        seconds = time.process_time() - began
        shown = " ".join(f"{float(ratio):.4f}" for ratio in found)
        print(f"{row.name}: {shown}; {seconds:.1f} s", flush=True)
        if row.method is Method.CROWN:
            shown = " ".join(f"{float(ratio):.4f}" for ratio in ratios(data, forward(row)))
            print(f"{forward(row).name}: {shown}", flush=True)
        if max(found) > MOST[row.method]:
            wider = {**wider, row.name: max(found)}
    for name, ratio in wider.items():
        print(f"too wide: {name} ({float(ratio):.4f} times)")
    sys.exit(bool(wider))


if __name__ == "__main__":
    main()
