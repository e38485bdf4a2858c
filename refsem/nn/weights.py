"""Weights of modules: which a module declares, and modules with the weights of a file.

A module is any callable from tensors to a tensor. Those with weights of their own declare them by
name; every other one is a frozen dataclass whose fields are modules, tuples or mappings of them,
or plain data. A weight's name is the path of fields and places to it, as in torch, without the
`layers` of a `Sequential`. Loading gives a new module: nothing is changed in place.

Invariant: after `load` every declared weight has finite float32 patterns of the declared shape, and
the file has no other tensor: what is missing, to spare or of another shape is refused by name.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any, Protocol, TypeVar, runtime_checkable

from refsem.errors import InputError
from refsem.exact.tensor import NotFiniteError, check_finite
from refsem.ir.graph import Bits
from refsem.ir.onnx_values import quoted
from refsem.ir.operators import Shape
from refsem.nn.errors import ParameterError
from refsem.nn.state import FLOAT32, State
from refsem.nn.tensor import Tensor, constant

SHOWN = 8
"""Of the names in a message so many are listed."""

Module = TypeVar("Module")


@dataclass(frozen=True, slots=True, eq=False)
class Weights:
    """The binary32 patterns of one module's weights, and the module's path in the whole."""

    path: str
    bits: Mapping[str, Bits]

    def __repr__(self) -> str:
        return f"Weights of {self.path!r}"


@runtime_checkable
class Weighted(Protocol):
    """A module with weights of its own."""

    @property
    def weights(self) -> Weights | None:
        """The weights; None before they are loaded."""

    def declared(self) -> Mapping[str, Shape | None]:
        """The shape of every weight; None for a tensor that may be there and has no effect."""


def weight(module: Weighted, name: str, beside: Tensor) -> Tensor:
    """A weight as a constant in the stage of a tensor; `ParameterError` where none is loaded."""
    if module.weights is None:
        raise ParameterError(f"{module!r} has no weights yet: refsem.nn.load gives it some")
    path = module.weights.path
    full = f"{path}.{name}" if path and name else path or name
    return constant(module.weights.bits[name], beside.stage, full)


def label(module: Weighted) -> str:
    """How messages name a module: by its path where it has one."""
    kind = type(module).__name__
    return (
        kind
        if module.weights is None or not module.weights.path
        else (f"{kind} {module.weights.path!r}")
    )


def load(module: Module, state: State) -> Module:
    """The module with the weights of a file.

    `InputError` names every tensor that does not fit, `ParameterError` weights of one name.
    """
    named = list(declarations(module))
    declared = dict(named)
    if state.tensors and not named:
        kind = type(module).__name__
        raise ParameterError(f"{kind} has no weights: those of a dataclass of modules are seen")
    if len(declared) != len(named):
        twice = sorted({name for name, _ in named if [n for n, _ in named].count(name) > 1})
        raise ParameterError(f"two weights of the module have one name: {_listed(twice)}")
    missing = [
        name for name, shape in declared.items() if shape is not None and name not in state.tensors
    ]
    spare = [name for name in state.tensors if name not in declared]
    if missing or spare:
        parts = [("missing", missing), ("not declared by the module", spare)]
        said = "; ".join(f"{what}: {_listed(names)}" for what, names in parts if names)
        raise InputError(state.file, "", said + _hint(missing, spare))
    bits = {
        name: _fitting(state, name, shape) for name, shape in declared.items() if shape is not None
    }
    found: Module = _rebuilt(module, "", bits)
    return found


def _hint(missing: list[str], spare: list[str]) -> str:
    """What to write where names fit but for what they begin with, as `module.` of torch's."""
    prefix = spare[0].removesuffix(missing[0]) if missing and spare else ""
    if not prefix.endswith(".") or not set(spare) >= {prefix + name for name in missing}:
        return ""
    return f"; every name begins with {quoted(prefix)}: load {{{prefix[:-1]!r}: module}}"


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(quoted(name) for name in names[:SHOWN]) + more


def _fitting(state: State, name: str, shape: Shape) -> Bits:
    stored = state.tensors[name]
    if stored.shape != shape:
        message = f"shape {list(stored.shape)}; the module declares {list(shape)}"
        raise InputError(state.file, quoted(name), message)
    if stored.bits is None:
        message = f"{stored.element} entries; {FLOAT32} is expected"
        raise InputError(state.file, quoted(name), message)
    try:
        check_finite(stored.bits)
    except NotFiniteError as error:
        raise InputError(state.file, quoted(name), str(error)) from error
    return stored.bits


def _joined(path: str, name: str) -> str:
    return f"{path}.{name}" if path and name else path or name


def _parts(module: object) -> Mapping[str, Any]:
    """What a module is made of, by the names that paths have."""
    match module:
        case tuple() | list():
            return {str(place): part for place, part in enumerate(module)}
        case Mapping() if all(isinstance(name, str) for name in module):
            return dict(module)
        case _ if is_dataclass(module) and not isinstance(module, type):
            return {one.name: getattr(module, one.name) for one in fields(module)}
        case _:
            return {}


def _step(module: object, name: str) -> str:
    """What a part adds to the path: nothing where the module says that it is transparent."""
    return "" if name == getattr(module, "transparent", None) else name


def declarations(module: object, path: str = "") -> Iterator[tuple[str, Shape | None]]:
    """The full name and shape of every weight a module declares, in order."""
    if isinstance(module, Weighted):
        for name, shape in module.declared().items():
            yield _joined(path, name), shape
        return
    for name, part in _parts(module).items():
        yield from declarations(part, _joined(path, _step(module, name)))


def _rebuilt(module: Any, path: str, bits: Mapping[str, Bits]) -> Any:  # noqa: ANN401  any module
    """The module with the weights under its path."""
    if isinstance(module, Weighted) and is_dataclass(module):
        own = {
            name: bits[full] for name in module.declared() if (full := _joined(path, name)) in bits
        }
        return replace(module, weights=Weights(path, own))
    parts = _parts(module)
    made = {
        name: _rebuilt(part, _joined(path, _step(module, name)), bits)
        for name, part in parts.items()
    }
    changed = {name: part for name, part in made.items() if part is not parts[name]}
    if not changed:
        return module
    match module:
        case tuple():
            return tuple(made.values())
        case list():
            return list(made.values())
        case Mapping():
            return dict(zip(module, made.values(), strict=True))
        case _:
            return replace(module, **changed)
