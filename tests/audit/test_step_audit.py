"""Networks with steps, casts, comparisons, choices and GELU from ONNX file to verdict."""

from collections.abc import Callable
from pathlib import Path

import builders
import numpy as np
import pytest
from claim_files import write_property
from onnx import NodeProto, TensorProto, helper

from refsem.audit.findings import NetworkAudit, Verdict
from refsem.audit.network import audit_network, silent
from refsem.ir import load_model
from refsem.ir.evaluation import prepare
from refsem.properties import load_property
from refsem.rules.propagation import Method, check_covered

WEIGHTS = {
    "w": np.array([[2, -1], [1, 1]], np.float32),
    "b": np.array([0.25, 0.5], np.float32),
    "c": np.array([1], np.float32),
    "v": np.array([[1], [1]], np.float32),
}
Node = NodeProto
MIDDLES: dict[str, list[Node]] = {
    "floor": [helper.make_node("Floor", ["h"], ["m"], "middle")],
    "ceil": [helper.make_node("Ceil", ["h"], ["m"], "middle")],
    "round": [helper.make_node("Round", ["h"], ["m"], "middle")],
    "sign": [helper.make_node("Sign", ["h"], ["m"], "middle")],
    "cast": [
        helper.make_node("Cast", ["h"], ["i"], "down", to=TensorProto.INT64),
        helper.make_node("Cast", ["i"], ["m"], "up", to=TensorProto.FLOAT),
    ],
    "truth": [
        helper.make_node("Greater", ["h", "c"], ["i"], "compared"),
        helper.make_node("Not", ["i"], ["n"], "turned"),
        helper.make_node("Cast", ["n"], ["m"], "up", to=TensorProto.FLOAT),
    ],
    "where": [
        helper.make_node("LessOrEqual", ["h", "c"], ["i"], "compared"),
        helper.make_node("Neg", ["h"], ["n"], "turned"),
        helper.make_node("Where", ["i", "h", "n"], ["m"], "middle"),
    ],
    "and": [
        helper.make_node("Less", ["h", "c"], ["i"], "compared"),
        helper.make_node("Greater", ["h", "b"], ["j"], "again"),
        helper.make_node("And", ["i", "j"], ["k"], "both"),
        helper.make_node("Cast", ["k"], ["m"], "up", to=TensorProto.FLOAT),
    ],
}


def built(path: Path, middle: list[Node]) -> Path:
    nodes = [
        helper.make_node("Gemm", ["x", "w", "b"], ["h"], "first"),
        *middle,
        helper.make_node("MatMul", ["m", "v"], ["y"], "last"),
    ]
    return builders.save(path, nodes, WEIGHTS, {"x": [1, 2]}, {"y": [1, 1]}, opset=20)


def audited(folder: Path, middle: list[Node], unsafe: str, method: Method) -> NetworkAudit:
    """Over inputs from −1 to 1."""
    prepared = prepare(load_model(built(folder / "m.onnx", middle)))
    check_covered(prepared)
    wanted = write_property(folder / "p.vnnlib", ["-1"] * 2, ["1"] * 2, unsafe)
    return audit_network(prepared, load_property(wanted), method, silent)


TRUTH: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "floor": np.floor,
    "ceil": np.ceil,
    "round": np.rint,
    "sign": np.sign,
    "cast": np.trunc,
    "truth": lambda h: np.where(h > 1, 0.0, 1.0),
    "where": lambda h: np.where(h <= 1, h, -h),
    "and": lambda h: np.where((h < 1) & (h > WEIGHTS["b"]), 1.0, 0.0),
}


def reached(name: str) -> float:
    """The greatest output on a grid of quarters, all exact."""
    grid = np.linspace(-1, 1, 9)
    points = np.array([(a, b) for a in grid for b in grid])
    return float(TRUTH[name](points @ WEIGHTS["w"] + WEIGHTS["b"]).sum(axis=1).max())


@pytest.mark.parametrize("method", [Method.IBP, Method.CROWN], ids=lambda method: method.value)
@pytest.mark.parametrize("name", MIDDLES)
def test_what_is_out_of_reach_is_proved_and_what_is_met_is_found(
    tmp_path: Path, name: str, method: Method
) -> None:
    far = audited(tmp_path, MIDDLES[name], "(assert (>= Y_0 8))", method)
    assert far.verdict is Verdict.HOLDS
    assert not any(record.surprising for record in far.judged())
    near = audited(tmp_path, MIDDLES[name], f"(assert (>= Y_0 {reached(name)}))", method)
    assert near.verdict is not Verdict.HOLDS
    found = near.witness()
    if found is not None:
        assert found.error == 0
        point = np.array([float(v) for v in found.inputs])
        output = TRUTH[name](point @ WEIGHTS["w"] + WEIGHTS["b"]).sum()
        assert [float(v) for v in found.outputs] == [output]
        assert output >= reached(name)


def test_a_network_of_steps_has_exact_witnesses(tmp_path: Path) -> None:
    found = audited(tmp_path, MIDDLES["floor"], "(assert (<= Y_0 -3))", Method.CROWN).witness()
    assert found is not None
    assert found.error == 0


@pytest.mark.parametrize(("unsafe", "verdict"), [(5, Verdict.HOLDS), (3.4, Verdict.VIOLATED)])
def test_gelu_is_audited(tmp_path: Path, unsafe: float, verdict: Verdict) -> None:
    """At (1, 1): gelu(3.25) + gelu(0.5) is about 3.59."""
    middle = [helper.make_node("Gelu", ["h"], ["m"], "middle")]
    found = audited(tmp_path, middle, f"(assert (>= Y_0 {unsafe}))", Method.CROWN)
    assert found.verdict is verdict
    assert not any(record.surprising for record in found.judged())
