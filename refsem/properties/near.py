"""Near an equilibrium: V and its change have the signs of their second derivatives.

A function that vanishes with its gradient at the equilibrium e is ½·(x-e)ᵀ·H·(x-e), H its second
derivatives somewhere between e and x. It is positive on a box around e, e left out, if H is
positive definite throughout the box: if Tᵀ·H·T, for some T, has a diagonal that dominates. T is
chosen from the exact factors of H(e) and proved for every choice; that a row dominates is linear
in the second derivatives, one case for each of its signs.

At e everything is evaluated exactly: that e is an equilibrium, that V and the gradients vanish, and
whether H(e) is definite. Where it is not, a direction shows it, at e: no smaller box would help.
A neighbourhood over which the argument does not succeed is refused, for that refutes nothing.

Source: Khalil, Nonlinear Systems (2002), section 4.3; Gershgorin 1931.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

from gmpy2 import isqrt, mpq

from refsem.errors import InputError
from refsem.exact import ExactTensor
from refsem.exact.definite import Definite, Matrix, definite, transposed_solution
from refsem.ir.evaluation import evaluate_graph, prepare
from refsem.ir.graph import Graph
from refsem.ir.joining import joined
from refsem.ir.readings import IrrationalError, UndefinedError
from refsem.ir.restricting import restricted
from refsem.properties.claims import region_claims
from refsem.properties.closed_loop import STATE, ClosedLoop, Curves
from refsem.properties.lyapunov_file import LyapunovFile, Time
from refsem.properties.property import Case, LinearConstraint, Property
from refsem.rules.propagation import Method, propagate
from refsem.untrusted.strict_json import Value

_BITS = 30
Values = Mapping[str, Sequence[mpq]]


@dataclass(frozen=True, slots=True)
class NearCases:
    """Cases by name, about these tensors among a graph's outputs, one entry each."""

    cases: tuple[tuple[str, Case], ...]
    tensors: tuple[str, ...]


def near_cases(
    root: Value, file: LyapunovFile, loop: ClosedLoop, found: Curves, first: int
) -> NearCases:
    """The cases near the equilibrium, their tensors numbered from `first` among the outputs.

    `InputError` where the equilibrium is none, V does not vanish there, or the argument fails.
    """
    values = _values_at(root, file, found)
    _check_equilibrium(root, file, values[loop.next])
    tensors: list[str] = []
    cases: list[tuple[str, Case]] = []
    for tensor, name, sign in ((loop.value, "V > 0", 1), (loop.change, "V falls", -1)):
        _check_flat(root, name, values, tensor, found.slopes[tensor])
        places = {pair: first + len(tensors) + i for i, pair in enumerate(found.curves[tensor])}
        tensors += found.curves[tensor].values()
        entries = {pair: values[one][0] for pair, one in found.curves[tensor].items()}
        cases += _signed(root, file, name, _matrix(entries, sign), sign, places)
    near = NearCases(tuple(cases), tuple(tensors))
    _check_shown(root, file, found.graph, near, first)
    return near


def _values_at(root: Value, file: LyapunovFile, found: Curves) -> Values:
    """Every tensor at the equilibrium, exactly; `InputError` where it is not rational."""
    point = ExactTensor.from_rationals(file.equilibrium, (1, len(file.states)))
    wanted = [*found.graph.outputs]
    for tensor, slopes in found.slopes.items():
        wanted += [*slopes, *found.curves[tensor].values()]
    graph = restricted(found.graph, tuple(dict.fromkeys(wanted)))
    try:
        values = evaluate_graph(prepare(graph), {STATE: point})
    except (IrrationalError, UndefinedError, ZeroDivisionError) as error:
        message = f"no exact value at the equilibrium: {error}; state 'reach'"
        raise root.member("near").error(message) from None
    return {name: values[name].rationals() for name in graph.outputs}


def _check_equilibrium(root: Value, file: LyapunovFile, moved: Sequence[mpq]) -> None:
    continuous = file.time is Time.CONTINUOUS
    what = "the rate of" if continuous else "the next"
    for name, at, value in zip(file.states, file.equilibrium, moved, strict=True):
        if value != (0 if continuous else at):
            message = f"is none: {what} {name!r} there is {value}"
            raise root.member("equilibrium").error(message)


def _check_flat(root: Value, name: str, values: Values, tensor: str, slopes: Sequence[str]) -> None:
    """Nothing if a function vanishes with its gradient at the equilibrium; else `InputError`."""
    if values[tensor][0] != 0:
        raise root.member("candidate").error(f"{name}: {values[tensor][0]} at the equilibrium")
    for place, slope in enumerate(slopes):
        if values[slope][0] != 0:
            message = f"{name}: the derivative in state {place} at the equilibrium is not 0"
            raise root.member("candidate").error(message)


def _matrix(entries: Mapping[tuple[int, int], mpq], sign: int) -> Matrix:
    size = max(j for _, j in entries) + 1
    return tuple(
        tuple(sign * entries[min(i, j), max(i, j)] for j in range(size)) for i in range(size)
    )


