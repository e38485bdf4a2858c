"""numpy as a target: its float32 ufuncs, casts, sum, dot and matmul.

Not promised by numpy: NaN bits, the sign of zero in extrema, casts to integers out of range.
"""

import numpy as np

from refsem.binary32.catalogue import INTEGERS, Kind
from refsem.fuzz.operations import BY_NAME, ELEMENTARY, ROUNDINGS
from refsem.fuzz.targets.target import HOST_TYPES, Function, Target, by_mode, elementwise
from refsem.rounding import Mode

PREAMBLE = "import numpy as np"

UFUNCS = {
    "add": "add",
    "sub": "subtract",
    "mul": "multiply",
    "div": "divide",
    "sqrt": "sqrt",
    "negate": "negative",
    "absolute": "abs",
    "copy_sign": "copysign",
    "minimum": "minimum",
    "maximum": "maximum",
    "minimum_number": "fmin",
    "maximum_number": "fmax",
    "compare_quiet_equal": "equal",
    "compare_quiet_not_equal": "not_equal",
    "compare_signalling_less": "less",
    "compare_signalling_less_equal": "less_equal",
    "compare_signalling_greater": "greater",
    "compare_signalling_greater_equal": "greater_equal",
    "exp": "exp",
    "expm1": "expm1",
    "exp2": "exp2",
    "log": "log",
    "log1p": "log1p",
    "log2": "log2",
    "log10": "log10",
    "sin": "sin",
    "cos": "cos",
    "tan": "tan",
    "atan": "arctan",
    "sinh": "sinh",
    "cosh": "cosh",
    "tanh": "tanh",
    "cbrt": "cbrt",
    "hypot": "hypot",
}
EXTREMA = ("minimum", "maximum", "minimum_number", "maximum_number", "relu")
CASTS = (Kind.BINARY16, Kind.BINARY64, *INTEGERS)


def numpy_target() -> Target:
    """The target `numpy`."""
    functions = {name: _ufunc(name, ufunc) for name, ufunc in UFUNCS.items()}
    functions["relu"] = Function(
        elementwise(Kind.BINARY32, lambda x: np.maximum(x, np.float32(0))),
        "np.maximum(x, np.float32(0))",
        zero_sign_open=True,
    )
    functions["mul_add"] = Function(
        elementwise(Kind.BINARY32, lambda x, y, z: x * y + z), "x * y + z"
    )
    functions["next_up"] = _neighbour("inf")
    functions["next_down"] = _neighbour("-inf")
    roundings = {mode: getattr(np, name) for mode, name in ROUNDINGS.items()}
    functions["round_to_integral"] = Function(
        by_mode(Kind.BINARY32, roundings), "np.rint(x)", modes=tuple(roundings)
    )
    for kind in CASTS:
        functions[f"to_{kind.value}"] = _cast(kind, in_range_only=kind in INTEGERS)
        functions[f"from_{kind.value}"] = _cast(Kind.BINARY32, in_range_only=False)
    return Target(
        name="numpy",
        functions=functions,
        usual=tuple(name for name in functions if name not in ELEMENTARY),
        modes=(Mode.RNE,),
        preamble=PREAMBLE,
        reductions={"sum": lambda x, _: np.sum(x), "dot": np.dot, "matmul": np.matmul},
    )


def _ufunc(name: str, ufunc: str) -> Function:
    operation = BY_NAME[name]
    letters = ", ".join("xyz"[: len(operation.operands)])
    run = elementwise(operation.result, getattr(np, ufunc))
    return Function(run, f"np.{ufunc}({letters})", zero_sign_open=name in EXTREMA)


def _neighbour(direction: str) -> Function:
    towards = np.float32(direction)
    return Function(
        elementwise(Kind.BINARY32, lambda x: np.nextafter(x, towards)),
        f'np.nextafter(x, np.float32("{direction}"))',
    )


def _cast(kind: Kind, *, in_range_only: bool) -> Function:
    host = HOST_TYPES[kind]
    return Function(
        elementwise(kind, lambda x: x.astype(host)),
        f"x.astype(np.{host.__name__})",
        in_range_only=in_range_only,
        modes=(Mode.RTZ,) if in_range_only else (),
    )
