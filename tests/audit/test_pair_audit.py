"""Verdicts of networks with operators of two operands, constants and irrational constants."""

from math import prod
from pathlib import Path

import pytest

from refsem.audit.findings import Verdict
from refsem.audit.network import audit_network, silent
from refsem.ir import load_model
from refsem.ir.evaluation import prepare
from refsem.properties import load_property
from refsem.properties.claims import check_fits, region_claims
from refsem.rules.chain import NotChain, chain
from refsem.rules.propagation import Method


def written(path: Path, inputs: int, outputs: int, unsafe: str) -> Path:
    """A property over the box from 1/4 to 1/2."""
    lines = [f"(declare-const X_{i} Real)" for i in range(inputs)]
    lines += [f"(declare-const Y_{i} Real)" for i in range(outputs)]
    for i in range(inputs):
        lines += [f"(assert (>= X_{i} 0.25))", f"(assert (<= X_{i} 0.5))"]
    path.write_text("\n".join([*lines, unsafe]))
    return path


@pytest.mark.parametrize("method", list(Method), ids=lambda method: method.value)
@pytest.mark.parametrize("name", ["constant", "maxpool", "batchnorm"])
def test_far_from_and_deep_in_the_unsafe_set(
    data: Path, tmp_path: Path, name: str, method: Method
) -> None:
    prepared = prepare(load_model(data / f"networks/marabou/layer-zoo/{name}.onnx"))
    ends = (prepared.graph.inputs[0], prepared.graph.outputs[0])
    sizes = [prod(prepared.shapes[tensor]) for tensor in ends]
    for unsafe, verdict in (
        ("(assert (>= Y_0 1000))", Verdict.HOLDS),
        ("(assert (>= Y_0 -1000))", Verdict.VIOLATED),
    ):
        path = written(tmp_path / "p.vnnlib", *sizes, unsafe)
        property_ = load_property(path)
        check_fits(prepared, property_, str(path))
        found = audit_network(prepared, property_, method, silent)
        assert found.verdict is verdict
        assert not any(record.surprising for record in found.judged())


def test_a_constant_output_is_no_chain_to_branch_over(data: Path, tmp_path: Path) -> None:
    prepared = prepare(load_model(data / "networks/marabou/layer-zoo/constant.onnx"))
    size = prepared.nodes[prepared.graph.inputs[0]].size
    path = written(tmp_path / "p.vnnlib", size, 1, "(assert (>= Y_0 X_0))(assert (>= X_0 Y_0))")
    (claims,) = region_claims(prepared, load_property(path))
    found = chain(prepared, claims.region, {claims.target: claims.combination})
    assert isinstance(found, NotChain)
