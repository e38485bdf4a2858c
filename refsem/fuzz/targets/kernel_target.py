"""Our own kernel as a target, uncompiled: values, flags and NaN bits, in five environments."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from refsem.binary32.catalogue import Call
from refsem.fuzz.targets.target import Answers, Function, Run, Target
from refsem.kernel.catalogue import BY_NAME, KernelOperation
from refsem.kernel.loops import Array
from refsem.rounding import RISCV, X86, Environment, Mode, NanPolicy, Tininess

ENVIRONMENTS = (
    RISCV,
    X86,
    replace(RISCV, tininess=Tininess.BEFORE, nan_policy=NanPolicy.FIRST_SIGNALLING),
    replace(X86, flush_to_zero=True, denormals_are_zero=True, fused_nan_invalid=True),
    replace(RISCV, tininess=Tininess.BEFORE, flush_to_zero=True),
)
PREAMBLE = """\
import numpy as np
from dataclasses import replace
from refsem import kernel
from refsem.rounding import *"""


def kernel_target() -> Target:
    """The target `kernel`."""
    functions = {
        name: Function(kernel_run(operation), f"kernel {name}")
        for name, operation in BY_NAME.items()
    }
    return Target(
        name="kernel",
        functions=functions,
        usual=tuple(functions),
        modes=tuple(Mode),
        preamble=PREAMBLE,
        reductions={},
        environments=ENVIRONMENTS,
        exact_nans=True,
    )


def kernel_run(operation: KernelOperation) -> Run:
    """The run of one operation of the kernel, or of a mutant of it, uncompiled."""

    def run(mode: Mode, operands: Sequence[Array], environment: Environment) -> Answers:
        columns = [_patterns(operand) for operand in operands]
        exact = operation.model.exactness
        answers = [
            operation.evaluate(Call(mode, row, exact, environment))
            for row in zip(*columns, strict=True)
        ]
        return Answers([bits for bits, _ in answers], [flags for _, flags in answers])

    return run


def _patterns(operand: Array) -> list[int]:
    unsigned = np.dtype(f"u{operand.dtype.itemsize}")
    return list(operand.view(unsigned).tolist())
