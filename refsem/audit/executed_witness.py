"""A counterexample executed in binary32, beside its exact values: no verdict rests on it.

The point is rounded to binary32 first, so that it may leave the box, and one execution of many is
stated (`refsem.audit.executed.STATED`). Outputs are then compared with the case exactly.
"""

from dataclasses import dataclass

from gmpy2 import mpq

from refsem.audit.executed import Executor
from refsem.audit.network import NetworkAudit, RegionAudit
from refsem.exact import ExactTensor
from refsem.rounding import BINARY32, Finite, Mode, decode, round_to_binary32


@dataclass(frozen=True, slots=True)
class ExecutedWitness:
    """What an execution gives at the rounded point, and whether it meets the case there."""

    inputs: tuple[mpq, ...]
    outputs: tuple[mpq, ...]
    inside: bool
    unsafe: bool


def executed_witness(audit: NetworkAudit) -> ExecutedWitness | str:
    """The audit's counterexample as executed; or why it is not. `ValueError` if there is none."""
    witness = audit.witness()
    if witness is None:
        raise ValueError("there is no counterexample to be executed")
    patterns = [decode(BINARY32, round_to_binary32(Mode.RNE, v, 0)) for v in witness.inputs]
    inputs = tuple(one.value for one in patterns if isinstance(one, Finite))
    if len(inputs) < len(patterns):
        return "an input is too great for binary32"
    outputs = Executor.of(audit.prepared.graph).outputs(inputs)
    if isinstance(outputs, str):
        return outputs
    finite = tuple(value for value in outputs if value is not None)
    if len(finite) < len(outputs):
        return "an output is no finite number"
    (region,) = (one for one in audit.regions if witness.case in one.witnesses)
    return _judged(audit, region, witness.case, inputs, finite)


def _judged(
    audit: NetworkAudit,
    region: RegionAudit,
    case: int,
    inputs: tuple[mpq, ...],
    outputs: tuple[mpq, ...],
) -> ExecutedWitness:
    graph, claims = audit.prepared.graph, region.claims
    named = {graph.inputs[0]: inputs, graph.outputs[0]: outputs}
    values = {
        name: ExactTensor.from_rationals(list(row), (1, len(row))) for name, row in named.items()
    }
    position = [number for number, _ in claims.cases].index(case)
    unsafe = bool(claims.met(values)[0, list(claims.rows_of(position))].all())
    inside = bool(claims.inside(values[graph.inputs[0]]).all())
    return ExecutedWitness(inputs, outputs, inside, unsafe)
