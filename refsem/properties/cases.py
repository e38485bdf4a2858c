"""From a list of asserted formulas to the cases of a property: tightest boxes, unsafe sets.

What is asserted outside every disjunction is folded once and shared by all cases. The tightest
bound of each side wins. The box of a case is closed; a strict bound that wins its side therefore
also stands among the unsafe constraints, and no point is gained or lost.

Empty boxes. What cannot be met by itself is a mistake in the file and refused: the bounds outside
every disjunction, or one disjunct that is a plain conjunction. Cases that arise by combination (a
disjunct with the bounds around it, or disjuncts of several disjunctions) may well contradict each
other: such a case is the empty set and is left out, unless none remains.

Not here: the meaning of a case (`property.py`).
"""

from collections.abc import Iterable
from dataclasses import dataclass

from gmpy2 import mpq

from refsem.errors import InputError
from refsem.properties.normal_form import (
    MAXIMUM_ATOMS,
    Bound,
    Conjunction,
    Formula,
    Relation,
    conjoin,
    refuse_excess,
)
from refsem.properties.property import Case, LinearConstraint
from refsem.properties.sexpressions import Source

Ends = dict[tuple[int, bool], Bound]


@dataclass(frozen=True, slots=True)
class Contradiction:
    """Two bounds that leave an input no value."""

    lower: Bound
    upper: Bound

    def error(self, source: Source) -> InputError:
        """The complaint, where the later of the two stands."""
        offset = max(self.lower.offset, self.upper.offset)
        return source.error(offset, f"an empty box: {self.lower} and {self.upper}")


def contradiction_of(conjunction: Conjunction) -> Contradiction | None:
    """The first two bounds, in the order of the file, that contradict each other; None if none."""
    return _contradiction_in(_tightest(conjunction.atoms, {}))


def _tightest(atoms: Iterable[Bound | Relation], around: Ends) -> Ends:
    """The bounds among `atoms` that win their side (True is upper), also against `around`.

    Of equal ones the strict wins, else the earlier.
    """
    ends: Ends = {}
    for atom in atoms:
        if isinstance(atom, Relation):
            continue
        side = (atom.index, atom.upper)
        known = ends.get(side) or around.get(side)
        if known is None or _tighter(atom, known):
            ends[side] = atom
    return ends


def _tighter(bound: Bound, known: Bound) -> bool:
    """Whether `bound` excludes something that `known`, of the same input and side, allows."""
    if bound.value == known.value:
        return bound.strict and not known.strict
    return bool(bound.value < known.value) is bound.upper


def _contradiction_in(ends: Ends) -> Contradiction | None:
    """The contradiction a reader of the file meets first, or None when the box has a point."""
    pairs = [
        Contradiction(ends[index, False], greatest)
        for (index, upper), greatest in ends.items()
        if upper and (index, False) in ends and _apart(ends[index, False], greatest)
    ]
    return min(pairs, key=lambda p: max(p.lower.offset, p.upper.offset), default=None)


def _apart(lower: Bound, upper: Bound) -> bool:
    """Whether no number meets both."""
    touching = bool(lower.value == upper.value)
    return bool(lower.value > upper.value) or (touching and (lower.strict or upper.strict))


@dataclass(frozen=True, slots=True)
class _Frame:
    """What all cases share: the place of each input, common bounds and relations, the box."""

    source: Source
    inputs: tuple[int, ...]
    ends: Ends
    strict: tuple[Bound, ...]
    relations: tuple[Relation, ...]
    box: tuple[tuple[mpq, ...], tuple[mpq, ...]] | None


