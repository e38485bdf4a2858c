"""What exact judgement says of runs of auto_LiRPA and Marabou on real networks.

    REFSEM_DATA=... python benchmarks/imported_bounds.py [PART OF A ROW'S NAME]...

Needs the verifiers, in the environment it runs in; a verifier that is absent or refuses has a row
that says so. For each run: endpoints refuted, confirmed and open over the property's box, steps
broken, and whether the box as it was handed over contains the property's. Prints a Markdown table.
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

VERIFIERS = ("auto_lirpa:IBP", "auto_lirpa:CROWN", "auto_lirpa:IBP,dtype=float64", "marabou")
NETWORKS = (
    ("examples/digits/digits.onnx", "examples/digits/robust.vnnlib"),
    ("$/acasxu/ACASXU_run2a_1_1_batch_2000.onnx", "$/acasxu/prop_1.vnnlib"),
    ("$/acasxu/ACASXU_run2a_3_3_batch_2000.onnx", "$/acasxu/prop_2.vnnlib"),
    ("$/mnist_fc/mnist-net_256x2.onnx", "$/mnist_fc/prop_0_0.03.vnnlib"),
    ("$/rl_benchmarks/cartpole.onnx", "$/rl_benchmarks/cartpole_case_safe_14.vnnlib"),
    ("$/rl_benchmarks/dubinsrejoin.onnx", "$/rl_benchmarks/dubinsrejoin_case_safe_0.vnnlib"),
)
"""Networks and properties; `$` is the folder of third-party networks."""
ROOT = Path(__file__).parents[1]


def refsem(*words: str) -> subprocess.CompletedProcess[str]:
    """A finished command of refsem."""
    command = [sys.executable, "-m", "refsem", *words]
    return subprocess.run(  # noqa: S603  our own command line
        command, capture_output=True, text=True, check=False, timeout=1200
    )


def row(verifier: str, model: str, wanted: str) -> list[str]:
    """The cells of one run."""
    name = [f"`{Path(model).stem}`, `{Path(wanted).stem}`", f"`{verifier}`"]
    with tempfile.TemporaryDirectory() as folder:
        out = str(Path(folder) / "run.json")
        run = refsem("import", verifier, model, wanted, out)
        if run.returncode == 3:
            return [*name, run.stderr.strip().splitlines()[-1], "", "", "", "", ""]
        judged = refsem("audit", model, wanted, "--bounds", out, "--json")
        found = json.loads(judged.stdout)["bounds"]
    counts = [str(found[key]) for key in ("checked", "refuted", "confirmed", "open")]
    steps = f"{found['steps_broken']} of {found['steps_checked']}"
    contains = "yes" if found["input_contains_box"] else "no"
    return [*name, *counts, steps, contains]


def main(parts: list[str]) -> int:
    """Print the table; exit status 0."""
    data = os.environ.get("REFSEM_DATA", "")
    head = ["network and property", "run", "endpoints", "refuted", "confirmed", "open"]
    print(f"| {' | '.join([*head, 'steps broken', 'box contained'])} |")
    print("|---|---|---|---|---|---|---|---|", flush=True)
    for model, wanted in NETWORKS:
        if model.startswith("$") and not data:
            continue
        files = [
            one.replace("$", f"{data}/networks") if one[0] == "$" else str(ROOT / one)
            for one in (model, wanted)
        ]
        for verifier in VERIFIERS:
            if all(part in f"{model} {wanted} {verifier}" for part in parts):
                print(f"| {' | '.join(row(verifier, *files))} |", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
