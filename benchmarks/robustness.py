"""Certified accuracy of the bundled digits network against the radius, attacked, and beside floats.

    python benchmarks/robustness.py [OUT.svg]

L∞ balls cut to the range of pixels around the 360 held-out images; radii in parts of that range.
For each radius how many are certified (CROWN, replayed exactly), refuted and left open; an example
refuted at a radius is refuted at every greater one and not asked again. At the radii of `BARS`
besides: a plain float32 CROWN written here, what it certifies and we do not, what it certifies
though a point refutes it; and an attack of 10 000 gradient steps on every certified example, in
float64, whose error at each point is below `ERROR` (asserted); the worst point of each example, and
every point that floats do not show safe by that much, is evaluated exactly. With REFSEM_DATA, the
TorchLean digits classifier too (`examples/torchlean_digits.py`). Exits with 1 if a bar is missed.
"""

import os
import subprocess
import sys
import tempfile
import time
from hashlib import sha256
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from refsem.audit.findings import NetworkAudit, Verdict, combined
from refsem.audit.network import audit_network, silent
from refsem.audit.robustness import example_reports
from refsem.exact import ExactTensor
from refsem.ir import load_model
from refsem.ir.evaluation import Prepared, evaluate_graph, prepare
from refsem.ir.graph import Graph
from refsem.properties.robustness import stated
from refsem.properties.stated import load_statement
from refsem.properties.statement import LabelledPoint, Statement
from refsem.rules.propagation import Method
from refsem.untrusted.strict_toml import parse_toml

EXAMPLES = Path(__file__).parents[1] / "examples"
DIGITS, DATA = EXAMPLES / "digits" / "digits.onnx", EXAMPLES / "robustness" / "digits.csv"
RADII = ("0", "0.005", "0.01", "0.02", "0.03", "0.04", "0.05")
BARS = ("0.01", "0.02", "0.05")
GREATEST = 16
RESTARTS, STEPS = 100, 100
ERROR = 1e-9
"""More than floats are wrong by in a difference of two outputs: all numbers stay below 1000."""

Floats = NDArray[np.float64]
Layers = list[tuple[NDArray[np.float32], NDArray[np.float32]]]


def stated_at(graph: Graph, indices: list[int], radius: str) -> Statement:
    """The claim about these examples, at a radius in parts of the range."""
    whole, _, digits = radius.partition(".")
    text = (
        f'norm = "inf"\nradius = "{int(whole + digits) * GREATEST}/{10 ** len(digits)}"\n'
        f'clip = [0, {GREATEST}]\nexamples_file = "{DATA.name}"\n'
        f'examples_sha256 = "{sha256(DATA.read_bytes()).hexdigest()}"\nindices = {indices}\n'
    )
    return stated(parse_toml(str(DATA), text.encode()), graph)


def verdicts(statement: Statement, audit: NetworkAudit) -> dict[int, Verdict]:
    """The verdict on each example, by its number."""
    regions = {case: region for region in audit.regions for case, _ in region.claims.cases}
    return {
        point.number: combined(regions[case].verdict(case) for case in point.cases)
        for point in statement.points
    }


# floats: a plain CROWN, and an attack


def float_layers(graph: Graph) -> Layers:
    """Weights (inputs x outputs) and biases of the network after its scaling."""
    bits = graph.constants
    names = ("hidden_1", "hidden_2", "logits")
    arrays = [(bits[f"{n}_weight"], bits[f"{n}_bias"]) for n in names]
    layers = [(w.view(np.float32), b.view(np.float32)) for w, b in arrays]
    return [(w.T if w.shape[0] == b.size else w, b) for w, b in layers]


def float_crown(
    layers: Layers, lower: NDArray[np.float32], upper: NDArray[np.float32], label: int
) -> bool:
    """Whether plain CROWN in float32, as tools compute it, certifies the label."""
    lines: list[tuple[NDArray[np.float32], ...]] = []
    for depth in range(len(layers)):
        weight, bias = layers[depth]
        if depth == len(layers) - 1:
            others = [j for j in range(len(bias)) if j != label]
            weight, bias = weight[:, [label]] - weight[:, others], bias[label] - bias[others]
        low, high = (_float_pass(layers, lines, weight, bias, lower, upper, s) for s in (1, -1))
        if depth == len(layers) - 1:
            return bool((low > 0).all())
        chord = high / np.maximum(high - low, np.float32(1e-30))
        above = np.where(low >= 0, 1, np.where(high <= 0, 0, chord)).astype(np.float32)
        below = np.where(high > -low, 1, 0).astype(np.float32)
        below = np.where(low >= 0, np.float32(1), np.where(high <= 0, np.float32(0), below))
        offset = np.where((low < 0) & (high > 0), -above * low, np.float32(0))
        lines.append((above, below, offset))
    raise ValueError("a network has layers")


