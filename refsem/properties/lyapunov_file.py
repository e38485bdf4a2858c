"""Lyapunov files as they are read: states, controls, dynamics, candidate, region, neighbourhood.

What is returned fits together: names are distinct, every number of states and controls is that of
the networks, the matrix is symmetric, and the equilibrium lies inside the neighbourhood and that
inside the region, strictly. Whether anything holds is not asked here.

A network beside the model is a file in the property's folder, held to its SHA-256.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import TypeVar

from gmpy2 import mpq

from refsem.exact.definite import Matrix
from refsem.exact.functions import Function
from refsem.ir.expressions import ExpressionError, parse_expression
from refsem.ir.graph import Graph
from refsem.ir.loading import FILE_LIMIT, load_model
from refsem.ir.term_nodes import FUNCTION_OPERATORS
from refsem.ir.terms import Term, subterms
from refsem.properties.quantities import MOST_DEGREE, degree
from refsem.untrusted.files import read_beside
from refsem.untrusted.numbers import read_finite
from refsem.untrusted.strict_json import Value

REQUIRED = (
    "states",
    "time",
    "dynamics",
    "candidate",
    "equilibrium",
    "region",
    "neighbourhood",
    "near",
)
OPTIONAL = ("controls", "controller", "level")
MOST_STATES = 6
LARGEST = "largest"

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,31}", re.ASCII)
_FUNCTIONS = frozenset(function.value for function in Function)


class Time(Enum):
    """Whether the dynamics give the rate of each state, or its next value."""

    CONTINUOUS = "continuous"
    DISCRETE = "discrete"


class Near(Enum):
    """What is said of the neighbourhood of the equilibrium."""

    QUADRATIC = "quadratic"
    """That the conditions hold in it too, by second derivatives."""
    REACH = "reach"
    """Nothing but that it is reached."""


@dataclass(frozen=True, slots=True)
class Sides:
    """A box of states: lower ends less than upper ones."""

    lower: tuple[mpq, ...]
    upper: tuple[mpq, ...]


Candidate = Matrix | Term | Graph
"""A quadratic form of the distance from the equilibrium, an expression, or a network."""


@dataclass(frozen=True, slots=True, eq=False)
class LyapunovFile:
    """What a file says, each number and network fitting the states."""

    states: tuple[str, ...]
    controls: tuple[str, ...]
    controller: Graph | None
    time: Time
    dynamics: tuple[Term, ...]
    candidate: Candidate
    equilibrium: tuple[mpq, ...]
    region: Sides
    neighbourhood: Sides
    near: Near
    level: mpq | str | None
    """A number, or `LARGEST`."""


def read_lyapunov(root: Value, model: Graph) -> LyapunovFile:
    """What the table says of a model; `InputError` at the first thing that is not right."""
    members = root.members(REQUIRED, OPTIONAL)
    states = _names(members["states"], ())
    if not 1 <= len(states) <= MOST_STATES:
        raise members["states"].error(f"{len(states)} states; from 1 to {MOST_STATES} are read")
    controller = None if "controller" not in members else _network(members["controller"], model)
    controls = () if "controls" not in members else _names(members["controls"], states)
    _check_controls(root, controller, states, controls)
    candidate = _candidate(members["candidate"], model, states)
    if model is not controller and model is not candidate:
        raise root.error("neither the controller nor the candidate is the model")
    equilibrium = _numbers(members["equilibrium"], len(states))
    region = _sides(members["region"], len(states))
    neighbourhood = _sides(members["neighbourhood"], len(states))
    _check_inside(members["neighbourhood"], neighbourhood, region, "the region")
    point = Sides(equilibrium, equilibrium)
    _check_inside(members["equilibrium"], point, neighbourhood, "the neighbourhood")
    time, dynamics = (
        _chosen(members["time"], Time),
        _dynamics(members["dynamics"], states, controls),
    )
    if time is Time.DISCRETE:
        moved = dict(zip(states, dynamics, strict=True))
        _check_next_degree(members["dynamics"], candidate, moved)
    return LyapunovFile(
        states,
        controls,
        controller,
        time,
        dynamics,
        candidate,
        equilibrium,
        region,
        neighbourhood,
        _chosen(members["near"], Near),
        None if "level" not in members else _level(members["level"], candidate),
    )


def _names(place: Value, taken: Sequence[str]) -> tuple[str, ...]:
    """Distinct names, none of them taken or a function's."""
    found: list[str] = []
    for item in place.items():
        name = item.text()
        if not _NAME.fullmatch(name):
            raise item.error("a name is a letter, then up to 31 letters, digits and underscores")
        if name in _FUNCTIONS:
            raise item.error(f"{name!r} is a function")
        if name in found or name in taken:
            raise item.error(f"{name!r} is a name already")
        found.append(name)
    return tuple(found)