def _signed(
    root: Value,
    file: LyapunovFile,
    name: str,
    matrix: Matrix,
    sign: int,
    places: Mapping[tuple[int, int], int],
) -> Iterator[tuple[str, Case]]:
    """That sign·H is positive definite throughout the neighbourhood, as cases to be empty."""
    found = definite(matrix)
    if isinstance(found, Definite):
        columns = _congruence(found)
        box = file.neighbourhood
        for row, signs in _dominance(len(columns)):
            unsafe = _row(columns, row, signs, sign, places)
            text = "".join("+" if one > 0 else "-" for one in signs)
            yield f"{name} near: row {row} {text}".rstrip(), Case(box.lower, box.upper, (unsafe,))
    elif found.value < 0:
        along = _form(found.direction, found.direction, sign, places)
        shown = ", ".join(str(entry) for entry in found.direction)
        at = file.equilibrium
        yield f"{name} near: along ({shown})", Case(at, at, (_constraint(along),))
    else:
        message = f"{name}: the second derivatives at the equilibrium are only semidefinite"
        raise root.member("near").error(f"{message}; state 'reach'")


def _congruence(found: Definite) -> tuple[tuple[mpq, ...], ...]:
    """Columns of a T with Tᵀ·M·T near the identity; any T would do."""
    size = len(found.diagonal)
    columns = []
    for k, pivot in enumerate(found.diagonal):
        unit = [mpq(int(i == k)) for i in range(size)]
        scale = _inverse_root(pivot)
        column = transposed_solution(found.lower, unit)
        columns.append(tuple(_shortened(entry * scale) for entry in column))
    return tuple(columns)


def _inverse_root(value: mpq) -> mpq:
    """A number near 1 over the root of a positive one."""
    shift = max(0, value.numerator.bit_length() - value.denominator.bit_length()) + 2 * _BITS
    return mpq(isqrt((value.denominator << 2 * shift) // value.numerator), 1 << shift)


def _shortened(value: mpq) -> mpq:
    """The number to 30 significant bits."""
    shift = _BITS - value.numerator.bit_length() + value.denominator.bit_length()
    scale = mpq(2) ** shift
    scaled = value * scale
    return mpq(scaled.numerator // scaled.denominator) / scale


def _dominance(size: int) -> Iterator[tuple[int, tuple[int, ...]]]:
    """Every row with every choice of signs of its other entries."""
    for row in range(size):
        for signs in product((1, -1), repeat=size - 1):
            yield row, signs


def _row(
    columns: Sequence[Sequence[mpq]],
    row: int,
    signs: Sequence[int],
    sign: int,
    places: Mapping[tuple[int, int], int],
) -> LinearConstraint:
    """That a diagonal entry of Tᵀ·(sign·H)·T and signs times the rest of its row are at most 0."""
    others = [k for k in range(len(columns)) if k != row]
    total = _form(columns[row], columns[row], sign, places)
    for k, one in zip(others, signs, strict=True):
        for place, factor in _form(columns[row], columns[k], sign * one, places).items():
            total[place] += factor
    return _constraint(total)


def _form(
    left: Sequence[mpq],
    right: Sequence[mpq],
    sign: int,
    places: Mapping[tuple[int, int], int],
) -> dict[int, mpq]:
    """The coefficients of leftᵀ·(sign·H)·right in the second derivatives."""
    total = dict.fromkeys(places.values(), mpq(0))
    for i, x in enumerate(left):
        for j, y in enumerate(right):
            total[places[min(i, j), max(i, j)]] += sign * x * y
    return total


def _constraint(total: Mapping[int, mpq]) -> LinearConstraint:
    coefficients = tuple((place, total[place]) for place in sorted(total) if total[place])
    return LinearConstraint((), coefficients, mpq(0), strict=False)


def _check_shown(
    root: Value, file: LyapunovFile, graph: Graph, near: NearCases, first: int
) -> None:
    """Nothing if bounds show every case, or one is met at the equilibrium; else `InputError`."""
    point = file.equilibrium, file.equilibrium
    if any((case.lower, case.upper) == point for _, case in near.cases):
        return
    moved = tuple(
        (name, Case(case.lower, case.upper, tuple(_moved(one, first) for one in case.unsafe)))
        for name, case in near.cases
    )
    whole = joined(restricted(graph, near.tensors))
    sizes = sum(graph.node(name).size for name in near.tensors)
    property_ = Property(len(file.states), sizes, tuple(case for _, case in moved))
    prepared = prepare(whole)
    (claims,) = region_claims(prepared, property_)
    targets = {claims.target: claims.combination}
    try:
        state = propagate(prepared, claims.region, Method.CROWN, targets, lambda *_: None)
    except InputError as error:
        raise root.member("near").error(str(error)) from None
    shown = claims.empty_cases(state.replay.box(state.boxes[claims.target]))
    for number, (name, _) in enumerate(near.cases):
        if number not in shown:
            message = f"{name}: not shown by bounds over the whole neighbourhood"
            raise root.member("near").error(f"{message}; make it smaller, or state 'reach'")


def _moved(constraint: LinearConstraint, first: int) -> LinearConstraint:
    outputs = tuple((place - first, factor) for place, factor in constraint.outputs)
    return LinearConstraint((), outputs, constraint.bound, constraint.strict)