def _float_pass(
    layers: Layers,
    lines: list[tuple[NDArray[np.float32], ...]],
    weight: NDArray[np.float32],
    bias: NDArray[np.float32],
    lower: NDArray[np.float32],
    upper: NDArray[np.float32],
    sign: int,
) -> NDArray[np.float32]:
    """The lower (sign 1) or upper (sign -1) bounds of some columns of the next layer."""
    rows, total = weight.copy(), bias.copy()
    for depth in range(len(lines) - 1, -1, -1):
        above, below, offset = (part[:, np.newaxis] for part in lines[depth])
        keeps = rows * sign >= 0
        total = total + np.where(keeps, 0, rows * offset).sum(axis=0, dtype=np.float32)
        rows = rows * np.where(keeps, below, above)
        total = total + layers[depth][1] @ rows
        rows = layers[depth][0] @ rows
    low, high = (lower, upper) if sign > 0 else (upper, lower)
    return np.asarray(
        total + low @ np.maximum(rows, 0) + high @ np.minimum(rows, 0), dtype=np.float32
    )


def margins(layers: Layers, points: Floats, label: int) -> tuple[Floats, Floats]:
    """At each point the least difference to another output, and its gradient."""
    value, active = points / GREATEST, []
    for weight, bias in layers[:-1]:
        value = value @ weight.astype(np.float64) + bias
        active.append(value > 0)
        value = np.maximum(value, 0)
    weight, bias = layers[-1]
    outputs = value @ weight.astype(np.float64) + bias
    rest = outputs.copy()
    rest[:, label] = -np.inf
    worst = rest.argmax(axis=1)
    found = outputs[:, label] - outputs[np.arange(len(points)), worst]
    rows = (weight[:, [label]] - weight[:, worst]).T.astype(np.float64)
    for (before, _), on in zip(reversed(layers[:-1]), reversed(active), strict=True):
        rows = (rows * on) @ before.T
    return found, rows


def attacked(
    prepared: Prepared, layers: Layers, point: LabelledPoint, lower: Floats, upper: Floats
) -> bool:
    """Whether 10 000 steps come upon a counterexample, exactly evaluated."""
    source = np.random.default_rng(point.number)
    points = lower + source.random((RESTARTS, len(lower))) * (upper - lower)
    worst, least = points[0], np.inf
    for step in range(STEPS):
        found, slopes = margins(layers, points, point.label)
        assert np.abs(points).max() < 1000  # noqa: S101  see ERROR
        close = points[found <= ERROR]
        if found.min() < least:
            worst, least = points[found.argmin()], float(found.min())
        if len(close) and _exactly(prepared, close, point.label):
            return True
        stride = (upper - lower) * 0.5 * 0.95**step
        points = np.clip(points - stride * np.sign(slopes), lower, upper)
    return _exactly(prepared, worst[np.newaxis], point.label)


def _exactly(prepared: Prepared, points: Floats, label: int) -> bool:
    """Whether another output is at least the label's at any of the points, exactly."""
    (source,), (sink,) = prepared.graph.inputs, prepared.graph.outputs
    exponent = 60
    whole = [int(x * 2.0**exponent) for x in points.ravel()]
    stacked = ExactTensor(np.array(whole, dtype=object).reshape(points.shape), exponent, 1)
    for row in range(points.shape[0]):
        outputs = evaluate_graph(prepared, {source: stacked[[row]]})[sink].rationals()
        if max(v for j, v in enumerate(outputs) if j != label) >= outputs[label]:
            return True
    return False


# the digits network


def digits() -> tuple[dict[str, tuple[int, int, int]], bool]:
    """By radius how many are certified, refuted and open; whether the bars are met."""
    graph = load_model(DIGITS)
    prepared, layers, met = prepare(graph), float_layers(graph), True
    left, refuted = list(range(len(DATA.read_text().splitlines()))), set[int]()
    counts: dict[str, tuple[int, int, int]] = {}
    for radius in RADII:
        started = time.process_time()
        statement = stated_at(graph, left, radius)
        found = verdicts(
            statement, audit_network(prepared, statement.property, Method.CROWN, silent)
        )
        certified = {n for n, verdict in found.items() if verdict is Verdict.HOLDS}
        refuted |= {n for n, verdict in found.items() if verdict is Verdict.VIOLATED}
        left = [n for n in left if n not in refuted]
        counts[radius] = len(certified), len(refuted), len(left) - len(certified)
        seconds = time.process_time() - started
        print(f"radius {radius:6} certified {counts[radius][0]}, refuted {counts[radius][1]}, "
              f"open {counts[radius][2]}; {seconds:.1f} processor seconds", flush=True)  # fmt: skip
        if radius in BARS:
            met = compared(graph, prepared, layers, radius, certified, refuted) and met
    return counts, met


