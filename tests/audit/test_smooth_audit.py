"""Networks of tanh, sigmoid and exp from ONNX file to verdict, checked by mpmath at points."""

from collections import Counter
from fractions import Fraction
from pathlib import Path

import builders
import mpmath
import numpy as np
import pytest
from gmpy2 import mpq
from onnx import helper

from refsem.audit.findings import NetworkAudit, Verdict
from refsem.audit.network import audit_network, silent
from refsem.errors import InputError
from refsem.ir import load_model
from refsem.ir.evaluation import prepare
from refsem.obligations.obligation import By, Kind, Proved
from refsem.properties import load_property
from refsem.rules.propagation import Method

FIRST = builders.layer([[1, -1, 0.5], [0.5, 1, -1]], [0, 0.25, -0.5])
SECOND = builders.layer([[1, 0.5], [-1, 1], [0.25, -2]], [0.5, 0])
LAST = builders.layer([[1.5], [-1]], [0.125])


def tanh_sigmoid(folder: Path) -> Path:
    """Dense, tanh, dense, sigmoid, dense: two inputs, one output."""
    nodes, constants = [], {}
    nodes += builders.affine_nodes("Gemm", FIRST, "X", "first", constants)
    nodes.append(helper.make_node("Tanh", ["first"], ["bent"], "bend"))
    nodes += builders.affine_nodes("Gemm", SECOND, "bent", "second", constants)
    nodes.append(helper.make_node("Sigmoid", ["second"], ["squashed"], "squash"))
    nodes += builders.affine_nodes("Gemm", LAST, "squashed", "Y", constants)
    return builders.save(folder / "m.onnx", nodes, constants, {"X": [1, 2]}, {"Y": [1, 1]})


def output(point: tuple[mpq, ...]) -> mpmath.mpf:
    """The network at a point, to fifty digits."""
    with mpmath.workdps(50):
        values = [mpmath.mpf(int(v.numerator)) / int(v.denominator) for v in point]
        for (weights, bias), bend in (
            (FIRST, mpmath.tanh),
            (SECOND, lambda z: 1 / (1 + mpmath.exp(-z))),
            (LAST, lambda z: z),
        ):
            values = [
                bend(sum(v * float(w) for v, w in zip(values, column, strict=True)) + float(c))
                for column, c in zip(weights.T, bias, strict=True)
            ]
        (found,) = values
        return found


def audited(folder: Path, unsafe: str, method: Method = Method.CROWN) -> NetworkAudit:
    """The audit over inputs from −1/2 to 1/2."""
    declared = "".join(f"(declare-const {n} Real)" for n in ("X_0", "X_1", "Y_0"))
    box = "".join(f"(assert (>= X_{i} -0.5))(assert (<= X_{i} 0.5))" for i in range(2))
    path = folder / "p.vnnlib"
    path.write_text(f"{declared}{box}(assert {unsafe})")
    prepared = prepare(load_model(tanh_sigmoid(folder)))
    return audit_network(prepared, load_property(path), method, silent)


def grid() -> list[tuple[mpq, mpq]]:
    return [(mpq(i, 16), mpq(j, 16)) for i in range(-8, 9, 2) for j in range(-8, 9, 2)]


def test_the_output_box_contains_what_mpmath_computes(tmp_path: Path) -> None:
    reached = [output(point) for point in grid()]
    widths = {}
    for method in Method:
        (region,) = audited(tmp_path, "(<= Y_0 -100)", method).regions
        state = region.propagation
        box = state.replay.box(state.boxes["Y"])
        low, high = box.lower.rational(0, 0), box.upper.rational(0, 0)
        assert all(low < value < high for value in map(rational, reached))
        widths[method] = high - low
    crown = widths[Method.CROWN]
    assert all(rational(max(reached)) - rational(min(reached)) < width for width in widths.values())
    assert crown < widths[Method.IBP]
    assert crown <= widths[Method.FORWARD]
    assert widths[Method.ALPHA] == crown  # of functions no slope is optimised
    assert crown < 2 * (rational(max(reached)) - rational(min(reached)))


def rational(value: mpmath.mpf) -> mpq:
    sign, significand, exponent, _ = value._mpf_
    return (-1 if sign else 1) * mpq(int(significand)) * mpq(2) ** int(exponent)


def test_verdicts_on_both_sides_of_what_is_reached(tmp_path: Path) -> None:
    reached = [rational(output(point)) for point in grid()]
    below, within = Fraction(-1), Fraction(int(min(reached) * 4096) + 40, 4096)
    assert audited(tmp_path, f"(<= Y_0 {float(below)})").verdict is Verdict.HOLDS
    violated = audited(tmp_path, f"(<= Y_0 {float(within)})")
    assert violated.verdict is Verdict.VIOLATED
    witness = violated.witness()
    assert witness is not None
    assert 0 < witness.error < mpq(1, 10**12)
    found = rational(output(witness.inputs))
    assert found <= mpq(within)
    assert abs(found - witness.outputs[0]) <= witness.error


