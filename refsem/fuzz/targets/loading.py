"""From the text of a target to the target."""

from collections.abc import Sequence

from refsem.errors import InputError
from refsem.fuzz.operations import BY_NAME, REDUCTIONS
from refsem.fuzz.targets.kernel_target import kernel_target
from refsem.fuzz.targets.library_target import library_target
from refsem.fuzz.targets.numpy_target import numpy_target
from refsem.fuzz.targets.python_target import python_target
from refsem.fuzz.targets.target import Target
from refsem.fuzz.targets.torch_target import torch_target

FORMS = "kernel, numpy, torch, python:module[:function], library:FILE.so or onnxruntime:MODEL.onnx"


def load_target(text: str, operations: Sequence[str]) -> Target:
    """The target a text names, with the operations asked; `InputError` if it is not to be had."""
    for name in operations:
        if name not in BY_NAME and name not in REDUCTIONS:
            raise InputError(
                "", name, f"there is no such operation; there are {', '.join(BY_NAME)}"
            )
    target = _load(text, operations)
    for name in operations:
        if name not in target.functions and name not in target.reductions:
            raise InputError("", text, f"has no {name}; it has {', '.join(target.functions)}")
    return target


def _load(text: str, operations: Sequence[str]) -> Target:
    kind, separator, rest = text.partition(":")
    match kind:
        case "kernel" | "numpy" | "torch" if not separator:
            return {"kernel": kernel_target, "numpy": numpy_target, "torch": torch_target}[kind]()
        case "python" if rest:
            return python_target(rest, operations)
        case "library" if rest:
            return library_target(rest, operations)
        case _:
            raise InputError("", text, f"is no target; a target is {FORMS}")
