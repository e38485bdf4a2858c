"""The main job on the bundled network: two audits, one of them with a bounds file to be judged.

    python examples/demo.py

Exits 0 if everything came out as these files are known to: a robustness property that holds, a
plain float32 interval propagation whose bounds file is unsound, a property that is violated.
"""

import sys
from pathlib import Path

from refsem.cli import main

DIGITS = Path(__file__).parent / "digits"


def run(title: str, expected: int, *arguments: str) -> bool:
    """Run one command, show it, and tell whether its exit status is the expected one."""
    shown = " ".join(Path(a).name if a.startswith(str(DIGITS)) else a for a in arguments)
    print(f"\n== {title}\n$ refsem {shown}", flush=True)
    status = main(list(arguments))
    print(f"(exit status {status})", flush=True)
    return status == expected


def demo() -> int:
    """Run the whole demonstration."""
    model, bounds = str(DIGITS / "digits.onnx"), str(DIGITS / "bounds.json")
    robust, attack = str(DIGITS / "robust.vnnlib"), str(DIGITS / "attack.vnnlib")
    as_known = [
        run(
            "A digits classifier is robust around one image. The bounds file that a plain float32"
            "\n   interval propagation wrote about it is not to be believed: see what fails.",
            1,
            "audit",
            model,
            robust,
            "--bounds",
            bounds,
        ),
        run(
            "Around another image it is not robust: here is the point.",
            1,
            "audit",
            model,
            attack,
        ),
        run("The rules all this rests on, audited.", 0, "rules", "relu_upper", "--audit"),
    ]
    return 0 if all(as_known) else 1


if __name__ == "__main__":
    sys.exit(demo())