def cases_of(source: Source, asserted: list[Formula], inputs: tuple[int, ...]) -> tuple[Case, ...]:
    """The cases of the conjunction of `asserted`; `inputs` are the places of the declarations.

    Raises InputError for an empty box, an unbounded input, and a case that says nothing about the
    outputs; TooLargeError for too many cases. No formula of `asserted` may be without cases.
    """
    common = conjoin([formula for formula in asserted if len(formula.cases) == 1]).cases[0]
    ends = _tightest(common.atoms, {})
    contradiction = _contradiction_in(ends)
    if contradiction is not None:
        raise contradiction.error(source)
    frame = _Frame(
        source,
        inputs,
        ends,
        tuple(end for end in ends.values() if end.strict),
        tuple(atom for atom in common.atoms if isinstance(atom, Relation)),
        _box(ends, len(inputs)) if len(ends) == 2 * len(inputs) else None,
    )
    return _cases(frame, conjoin([formula for formula in asserted if len(formula.cases) != 1]))


def _cases(frame: _Frame, choices: Formula) -> tuple[Case, ...]:
    """One case for each choice that leaves a box; raises InputError when none does."""
    cases: list[Case] = []
    contradiction, entries = None, 0
    for choice in choices.cases:
        own = _tightest(choice.atoms, frame.ends)
        facing = {(index, not upper) for index, upper in own} & frame.ends.keys()
        found = _contradiction_in({side: frame.ends[side] for side in facing} | own)
        if found is not None:
            contradiction = contradiction or found
            continue
        cases.append(_case(frame, choice, own))
        entries += len(cases[-1].unsafe) + (2 * len(frame.inputs) if own else 0)
        refuse_excess(entries, "bounds and constraints in all cases together", MAXIMUM_ATOMS)
    if contradiction is not None and not cases:
        raise contradiction.error(frame.source)
    return tuple(cases)


def _case(frame: _Frame, choice: Conjunction, own: Ends) -> Case:
    """The case of one choice, whose own winning bounds are `own` and leave the box a point."""
    ends = frame.ends | own if own else frame.ends
    if frame.box is None or own:
        _refuse_unbounded(frame, choice, ends)
        lower, upper = _box(ends, len(frame.inputs))
    else:
        lower, upper = frame.box
    relations = (atom for atom in choice.atoms if isinstance(atom, Relation))
    placed = [(atom.offset, atom.constraint) for atom in (*frame.relations, *relations)]
    strict = (end for end in (*frame.strict, *own.values()) if end.strict)
    placed += [
        (end.offset, _as_constraint(end)) for end in strict if ends[end.index, end.upper] is end
    ]
    unsafe = tuple(constraint for _, constraint in sorted(placed, key=lambda pair: pair[0]))
    if not any(constraint.outputs for constraint in unsafe):
        message = "nothing is asserted about an output: every input of the box would be unsafe"
        raise _error_about(frame.source, choice, message)
    return Case(lower, upper, unsafe)


def _error_about(source: Source, choice: Conjunction, message: str) -> InputError:
    """The complaint, placed at the last disjunct of `choice`; without one it has no place."""
    if choice.offset is None:
        return InputError(source.file, "", message)
    return source.error(choice.offset, message)


def _refuse_unbounded(frame: _Frame, choice: Conjunction, ends: Ends) -> None:
    """Nothing, when every input has both ends; else an InputError at its declaration."""
    missing = (
        (index, upper)
        for index in range(len(frame.inputs))
        for upper in (False, True)
        if (index, upper) not in ends
    )
    index, upper = next(missing, (None, False))
    if index is None:
        return
    message = f"X_{index} has no {'upper' if upper else 'lower'} bound"
    if choice.offset is not None:
        message += f" in the case of {frame.source.place(choice.offset)}"
    raise frame.source.error(frame.inputs[index], message)


def _box(ends: Ends, inputs: int) -> tuple[tuple[mpq, ...], tuple[mpq, ...]]:
    """Lower and upper corner of the box whose ends are all known."""
    return (
        tuple(ends[index, False].value for index in range(inputs)),
        tuple(ends[index, True].value for index in range(inputs)),
    )


def _as_constraint(bound: Bound) -> LinearConstraint:
    """The bound as a constraint with coefficient 1 or -1."""
    sign = mpq(1 if bound.upper else -1)
    return LinearConstraint(((bound.index, sign),), (), sign * bound.value, bound.strict)
