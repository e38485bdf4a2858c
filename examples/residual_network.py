"""A residual network defined with `refsem.nn`: run at once, traced, saved and audited.

    python examples/residual_network.py

Writes `disc.json`, which `refsem audit disc.json examples/disc/inside.vnnlib` takes as well.
"""

import sys
from dataclasses import dataclass
from pathlib import Path

from refsem import nn
from refsem.cli import main
from refsem.ir.execution import Extrema
from refsem.kernel.orders import Products, Start, left_to_right
from refsem.nn.functions import relu
from refsem.rounding import BINARY32, RISCV, Mode

DISC = Path(__file__).parent / "disc"


@dataclass(frozen=True)
class DiscNetwork:
    """Two outputs, the first the greater inside the unit disc."""

    start: nn.Linear
    residual: nn.Residual
    end: nn.Linear

    def __call__(self, x: nn.Tensor) -> nn.Tensor:
        """The outputs for points of the plane."""
        return self.end(relu(self.residual(relu(self.start(x)))))


body = nn.Sequential((nn.Linear(12, 12), nn.ReLU(), nn.Linear(12, 12)))
declared = DiscNetwork(nn.Linear(2, 12), nn.Residual(body, nn.Identity()), nn.Linear(12, 2))
network = nn.load(declared, nn.read_state(DISC / "weights.safetensors"))

executed = nn.Executed(
    Mode.RNE,
    RISCV,
    Extrema.PROPAGATING,
    lambda terms: left_to_right(terms, BINARY32, Start.ZERO, Products.ROUNDED),
    expansions={},
)
interval = nn.Interval(precision=60)

point = [["0.5", "-0.25"]]
for arithmetic in (nn.Exact(precision=100, width="1e-20"), executed):
    inside, outside = nn.rationals(network(nn.tensor(point, arithmetic)))
    print(f"{type(arithmetic).__name__}: {inside} and {outside}")
lower, upper = nn.ends(network(nn.interval([["0.5", "-0.25"]], [["0.625", "-0.125"]], interval)))
print(f"Interval: the first output is above 0: {lower[0] > 0}")

nn.write_graph(Path("disc.json"), nn.compile(network, (1, 2)))
sys.exit(main(["audit", "disc.json", str(DISC / "inside.vnnlib")]))