def compared(
    graph: Graph,
    prepared: Prepared,
    layers: Layers,
    radius: str,
    certified: set[int],
    refuted: set[int],
) -> bool:
    """Whether we certify no less than float CROWN does and the attack finds nothing certified."""
    count = len(DATA.read_text().splitlines())
    statement = stated_at(graph, list(range(count)), radius)
    floats, broken = set[int](), []
    for point in statement.points:
        case = statement.property.cases[point.cases[0]]
        lower, upper = (np.array([float(v) for v in end]) for end in (case.lower, case.upper))
        low, high = ((end / GREATEST).astype(np.float32) for end in (lower, upper))
        if float_crown(layers, low, high, point.label):
            floats.add(point.number)
        if point.number in certified and attacked(prepared, layers, point, lower, upper):
            broken.append(point.number)
    print(f"  float32 CROWN certifies {len(floats)}; not we: {sorted(floats - certified)}; "
          f"refuted all the same: {sorted(floats & refuted)}")  # fmt: skip
    print(f"  attacked, {RESTARTS * STEPS} steps each: {len(broken)} of {len(certified)} fall",
          flush=True)  # fmt: skip
    return not broken and len(certified) >= len(floats - refuted)


# TorchLean's classifier


def torchlean(data: Path) -> bool:
    """Whether bounds of its outputs show 318 of 360 clipped and 296 unclipped, as it reports."""
    folder = data / "torchlean/era-a-fd2c196/NN/Examples/Verification/Robustness"
    found = []
    with tempfile.TemporaryDirectory() as temporary:
        script = EXAMPLES / "torchlean_digits.py"
        files = folder / "digits_linear_weights.json", folder / "digits_test.json"
        subprocess.run([sys.executable, script, *files, temporary], check=True)  # noqa: S603
        model = Path(temporary) / "model.onnx"
        graph = load_model(model)
        for name in ("clipped.toml", "unclipped.toml"):
            started = time.process_time()
            digest = sha256(model.read_bytes()).hexdigest()
            statement = load_statement(Path(temporary) / name, graph, digest)
            audit = audit_network(prepare(graph), statement.property, Method.CROWN, silent)
            each = example_reports(statement, audit)
            found.append(sum(report.separated for report in each))
            certified = sum(report.verdict is Verdict.HOLDS for report in each)
            print(f"TorchLean's classifier, {name}: {found[-1]} of {len(each)} by bounds of each "
                  f"output, {certified} by those of differences; "
                  f"{time.process_time() - started:.1f} processor seconds", flush=True)  # fmt: skip
    return found == [318, 296]


# the picture


def picture(counts: dict[str, tuple[int, int, int]]) -> str:
    """Certified below, refuted above, what is open between them, over the radius."""
    width, height, left, top = 460, 240, 48, 24
    total = max(sum(one) for one in counts.values())

    def place(radius: str, share: float) -> str:
        across = left + width * float(radius) / float(RADII[-1])
        return f"{across:.1f},{top + height * (1 - share):.1f}"

    lower = [place(radius, one[0] / total) for radius, one in counts.items()]
    upper = [place(radius, 1 - one[1] / total) for radius, one in counts.items()]
    bottom = top + height
    marks = "".join(
        f'<text x="{left + width * float(r) / float(RADII[-1]):.1f}" y="{bottom + 16}" '
        f'text-anchor="middle">{r}</text>'
        for r in ("0", *RADII[2:])
    )
    return f"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 540 310" font-size="12" \
font-family="sans-serif">
<rect x="{left}" y="{top}" width="{width}" height="{height}" fill="#f6d9d5"/>
<polygon points="{" ".join([*lower, *reversed(upper)])}" fill="#e0e0e0"/>
<polygon points="{left},{bottom} {" ".join(lower)} {left + width},{bottom}" fill="#bcd6ec"/>
<polyline points="{" ".join(lower)}" fill="none" stroke="#1565c0" stroke-width="2"/>
<polyline points="{" ".join(upper)}" fill="none" stroke="#b23b2e" stroke-width="2"/>
<path d="M{left} {top}V{bottom}H{left + width}" fill="none" stroke="#444"/>
<text x="{left - 6}" y="{top + 10}" text-anchor="end">{total}</text>
<text x="{left - 6}" y="{bottom}" text-anchor="end">0</text>{marks}
<text x="{left + 20}" y="{bottom - 20}">certified</text>
<text x="{left + width - 12}" y="{top + 20}" text-anchor="end">refuted, by a point each</text>
<text x="{left + width / 2}" y="{bottom + 36}" text-anchor="middle">L∞ radius, of the range of \
pixels; grey: open</text>
</svg>
"""


def main(arguments: list[str]) -> int:
    """Exit status: 1 if a bar is missed."""
    shown = "REFSEM_DATA" not in os.environ or torchlean(Path(os.environ["REFSEM_DATA"]))
    counts, met = digits()
    if arguments:
        Path(arguments[0]).write_text(picture(counts), "utf-8")
    return 0 if met and shown else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
