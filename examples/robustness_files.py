"""Write the held-out digits as a file of examples, and two property files about some of them.

States: `digits.csv`, `linf.toml` and `l2.toml` are functions of this script, of `train_digits` and
of scikit-learn's digits: the 360 images the bundled network was not trained on, label first, pixels
from 0 to 16. Radii are in pixel units: 0.32 is 0.02 of the range.

    python examples/robustness_files.py [DIRECTORY]
"""

import hashlib
import sys
from pathlib import Path

import click
import numpy as np
import train_digits  # type: ignore[import-not-found]  # beside this file

HERE = Path(__file__).parent
FEW, FEWER = tuple(range(45, 69)), tuple(range(52, 60))
"""Of these examples the property files speak: a run takes seconds."""


def csv(digits: "train_digits.Digits") -> str:
    """The held-out images, one a line."""
    rows = (
        (int(digits.labels[image]), *digits.images[image].tolist())
        for image in digits.test.tolist()
    )
    return "".join(",".join(map(str, row)) + "\n" for row in rows)


def property_text(norm: str, radius: str, examples: str, indices: tuple[int, ...]) -> str:
    """A property file about these examples of `digits.csv`; about all of them for no indices."""
    lines = [
        'format = "refsem.property.v1"',
        'kind = "robustness"',
        f'norm = "{norm}"',
        f"radius = {radius}",
        "clip = [0, 16]",
        'examples_file = "digits.csv"',
        f'examples_sha256 = "{hashlib.sha256(examples.encode()).hexdigest()}"',
    ]
    if indices:
        lines.append(f"indices = [{', '.join(map(str, indices))}]")
    return "\n".join(lines) + "\n"


def build() -> dict[str, str]:
    """Every file, by name."""
    examples = csv(train_digits.split_digits(np.random.PCG64(train_digits.SEED)))
    return {
        "digits.csv": examples,
        "linf.toml": property_text("inf", "0.32", examples, FEW),
        "l2.toml": property_text("L2", "2.5", examples, FEWER),
    }


@click.command()
@click.argument("directory", type=click.Path(path_type=Path), default=HERE / "robustness")
def command(directory: Path) -> None:
    """Write the files to DIRECTORY (here: examples/robustness)."""
    directory.mkdir(exist_ok=True)
    for name, text in build().items():
        (directory / name).write_text(text, "utf-8")


if __name__ == "__main__":
    sys.exit(command.main(standalone_mode=True))
