"""The residual network of the examples: exactly as good as stated, and made by its script."""

from pathlib import Path

import numpy as np
import pytest
from example_scripts import EXAMPLES, load
from gmpy2 import mpq

from refsem import nn
from refsem.nn.functions import relu

DISC = EXAMPLES / "disc"


def test_all_points_of_the_grid_but_one_are_told_rightly() -> None:
    points, labels = load("train_disc").points()
    body = nn.Sequential((nn.Linear(12, 12), nn.ReLU(), nn.Linear(12, 12)))
    whole = nn.Sequential(
        (nn.Linear(2, 12), relu, nn.Residual(body, nn.Identity()), relu, nn.Linear(12, 2))
    )
    state = nn.read_state(DISC / "weights.safetensors")
    names = {"start": "0", "residual": "2", "end": "4"}
    renamed = {
        f"{names[first]}.{rest}": one
        for name, one in state.tensors.items()
        for first, _, rest in (name.partition("."),)
    }
    network = nn.load(whole, type(state)(state.file, renamed))
    outputs = nn.rationals(
        network(nn.tensor(points.view(np.uint32), nn.Exact(precision=10, width=0)))
    )
    told = [1 if first > second else -1 for first, second in zip(*[iter(outputs)] * 2, strict=True)]
    assert sum(mpq(a) == int(b) for a, b in zip(told, labels, strict=True)) == len(labels) - 1


@pytest.mark.nightly
def test_the_script_makes_the_weights(tmp_path: Path) -> None:
    load("train_disc").main(tmp_path)
    assert (tmp_path / "weights.safetensors").read_bytes() == (
        DISC / "weights.safetensors"
    ).read_bytes()
