"""Lyapunov files: a region around an equilibrium in which a function falls along all motions.

    kind = "lyapunov"
    states = ["x", "v"]
    controls = ["u"]                       # the controller's outputs
    controller = "model"                   # or {network = "…", sha256 = "…"}, beside this file
    time = "continuous"                    # or "discrete"
    candidate = {quadratic = [[2, 1], [1, 2]]}   # or {expression = "…"}, "model", a network
    equilibrium = [0, 0]
    near = "quadratic"                     # or "reach"
    level = "largest"                      # or a number; optional
    dynamics = {x = "v", v = "u"}          # rates, or next values
    region = {lower = [-1, -1], upper = [1, 1]}
    neighbourhood = {lower = [-0.1, -0.1], upper = [0.1, 0.1]}

Cases: V is not positive, or does not fall, somewhere in the region outside the neighbourhood. With
a level c, that a motion leaves the points of the region with V ≤ c: only those are spoken of, for
{V ≤ c} may have points elsewhere. In continuous time the rates may not jump. Near the equilibrium
either second derivatives decide (`refsem.properties.near`) or nothing is claimed but that the
neighbourhood is reached.

Not here: the theorems that make stability of it, nor that motions exist where the operators of the
rates do not show that they are locally Lipschitz. The statement says which it rests on.

Source: Khalil, Nonlinear Systems (2002), theorems 4.1 and 4.4, section 8.2; LaSalle 1976 for
discrete time.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from gmpy2 import mpq

from refsem.exact.definite import Definite, definite, inverse
from refsem.ir.continuity import first_jump, first_steep
from refsem.ir.graph import Graph, GraphError, Node
from refsem.ir.restricting import restricted
from refsem.properties.closed_loop import closed_loop, curves
from refsem.properties.lyapunov_file import LARGEST, LyapunovFile, Near, Sides, Time, read_lyapunov
from refsem.properties.near import near_cases
from refsem.properties.property import Case, LinearConstraint, Property
from refsem.properties.statement import Statement
from refsem.untrusted.strict_json import Value

VALUE, CHANGE, NEXT = 0, 1, 2
"""Where V, its change and the first entry of the next state (or rate) stand among the outputs."""


@dataclass(frozen=True, slots=True)
class Named:
    """A case and what it is called."""

    name: str
    case: Case


def stated(root: Value, graph: Graph) -> Statement:
    """What a Lyapunov file says of a model; `InputError` at the first thing that is not right."""
    file = read_lyapunov(root, graph)
    try:
        loop = closed_loop(file)
        steep = _steep(root, file, restricted(loop.graph, (loop.next,)))
    except GraphError as error:
        raise root.error(f"no graph of the closed loop: {error}") from None
    outputs, whole = [loop.value, loop.change, loop.next], loop.graph
    named = list(outside_cases(file))
    if file.near is Near.QUADRATIC:
        try:
            found = curves(loop)
        except GraphError as error:
            message = f"there are no second derivatives: {error}; state 'reach'"
            raise root.member("near").error(message) from None
        near = near_cases(root, file, loop, found, NEXT + len(file.states))
        named += [Named(name, case) for name, case in near.cases]
        outputs += near.tensors
        whole = found.graph
    level = _level(root, file)
    named += level_cases(file, level)
    ends = Graph(whole.nodes, whole.constants, whole.inputs, tuple(outputs), whole.remarks)
    sizes = sum(ends.node(name).size for name in outputs)
    property_ = Property(len(file.states), sizes, tuple(one.case for one in named))
    rests_on = (*_theorems(file, steep), *_level_words(file, level))
    return Statement(ends, property_, tuple(one.name for one in named), rests_on)


def _steep(root: Value, file: LyapunovFile, rates: Graph) -> Node | None:
    """What does not show that rates are locally Lipschitz; `InputError` where they may jump."""
    if file.time is Time.DISCRETE:
        return None
    jump = first_jump(rates)
    if jump is not None:
        steps = file.controller is not None and first_jump(file.controller) is not None
        place = root.member("controller" if steps else "dynamics")
        what = f"{jump.op.value} at {jump.name!r}"
        raise place.error(f"a step: {what} may jump; in continuous time the rates are continuous")
    return first_steep(rates)


def outside(file: LyapunovFile) -> Iterator[tuple[str, Sides]]:
    """The region less the neighbourhood's inside, as boxes with names: two for each state.

    The box of a state lies beyond the neighbourhood in it and within the neighbourhood in the
    states before it; together they hold every point of the region outside the neighbourhood.
    """
    inner, outer = file.neighbourhood, file.region
    for k, name in enumerate(file.states):
        lower = (*inner.lower[:k], *outer.lower[k:])
        upper = (*inner.upper[:k], *outer.upper[k:])
        below = (*upper[:k], inner.lower[k], *upper[k + 1 :])
        above = (*lower[:k], inner.upper[k], *lower[k + 1 :])
        yield f"{name} <= {inner.lower[k]}", Sides(lower, below)
        yield f"{name} >= {inner.upper[k]}", Sides(above, upper)


def outside_cases(file: LyapunovFile) -> Iterator[Named]:
    """That V is at most 0, and that it does not fall, in each box outside the neighbourhood."""
    for where, box in outside(file):
        yield Named(f"V > 0 at {where}", _case(box, at_most(VALUE, mpq(0))))
        yield Named(f"V falls at {where}", _case(box, at_least(CHANGE, mpq(0))))


def at_most(output: int, bound: mpq) -> LinearConstraint:
    """That an output is at most a number."""
    return LinearConstraint((), ((output, mpq(1)),), bound, strict=False)


def at_least(output: int, bound: mpq) -> LinearConstraint:
    """That an output is at least a number."""
    return LinearConstraint((), ((output, mpq(-1)),), -bound, strict=False)


def _case(box: Sides, *unsafe: LinearConstraint) -> Case:
    return Case(box.lower, box.upper, unsafe)


def level_cases(file: LyapunovFile, level: mpq | None) -> Iterator[Named]:
    """That a motion leaves the points of the region with V ≤ c; nothing without a level.

    Continuous motions would have to cross a face of the region, on which V > c, or V = c inside it,
    where V falls. Discrete ones may jump: from these points the next state is in the region, and V
    is less there, for it falls. Where nothing is known of the neighbourhood, it lies below the
    level itself. Of points beyond the region with V ≤ c nothing is said.
    """
    if level is None:
        return
    if file.time is Time.CONTINUOUS:
        for where, face in faces(file):
            yield Named(f"V > {level} at {where}", _case(face, at_most(VALUE, level)))
    else:
        yield from _next_inside(file, level)
    if file.near is Near.REACH:
        where = "in the neighbourhood"
        below = at_least(VALUE, level)
        yield Named(f"V < {level} {where}", _case(file.neighbourhood, below))
        if file.time is Time.DISCRETE:
            # the next value is V and its change
            later = LinearConstraint((), ((VALUE, mpq(-1)), (CHANGE, mpq(-1))), -level, False)
            yield Named(f"V < {level} next after {where}", _case(file.neighbourhood, later))


def faces(file: LyapunovFile) -> Iterator[tuple[str, Sides]]:
    """The faces of the region, with names."""
    lower, upper = file.region.lower, file.region.upper
    for k, name in enumerate(file.states):
        for end in (lower[k], upper[k]):
            face = Sides((*lower[:k], end, *lower[k + 1 :]), (*upper[:k], end, *upper[k + 1 :]))
            yield f"{name} = {end}", face


def _next_inside(file: LyapunovFile, level: mpq) -> Iterator[Named]:
    below = at_most(VALUE, level)
    for k, name in enumerate(file.states):
        low, high = file.region.lower[k], file.region.upper[k]
        named = f"where V <= {level}"
        too_low, too_high = at_most(NEXT + k, low), at_least(NEXT + k, high)
        yield Named(f"next {name} > {low} {named}", _case(file.region, below, too_low))
        yield Named(f"next {name} < {high} {named}", _case(file.region, below, too_high))


def _level(root: Value, file: LyapunovFile) -> mpq | None:
    """The level stated, or three digits just below the largest; `InputError` if there is none."""
    if file.level is None:
        return None
    if file.level != LARGEST:
        level = mpq(file.level)
        if level <= 0:
            raise root.member("level").error("a level is greater than 0")
        return level
    largest = largest_level(file)
    if largest is None:
        raise root.member("candidate").error("the form is not positive definite: no largest level")
    return rounded_down(largest * mpq(99, 100))


def largest_level(file: LyapunovFile) -> mpq | None:
    """The largest c for which the region contains {V < c}; None but for definite quadratic forms.

    The least value of (x - e)ᵀ·P·(x - e) where entry k is b is (b - e_k)² over that entry of the
    inverse of P; of a box around e, the nearest such plane is touched within its face.
    """
    if not isinstance(file.candidate, tuple) or not isinstance(definite(file.candidate), Definite):
        return None
    spread = inverse(file.candidate)
    sides = zip(file.region.lower, file.equilibrium, file.region.upper, strict=True)
    return min(
        min(middle - low, high - middle) ** 2 / spread[k][k]
        for k, (low, middle, high) in enumerate(sides)
    )


def rounded_down(value: mpq) -> mpq:
    """The greatest decimal of three digits that is at most a positive number."""
    power = mpq(1)
    while value * power < 100:
        power *= 10
    while value * power >= 1000:
        power /= 10
    scaled = value * power
    return mpq(scaled.numerator // scaled.denominator) / power


def is_whole(file: LyapunovFile, level: mpq) -> bool:
    """Whether all of {V ≤ level} is seen to lie in the region: of definite quadratic forms only."""
    largest = largest_level(file)
    return largest is not None and level < largest


def _theorems(file: LyapunovFile, steep: Node | None) -> Iterator[str]:
    """What makes stability of the cases, and is not proved here."""
    if file.time is Time.CONTINUOUS:
        yield (
            "Lyapunov's theorem (Khalil, Nonlinear Systems, 2002, theorem 4.1), of a V > 0 that "
            "falls along motions; that the controller acts continuously and in real arithmetic"
        )
        yield _motions(steep)
    else:
        yield (
            "LaSalle's theorem for difference equations (1976); that the controller acts in real "
            "arithmetic"
        )
    if file.near is Near.QUADRATIC:
        yield (
            "Taylor's theorem: a function that is 0 with its gradient at the equilibrium has the "
            "sign of its second derivatives on a box around it; a symmetric matrix with a "
            "dominating diagonal is definite"
        )
    else:
        yield (
            "practical stability only: motions in the region outside the neighbourhood reach it or "
            "leave the region; nothing is claimed to converge within the neighbourhood"
        )


def _motions(steep: Node | None) -> str:
    if steep is None:
        return (
            "the theorem of Picard and Lindelöf: motions exist, for the rates are locally "
            "Lipschitz, as every operator in them shows"
        )
    return (
        "the assumption that the rates are locally Lipschitz, so that motions exist: "
        f"{steep.op.value} at {steep.name!r} does not show it"
    )


def _level_words(file: LyapunovFile, level: mpq | None) -> Iterator[str]:
    """What is said of a level set, and of which points."""
    if level is None:
        yield "no level is stated: that motions stay in the region is not claimed"
        return
    if file.time is Time.CONTINUOUS:
        yield (
            "a motion that leaves the points of the region with V <= level crosses their "
            "boundary: it is continuous"
        )
    if is_whole(file, level):
        yield (
            f"{{V <= {level}}} is spoken of as a whole: it lies in the region, for the level is "
            "less than the form's least value on a face"
        )
    else:
        yield (
            f"only the points of the region with V <= {level} are spoken of: that there are no "
            "others is not claimed"
        )
