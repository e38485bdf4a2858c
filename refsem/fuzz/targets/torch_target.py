"""PyTorch on the CPU as a target, where it is installed.

Not promised: NaN bits, the sign of zero in extrema and ReLU, casts to integers out of range.
"""

import importlib
import importlib.util
from collections.abc import Callable
from typing import Any

import numpy as np

from refsem.binary32.catalogue import Kind
from refsem.errors import InputError
from refsem.fuzz.operations import BY_NAME, ELEMENTARY
from refsem.fuzz.targets.target import Function, Target, by_mode, elementwise
from refsem.kernel.loops import Array
from refsem.rounding import Mode

PREAMBLE = """\
import numpy as np
import torch"""

NAMES = {
    "add": "add",
    "sub": "sub",
    "mul": "mul",
    "div": "div",
    "sqrt": "sqrt",
    "negate": "neg",
    "absolute": "abs",
    "copy_sign": "copysign",
    "minimum": "minimum",
    "maximum": "maximum",
    "minimum_number": "fmin",
    "maximum_number": "fmax",
    "relu": "relu",
    "compare_quiet_equal": "eq",
    "compare_quiet_not_equal": "ne",
    "compare_signalling_less": "lt",
    "compare_signalling_less_equal": "le",
    "compare_signalling_greater": "gt",
    "compare_signalling_greater_equal": "ge",
    **{name: name for name in ELEMENTARY if name not in ("exp10", "cbrt")},
}
ROUNDINGS = {Mode.RNE: "round", Mode.RTN: "floor", Mode.RTP: "ceil", Mode.RTZ: "trunc"}
EXTREMA = ("minimum", "maximum", "minimum_number", "maximum_number", "relu")
CASTS = {
    Kind.BINARY16: "float16",
    Kind.BINARY64: "float64",
    Kind.INT32: "int32",
    Kind.INT64: "int64",
}


def torch_target() -> Target:
    """The target `torch`; `InputError` where it is not installed."""
    if importlib.util.find_spec("torch") is None:
        raise InputError("", "torch", "torch is not installed")
    torch = importlib.import_module("torch")

    def lifted(function: Callable[..., Any]) -> Callable[..., Array]:
        def on_arrays(*operands: Array) -> Array:
            tensors = [torch.from_numpy(np.ascontiguousarray(x)) for x in operands]
            return np.asarray(function(*tensors).numpy())

        return on_arrays

    functions = {}
    for name, theirs in NAMES.items():
        operation = BY_NAME[name]
        letters = ", ".join("xyz"[: len(operation.operands)])
        run = elementwise(operation.result, lifted(getattr(torch, theirs)))
        functions[name] = Function(run, f"torch.{theirs}({letters})", name in EXTREMA)
    functions["mul_add"] = Function(
        elementwise(Kind.BINARY32, lifted(lambda x, y, z: x * y + z)), "x * y + z"
    )
    functions["fma"] = Function(
        elementwise(Kind.BINARY32, lifted(lambda x, y, z: torch.addcmul(z, x, y))),
        "torch.addcmul(z, x, y)",
    )
    roundings = {mode: lifted(getattr(torch, theirs)) for mode, theirs in ROUNDINGS.items()}
    functions["round_to_integral"] = Function(
        by_mode(Kind.BINARY32, roundings), "torch.round(x)", modes=tuple(roundings)
    )
    for kind, theirs in CASTS.items():
        for name, to in ((f"to_{kind.value}", theirs), (f"from_{kind.value}", "float32")):
            type_ = getattr(torch, to)
            result = kind if name.startswith("to_") else Kind.BINARY32
            functions[name] = Function(
                elementwise(result, lifted(lambda x, type_=type_: x.to(type_))),
                f"x.to(torch.{to})",
                in_range_only=result in (Kind.INT32, Kind.INT64),
                modes=(Mode.RTZ,) if result in (Kind.INT32, Kind.INT64) else (),
            )
    return Target(
        name="torch",
        functions=functions,
        # That addcmul is fused is seen in profiles; it is not promised.
        usual=tuple(name for name in functions if name not in (*ELEMENTARY, "fma")),
        modes=(Mode.RNE,),
        preamble=PREAMBLE,
        reductions={
            "sum": lifted(lambda x, _: x.sum()),
            "dot": lifted(torch.dot),
            "matmul": lifted(torch.matmul),
        },
    )
