"""Random small networks and claims moved at random: no falsehood believed, no truth refuted.

For one input the exact range of every tensor is enumerated; for two it is sampled. When every
tensor is claimed, each step is one affine map or one ReLU over claimed boxes, so which steps are
broken is a matter of plain interval arithmetic, and the judge's counts must equal it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from itertools import product
from pathlib import Path

import builders
import numpy as np
import pytest
from escape_checks import Judged, bounds_file, check_escapes
from hypothesis import given, settings
from hypothesis import strategies as st
from plain_network import Bounds, PlainNetwork, exact_ranges, intervals, stepped

from refsem.certificates.judgement import Finding, TensorReport
from refsem.rules.propagation import Method

WEIGHTS = st.integers(-3, 3) | st.sampled_from([0.5, -0.125, 1 / 3, -0.1])
MOVES = st.sampled_from(
    [Fraction(0)] * 6
    + [s * m for s in (1, -1) for m in (Fraction(1), Fraction(1, 7), Fraction(1, 10**12))]
)
SLOW = settings(max_examples=min(settings().max_examples // 3, 3000))
"""Each example is a network of its own: fewer of them, at every length of search."""

ENDS = st.integers(-4, 4) | st.fractions(-4, 4, max_denominator=9)


@dataclass(frozen=True, slots=True)
class Drawn:
    """A network, the box it is judged over, and claims about every tensor."""

    model: Path
    network: PlainNetwork
    box: Bounds
    claims: Mapping[str, Bounds]


def draw_network(draw: st.DrawFn, path: Path, inputs: int) -> Path:
    """A chain or a network with a skip connection, with a width of 1 to 3."""

    def layer(rows: int, columns: int) -> builders.Layer:
        count = rows * columns + columns
        flat = draw(st.lists(WEIGHTS, min_size=count, max_size=count))
        array = np.array(flat[: rows * columns], np.float32).reshape(rows, columns)
        return array, np.array(flat[rows * columns :], np.float32)

    width, depth = draw(st.integers(1, 3)), draw(st.integers(0, 2))
    if draw(st.booleans()):
        return builders.residual(path, layer(inputs, width), layer(width, width), layer(width, 1))
    widths = [inputs, *[width] * depth, draw(st.integers(1, 2))]
    layers = [layer(widths[i], widths[i + 1]) for i in range(len(widths) - 1)]
    return builders.sequential(path, layers)


@st.composite
def judged_cases(draw: st.DrawFn, folder: Path, inputs: int) -> Drawn:
    model = draw_network(draw, folder / "random.onnx", inputs)
    network = PlainNetwork.read(model)
    ends = [sorted(map(Fraction, draw(st.tuples(ENDS, ENDS)))) for _ in range(inputs)]
    box: Bounds = ([low for low, _ in ends], [high for _, high in ends])
    claims = {}
    for name, (lower, upper) in intervals(network, box).items():
        if name == "x":
            continue
        low = [end + draw(MOVES) for end in lower]
        high = [end - draw(MOVES) for end in upper]
        ordered = [sorted(pair) for pair in zip(low, high, strict=True)]
        claims[name] = ([pair[0] for pair in ordered], [pair[1] for pair in ordered])
    return Drawn(model, network, box, claims)


def sampled_ranges(network: PlainNetwork, box: Bounds) -> dict[str, Bounds]:
    """Ranges over a grid of the box: what they exceed is certainly exceeded."""
    fractions = [Fraction(i, 4) for i in range(5)]
    axes = [[low + (high - low) * f for f in fractions] for low, high in zip(*box, strict=True)]
    rows = [network.values({"x": point}) for point in product(*axes)]
    columns = {name: list(zip(*(row[name] for row in rows), strict=True)) for name in rows[0]}
    return {n: ([min(e) for e in entry], [max(e) for e in entry]) for n, entry in columns.items()}


def beyond(claims: Bounds, found: Bounds) -> int:
    """How many claimed ends these values escape."""
    low = sum(value < claim for value, claim in zip(found[0], claims[0], strict=True))
    high = sum(value > claim for value, claim in zip(found[1], claims[1], strict=True))
    return low + high


def check_steps(case: Judged, drawn: Drawn, reports: Mapping[str, TensorReport]) -> None:
    """Exactly the steps are broken whose plain interval image escapes."""
    claimed = {"x": drawn.box, **drawn.claims}
    for node in drawn.network.nodes:
        name = node.output[0]
        broken = beyond(drawn.claims[name], stepped(drawn.network, node, claimed))
        count = 2 * len(drawn.claims[name][0])
        assert reports[name].steps.get(Finding.BROKEN, 0) == broken
        assert reports[name].steps[Finding.INDUCTIVE] == count - broken
    assert case.report.open_steps == 0


@SLOW
@given(values=st.data(), audit=st.sampled_from(list(Method)))
def test_over_one_input_the_judge_agrees_with_the_truth(
    tmp_path_factory: pytest.TempPathFactory, values: st.DataObject, audit: Method
) -> None:
    drawn = values.draw(judged_cases(tmp_path_factory.getbasetemp(), 1))
    truth = exact_ranges(drawn.network, drawn.box[0][0], drawn.box[1][0])
    case = Judged.of(drawn.model, [drawn.box], bounds_file(drawn.box, drawn.claims), audit)
    reports = {report.tensor: report for report in case.report.tensors}
    for name, claims in drawn.claims.items():
        false, report = beyond(claims, truth[name]), reports[name]
        assert report.endpoints[Finding.REFUTED] <= false
        assert report.endpoints[Finding.CONFIRMED] <= 2 * len(claims[0]) - false
        if name == "hidden_1":
            assert report.endpoints[Finding.REFUTED] == false
    check_steps(case, drawn, reports)
    check_escapes(case)


@SLOW
@given(values=st.data())
def test_over_two_inputs_no_sampled_falsehood_is_believed(
    tmp_path_factory: pytest.TempPathFactory, values: st.DataObject
) -> None:
    drawn = values.draw(judged_cases(tmp_path_factory.getbasetemp(), 2))
    found = sampled_ranges(drawn.network, drawn.box)
    case = Judged.of(drawn.model, [drawn.box], bounds_file(drawn.box, drawn.claims))
    reports = {report.tensor: report for report in case.report.tensors}
    for name, claims in drawn.claims.items():
        confirmed = reports[name].endpoints[Finding.CONFIRMED]
        assert confirmed <= 2 * len(claims[0]) - beyond(claims, found[name])
    if any(beyond(claims, found[name]) for name, claims in drawn.claims.items()):
        assert case.report.verdict == "unsound"
    check_steps(case, drawn, reports)
    check_escapes(case)


@SLOW
@given(values=st.data())
def test_with_some_tensors_unclaimed_no_truth_is_refuted(
    tmp_path_factory: pytest.TempPathFactory, values: st.DataObject
) -> None:
    drawn = values.draw(judged_cases(tmp_path_factory.getbasetemp(), 1))
    kept = values.draw(st.sets(st.sampled_from(sorted(drawn.claims))))
    method = values.draw(st.sampled_from(["ibp", "crown", "other"]))
    claims = {name: drawn.claims[name] for name in kept}
    truth = exact_ranges(drawn.network, drawn.box[0][0], drawn.box[1][0])
    case = Judged.of(drawn.model, [drawn.box], bounds_file(drawn.box, claims, method=method))
    assert case.report.count(Finding.REFUTED) <= sum(beyond(claims[n], truth[n]) for n in kept)
    if any(beyond(claims[name], truth[name]) for name in kept):
        assert case.report.verdict != "sound"
    if method != "ibp":
        assert case.report.count(Finding.BROKEN) == 0
    check_escapes(case)
