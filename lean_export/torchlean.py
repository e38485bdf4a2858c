"""The target `torchlean`: a run as a `crown_query_v1` artifact. Unchecked.

The artifact asks TorchLean's exact CROWN query whether every output stays strictly within the run's
output box, each end moved outward by one unit of its scale; weights are exact fractions, `alpha`
the run's lower slopes. TorchLean checks such an artifact by `Query.check`, whose soundness is its
theorem `Query.check_sound`. Nothing here has run TorchLean: whether its own relaxation is as tight
as this run's is not known. Only networks whose ReLUs follow affine layers fit the format.
"""

import json
from collections.abc import Sequence

from gmpy2 import mpq

from lean_export.crown_boxes import SLOPE_ONE, Slopes
from lean_export.interval_boxes import SCALE, UNIT, IntegerBox
from lean_export.layers import Layer

FORMAT = "crown_query_v1"

README = """# For TorchLean. Unchecked.

Each `.json` here is a `crown_query_v1` artifact: it asks whether every output of the network stays
strictly within the bounds of the run, over its input box. TorchLean (from late 2026 on) checks such
a text by `Query.check`, and `Query.check_sound` makes a theorem of it. TorchLean has not read these
files here, and its relaxation may be looser than the run's: then it refuses, and nothing is proved.
"""


def crown_query(
    network: Sequence[Layer], start: IntegerBox, slopes: Sequence[Slopes], output: IntegerBox
) -> str:
    """The artifact as JSON: numbers are strings, decimals never."""
    layers: list[dict[str, object]] = []
    for layer, chosen in zip(network, slopes, strict=True):
        values = [[str(mpq(value, UNIT)) for value in row] for row in layer.values()]
        layers.append(
            {
                "kind": "linear",
                "weights": [row[1:] for row in values],
                "bias": [row[0] for row in values],
            }
        )
        if layer.relu:
            alpha = [str(mpq(min(below, SLOPE_ONE), SLOPE_ONE)) for below, _ in chosen]
            layers.append({"kind": "relu", "alpha": alpha})
    lower, upper = zip(*start.ends, strict=True)
    content = {
        "format": FORMAT,
        "input_dim": len(start.ends),
        "input": {"lo": _fractions(lower, start.scale), "hi": _fractions(upper, start.scale)},
        "layers": layers,
        "query": _query(output),
    }
    return json.dumps(content, indent=1) + "\n"


def _query(output: IntegerBox) -> dict[str, object]:
    """Rows W·y + b < 0: every output below its upper end, and above its lower."""
    size = len(output.ends)
    weights, bias = [], []
    for index, (low, high) in enumerate(output.ends):
        for sign, end in ((1, -(high + 1)), (-1, low - 1)):
            weights.append([str(sign if column == index else 0) for column in range(size)])
            bias.append(str(mpq(end, SCALE)))
    return {"weights": weights, "bias": bias, "strict": True}


def _fractions(numerators: Sequence[int], scale: int) -> list[str]:
    return [str(mpq(number, scale)) for number in numerators]
