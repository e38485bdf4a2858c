"""The modules of `make_torch_states.py`, written with refsem's own, and what torch recorded."""

import json
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from refsem import nn
from refsem.ir.graph import Bits
from refsem.nn import functions
from refsem.nn.tensor import Tensor

FOLDER = Path(__file__).parent / "torch_states"
EPS = Fraction(1, 2**10)


@dataclass(frozen=True)
class Block:
    first: nn.Linear
    second: nn.Linear

    def __call__(self, x: Tensor) -> Tensor:
        return x + self.second(functions.tanh(self.first(x)))


def block(wide: int) -> Block:
    return Block(nn.Linear(wide, wide), nn.Linear(wide, wide, bias=False))


@dataclass(frozen=True)
class Smooth:
    scale: nn.Parameter
    start: nn.Linear
    blocks: tuple[Block, ...]
    norm: nn.LayerNorm
    end: nn.Linear

    def __call__(self, x: Tensor) -> Tensor:
        x = functions.silu(self.start(x * self.scale(x)))
        for one in self.blocks:
            x = one(x)
        return functions.softmax(self.end(self.norm(x)), -1)


SMOOTH = Smooth(
    nn.Parameter((3,)),
    nn.Linear(3, 5),
    (block(5), block(5)),
    nn.LayerNorm((5,), EPS),
    nn.Linear(5, 2),
)
IMAGES = nn.Sequential(
    (
        nn.Conv2d(2, 4, (3, 2), stride=(2, 1), padding=(1, 0), dilation=(1, 2), groups=2),
        nn.BatchNorm(4, EPS),
        nn.LeakyReLU(Fraction(1, 8)),
        nn.MaxPool2d((2, 2), stride=(1, 2), padding=(1, 0)),
        nn.Conv2d(4, 2, (1, 1), bias=False),
        nn.GELU(),
        nn.AvgPool2d((2, 1), padding=(1, 0), ceil_mode=True, count_include_pad=False),
        nn.Flatten(),
        nn.Linear(12, 3),
        nn.Sigmoid(),
    )
)
MODULES: dict[str, Any] = {"smooth": SMOOTH, "images": IMAGES}


@dataclass(frozen=True)
class Record:
    """What torch computed in float64: the input is float32, the rest is rounded."""

    input: Bits
    output: list[float]
    gradient: list[float]


def record(name: str) -> Record:
    stated = json.loads((FOLDER / f"{name}.json").read_text(encoding="ascii"))
    values = np.array(stated["input"]).astype(np.float32).reshape(stated["shape"])
    return Record(values.view(np.uint32), stated["output"], stated["gradient"])
