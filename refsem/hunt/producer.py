"""Producers of bounds: whose claims are hunted, and how they are called.

`python:module:function` is called as the interface page says. `refsem` is refsem's own producer
of outward-rounded bounds, which are right. `auto_lirpa[:OPTIONS]` and `marabou` are libraries
behind adapters, where they are installed.

A producer is foreign code: it is run in a process of its own (`refsem.hunt.workers`), given copies,
and its answers are read strictly.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from refsem.errors import InputError
from refsem.fuzz.targets.python_target import import_named
from refsem.hunt.adapters.auto_lirpa import auto_lirpa
from refsem.hunt.adapters.marabou import marabou
from refsem.hunt.claims import Claims, read_answer
from refsem.hunt.reference import bounds
from refsem.hunt.statement import Statement
from refsem.ir.floats import Array

FORMS = "python:module:function, refsem, auto_lirpa[:OPTION,…] or marabou"


@dataclass(frozen=True, slots=True)
class Producer:
    """A function of boxes, and how a person calls it."""

    name: str
    function: Callable[..., object]
    preamble: str
    """Python that makes `bounds` the function."""


def load_producer(text: str) -> Producer:
    """The producer a text names; `InputError` if it is not to be had."""
    kind, separator, rest = text.partition(":")
    match kind:
        case "python" if rest.count(":") == 1:
            return _python_producer(*rest.split(":"))
        case "refsem" if not separator:
            return Producer(text, bounds, "from refsem.hunt.reference import bounds")
        case "auto_lirpa":
            made = "from refsem.hunt.adapters.auto_lirpa import auto_lirpa"
            return Producer(text, auto_lirpa(rest), f"{made}\nbounds = auto_lirpa({rest!r})")
        case "marabou" if not separator:
            made = "from refsem.hunt.adapters.marabou import marabou\nbounds = marabou()"
            return Producer(text, marabou(), made)
        case _:
            raise InputError("", text, f"is no producer; a producer is {FORMS}")


def _python_producer(module_name: str, function_name: str) -> Producer:
    function = getattr(import_named(module_name), function_name, None)
    if not callable(function):
        raise InputError("", f"python:{module_name}", f"has no function {function_name}")
    alias = "" if function_name == "bounds" else " as bounds"
    preamble = f"from {module_name} import {function_name}{alias}"
    return Producer(f"python:{module_name}:{function_name}", function, preamble)


def ask(producer: Producer, statement: Statement, lower: Array, upper: Array) -> tuple[Claims, ...]:
    """What the producer claims about boxes; `InputError` where it raises or answers otherwise."""
    try:
        with np.errstate(all="ignore"):
            answer = producer.function(
                statement.operator, lower.copy(), upper.copy(), **statement.arguments()
            )
    except InputError:
        raise
    except (Exception, SystemExit) as error:
        message = f"raised {type(error).__name__}: {error}"
        raise InputError("", f"{producer.name} {statement.operator}", message) from error
    return read_answer(producer.name, answer, *lower.shape)
