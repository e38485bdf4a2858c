"""A counterexample executed in binary32, beside its exact values: no verdict rests on it.

The point is rounded to binary32 first, so that it may leave the box or its ball, and one execution
of many is stated (`refsem.audit.executed.STATED`). Outputs are then compared with the case exactly.
"""

from dataclasses import dataclass

from gmpy2 import mpq

from refsem.audit.executed import Executor
from refsem.audit.findings import NetworkAudit
from refsem.properties.property import LinearConstraint
from refsem.rounding import BINARY32, Finite, Mode, decode, round_to_binary32


@dataclass(frozen=True, slots=True)
class ExecutedWitness:
    """What an execution gives at the rounded point; whether that is inside, and meets the case."""

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
    case = dict(region.claims.cases)[witness.case]
    unsafe = all(_met(constraint, inputs, finite) for constraint in case.unsafe)
    ends = zip(case.lower, inputs, case.upper, strict=True)
    inside = all(low <= value <= high for low, value, high in ends)
    inside = inside and (case.ball is None or case.ball.holds(inputs))
    return ExecutedWitness(inputs, finite, inside, unsafe)


def _met(constraint: LinearConstraint, inputs: tuple[mpq, ...], outputs: tuple[mpq, ...]) -> bool:
    """Whether the constraint holds of these inputs and outputs, exactly."""
    total = sum((factor * inputs[place] for place, factor in constraint.inputs), mpq(0))
    total += sum((factor * outputs[place] for place, factor in constraint.outputs), mpq(0))
    return bool(total < constraint.bound or (total == constraint.bound and not constraint.strict))