def _network(place: Value, model: Graph) -> Graph:
    """The model, or the network in a file beside the property."""
    if place.value == "model":
        return model
    members = place.members(("network", "sha256"), ())
    # no reader sees a file that is not the one meant
    path, _ = read_beside(members["network"], members["sha256"], FILE_LIMIT)
    return load_model(Path(path))


def _check_controls(
    root: Value, controller: Graph | None, states: tuple[str, ...], controls: tuple[str, ...]
) -> None:
    """Nothing if there is a controller for the controls, and it fits; else `InputError`."""
    if controller is None:
        if controls:
            raise root.member("controls").error("there is no controller")
        return
    place = root.member("controller")
    _check_sizes(place, controller, len(states), len(controls), "controls")


def _check_sizes(place: Value, graph: Graph, inputs: int, outputs: int, what: str) -> None:
    if len(graph.inputs) != 1 or len(graph.outputs) != 1:
        raise place.error("a network of one input and one output is wanted")
    sizes = graph.node(graph.inputs[0]).size, graph.node(graph.outputs[0]).size
    if sizes != (inputs, outputs):
        raise place.error(
            f"the network has {sizes[0]} inputs and {sizes[1]} outputs, "
            f"for {inputs} states and {outputs} {what}"
        )


def _candidate(place: Value, model: Graph, states: tuple[str, ...]) -> Candidate:
    if place.has("quadratic"):
        return _matrix(place.members(("quadratic",), ())["quadratic"], len(states))
    if place.has("expression"):
        return _expression(place.members(("expression",), ())["expression"], states)
    graph = _network(place, model)
    _check_sizes(place, graph, len(states), 1, "value")
    return graph


def _matrix(place: Value, size: int) -> Matrix:
    rows = place.items()
    if len(rows) != size:
        raise place.error(f"{len(rows)} rows for {size} states")
    found = tuple(_numbers(row, size) for row in rows)
    for i in range(size):
        for j in range(i):
            if found[i][j] != found[j][i]:
                raise place.error(f"not symmetric: {found[i][j]} in row {i}, {found[j][i]} beyond")
    return found


def _expression(place: Value, names: Sequence[str]) -> Term:
    """A term that has a graph, of bounded degree; `InputError` for any other text."""
    try:
        found = parse_expression(place.text(), names)
    except ExpressionError as error:
        raise place.error(str(error)) from None
    if degree(found, {}) > MOST_DEGREE:
        raise place.error(f"a product of more than {MOST_DEGREE} factors")
    for one in subterms(found):
        if isinstance(one.head, Function) and one.head not in FUNCTION_OPERATORS:
            raise place.error(f"no operator of the catalogue means {one.head.value}")
    return found


def _dynamics(place: Value, states: tuple[str, ...], controls: tuple[str, ...]) -> tuple[Term, ...]:
    rates = place.members(states, ())
    return tuple(_expression(rates[name], (*states, *controls)) for name in states)


def _check_next_degree(place: Value, candidate: Candidate, moved: Mapping[str, Term]) -> None:
    """Nothing if V of the next state is of bounded degree, or a network; else `InputError`."""
    if isinstance(candidate, Graph):
        return
    inner = {name: degree(term, {}) for name, term in moved.items()}
    # a form has a number and two distances as factors
    most = 1 + 2 * max(inner.values())
    whole = degree(candidate, inner) if isinstance(candidate, Term) else most
    if whole > MOST_DEGREE:
        raise place.error(f"V of the next state has a product of more than {MOST_DEGREE} factors")


def _numbers(place: Value, count: int) -> tuple[mpq, ...]:
    items = place.items()
    if len(items) != count:
        raise place.error(f"{len(items)} numbers for {count} states")
    return tuple(read_finite(item) for item in items)


def _sides(place: Value, count: int) -> Sides:
    members = place.members(("lower", "upper"), ())
    found = Sides(_numbers(members["lower"], count), _numbers(members["upper"], count))
    for index, (low, high) in enumerate(zip(found.lower, found.upper, strict=True)):
        if low >= high:
            raise place.error(f"lower[{index}] is not less than upper[{index}]")
    return found


def _check_inside(place: Value, inner: Sides, outer: Sides, name: str) -> None:
    ends = zip(outer.lower, inner.lower, inner.upper, outer.upper, strict=True)
    for index, (least, low, high, greatest) in enumerate(ends):
        if not least < low <= high < greatest:
            raise place.error(f"state {index} is not strictly inside {name}")


_Choice = TypeVar("_Choice", bound=Enum)


def _chosen(place: Value, choices: type[_Choice]) -> _Choice:
    for choice in choices:
        if place.text() == choice.value:
            return choice
    raise place.error(f"expected one of {', '.join(choice.value for choice in choices)}")


def _level(place: Value, candidate: Candidate) -> mpq | str:
    if place.value != LARGEST:
        return read_finite(place)
    if not isinstance(candidate, tuple):
        raise place.error("the largest level is known of quadratic forms only: state a number")
    return LARGEST