def test_every_constraint_of_a_case_has_to_be_met(tmp_path: Path) -> None:
    reached = max(rational(output(point)) for point in grid())
    unsafe = f"(and (<= Y_0 100) (>= Y_0 {float(reached) + 0.001}))"
    assert audited(tmp_path, unsafe).verdict is not Verdict.VIOLATED


def test_between_bound_and_sample_it_is_undecided(tmp_path: Path) -> None:
    (region,) = audited(tmp_path, "(<= Y_0 -100)").regions
    state = region.propagation
    low = state.replay.box(state.boxes["Y"]).lower.rational(0, 0)
    bound = Fraction(int(low * 1024) + 1, 1024)
    assert audited(tmp_path, f"(<= Y_0 {float(bound)})").verdict is Verdict.UNDECIDED


def test_every_obligation_comes_out_as_expected_and_facts_are_stated(tmp_path: Path) -> None:
    found = audited(tmp_path, "(<= Y_0 -100)")
    records = [r for r in found.judged() if r.obligation.kind is not Kind.CLAIM]
    assert [r.obligation.id for r in records if r.surprising] == []
    proved = Counter(r.outcome.by for r in records if isinstance(r.outcome, Proved))
    assert proved[By.Z3] == 0
    facts = {r.obligation.id for r in records if r.obligation.kind is Kind.FACT}
    assert "tanh_upper/fact/tanh_chord_left" in facts
    assert "sigmoid_interval/fact/sigmoid_below_one" in facts
    ids = {r.obligation.id for r in found.records}
    for record in records:
        if isinstance(record.outcome, Proved) and record.obligation.kind is Kind.INSTANCE:
            assert set(record.outcome.relying_on) <= ids
    relied = {one for r in records if isinstance(r.outcome, Proved) for one in r.outcome.relying_on}
    assert "sigmoid_interval/fact/sigmoid_below_one" in relied


@pytest.mark.parametrize(("operator", "low"), [("Log", -0.5), ("Sqrt", -0.5), ("Reciprocal", -0.5)])
def test_a_box_outside_the_domain_is_refused_by_name(
    tmp_path: Path, operator: str, low: float
) -> None:
    nodes = [helper.make_node(operator, ["X"], ["Y"], "node")]
    model = builders.save(tmp_path / "m.onnx", nodes, {}, {"X": [1, 1]}, {"Y": [1, 1]})
    path = tmp_path / "p.vnnlib"
    path.write_text(
        "(declare-const X_0 Real)(declare-const Y_0 Real)"
        f"(assert (>= X_0 {low}))(assert (<= X_0 0.5))(assert (<= Y_0 -100))"
    )
    with pytest.raises(InputError, match=f"'Y' \\({operator.lower()}\\)"):
        audit_network(prepare(load_model(model)), load_property(path), Method.IBP, silent)


@pytest.mark.parametrize(
    "operator", ["Exp", "Log", "Tanh", "Sigmoid", "Softplus", "Sin", "Cos", "Sqrt", "Reciprocal"]
)
def test_every_function_is_read_and_audited(tmp_path: Path, operator: str) -> None:
    nodes = [helper.make_node(operator, ["X"], ["Y"], "node")]
    model = builders.save(tmp_path / "m.onnx", nodes, {}, {"X": [1, 2]}, {"Y": [1, 2]})
    path = tmp_path / "p.vnnlib"
    names = "".join(f"(declare-const {n} Real)" for n in ("X_0", "X_1", "Y_0", "Y_1"))
    box = "".join(f"(assert (>= X_{i} 0.25))(assert (<= X_{i} 0.5))" for i in range(2))
    path.write_text(f"{names}{box}(assert (<= Y_0 -2))")
    found = audit_network(prepare(load_model(model)), load_property(path), Method.CROWN, silent)
    assert found.verdict is Verdict.HOLDS
    (region,) = found.regions
    box_of_y = region.propagation.replay.box(region.propagation.boxes["Y"])
    known = {
        "Exp": np.exp,
        "Log": np.log,
        "Tanh": np.tanh,
        "Sigmoid": lambda z: 1 / (1 + np.exp(-z)),
        "Softplus": lambda z: np.log1p(np.exp(z)),
        "Sin": np.sin,
        "Cos": np.cos,
        "Sqrt": np.sqrt,
        "Reciprocal": lambda z: 1 / z,
    }[operator]
    ends = sorted((known(0.25), known(0.5)))
    low, high = float(box_of_y.lower.rational(0, 0)), float(box_of_y.upper.rational(0, 0))
    assert low <= ends[0] + 1e-12
    assert high >= ends[1] - 1e-12
    assert high - low < 2 * (ends[1] - ends[0]) + 0.5
