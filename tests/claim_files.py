"""Properties and bounds files for tests: written to a path, or made ready to be judged.

model = builders.sequential(tmp_path / "m.onnx", layers)
wanted = write_property(tmp_path / "p.vnnlib", ["-1"], ["1"], "(assert (>= Y_0 3))")
bounds = write_bounds(tmp_path / "b.json", bounds_document(model, (["-1"], ["1"]), {}))
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

Ends = tuple[Iterable[object], Iterable[object]]


def write_property(
    path: Path, lower: Sequence[object], upper: Sequence[object], unsafe: str, *, outputs: int = 1
) -> Path:
    """A VNN-LIB file: one box over the inputs, and whatever is asserted of the outputs."""
    lines = [f"(declare-const X_{i} Real)" for i in range(len(lower))]
    lines += [f"(declare-const Y_{i} Real)" for i in range(outputs)]
    for i, (low, high) in enumerate(zip(lower, upper, strict=True)):
        lines += [f"(assert (>= X_{i} {low}))", f"(assert (<= X_{i} {high}))"]
    path.write_text("\n".join([*lines, unsafe]) + "\n")
    return path


def claimed(ends: Ends) -> dict[str, list[str]]:
    """A box as a bounds file has it; rationals print as fractions."""
    return {"lower": [str(end) for end in ends[0]], "upper": [str(end) for end in ends[1]]}


def bounds_document(
    model: Path, box: Ends, tensors: Mapping[str, Ends], *, method: str | None = "ibp"
) -> dict[str, object]:
    """A bounds file about this model; without the key `method` if that is None."""
    return {
        "format": "refsem.bounds.v1",
        "model_sha256": hashlib.sha256(model.read_bytes()).hexdigest(),
        "producer": "a test",
        **({} if method is None else {"method": method}),
        "input": claimed(box),
        "tensors": {name: claimed(ends) for name, ends in tensors.items()},
    }


def write_bounds(path: Path, document: object) -> Path:
    """The document as JSON."""
    path.write_text(json.dumps(document))
    return path
