"""A Python callable, or a module of them, as a target.

`python:module:function` is asked for the operation it is named after, or for those named on the
command line; `python:module` for every operation one of its functions is named after. A function
takes float32 arrays (or the types of other operands) and answers an array; one that cannot do
arrays is called with one numpy scalar at a time. A reduction takes arrays and answers one number.

The current folder is searched for the module, as `python -m` does. Importing it runs it.
"""

import importlib
import sys
from collections.abc import Callable, Sequence
from types import ModuleType
from typing import Any

import numpy as np

from refsem.binary32.catalogue import INTEGERS, Operation
from refsem.errors import InputError
from refsem.fuzz.operations import BY_NAME, REDUCTIONS
from refsem.fuzz.targets.target import Answers, Function, Target, answers_of, hardware_direction
from refsem.kernel.loops import Array
from refsem.rounding import Environment, Mode

Callee = Callable[..., Any]


def python_target(text: str, operations: Sequence[str]) -> Target:
    """The target of `module[:function]`; `InputError` where there is none to ask."""
    module_name, _, function_name = text.partition(":")
    module = import_named(module_name)
    functions = _named(module, function_name, operations)
    if not functions:
        wanted = "function of it is named after an operation; say --op"
        raise InputError("", f"python:{text}", f"no {wanted}")
    arithmetic = {
        name: _function(BY_NAME[name], callee, module_name)
        for name, callee in functions.items()
        if name in BY_NAME
    }
    return Target(
        name=f"python:{text}",
        functions=arithmetic,
        usual=tuple(arithmetic),
        modes=(Mode.RNE,),
        preamble=f"import numpy as np\nimport {module_name}",
        reductions={
            name: _reduction(name, callee)
            for name, callee in functions.items()
            if name in REDUCTIONS
        },
    )


def import_named(name: str) -> ModuleType:
    """The module of that name, the current folder searched first; `InputError` if it fails."""
    if "" not in sys.path:
        sys.path.insert(0, "")
    importlib.invalidate_caches()
    try:
        return importlib.import_module(name)
    except (Exception, SystemExit) as error:
        message = f"cannot be imported: {type(error).__name__}: {error}"
        raise InputError("", f"python:{name}", message) from error


def _named(module: ModuleType, function: str, operations: Sequence[str]) -> dict[str, Callee]:
    """The functions to ask, by the operation each is asked for."""
    known = (*BY_NAME, *REDUCTIONS)
    if not function:
        found = {name: getattr(module, name, None) for name in operations or known}
        return {name: callee for name, callee in found.items() if callable(callee)}
    callee = getattr(module, function, None)
    if not callable(callee):
        raise InputError("", f"python:{module.__name__}", f"has no function {function}")
    names = operations or tuple(name for name in known if name == function)
    return dict.fromkeys(names, callee)


def _function(operation: Operation, callee: Callee, module: str) -> Function:
    letters = ", ".join("xyz"[: len(operation.operands)])
    name = getattr(callee, "__name__", "function")
    truncates = operation.result in INTEGERS
    return Function(
        _run(operation, callee),
        f"{module}.{name}({letters})",
        in_range_only=truncates,
        modes=(Mode.RTZ,) if truncates else (),
    )


def _run(operation: Operation, callee: Callee) -> Callable[..., Answers]:
    def run(mode: Mode, operands: Sequence[Array], environment: Environment) -> Answers:
        del environment
        count = operands[0].size
        with np.errstate(all="ignore"), hardware_direction(mode):
            try:
                return answers_of(operation.result, callee(*operands), count)
            except Exception:  # noqa: BLE001  it may take scalars only
                return _one_by_one(operation, callee, operands)

    return run


def _one_by_one(operation: Operation, callee: Callee, operands: Sequence[Array]) -> Answers:
    """The answers of a function of scalars; an exception is a foreign answer."""
    patterns: list[int] = []
    foreign: dict[int, str] = {}
    for place, scalars in enumerate(zip(*operands, strict=True)):
        try:
            result = np.asarray(callee(*scalars)).reshape(1)
            one = answers_of(operation.result, result, 1)
        except Exception as error:  # noqa: BLE001  whatever it raises is its answer
            one = Answers([0], None, {0: f"{type(error).__name__}: {error}"})
        patterns += one.patterns
        if one.foreign:
            foreign[place] = one.foreign[0]
    return Answers(patterns, None, foreign)


def _reduction(name: str, callee: Callee) -> Callable[..., Array]:
    def reduce(x: Array, y: Array) -> Array:
        try:
            with np.errstate(all="ignore"):
                return np.asarray(callee(x) if name == "sum" else callee(x, y))
        except Exception as error:
            message = f"raised {type(error).__name__}: {error}"
            raise InputError("", name, message) from error

    return reduce
