"""Conditions on inputs and outputs as an `or` of `and`s of bounds and linear relations.

Invariant: cases keep the order of the file, first disjunction slowest, and nothing is rounded. A
condition on one input alone is a `Bound`, whatever way it was written; everything else is a
`Relation`. A condition without variables has disappeared: a true one leaves no trace, a false one
takes its case with it. Cases and atoms are counted before they are made.

Not here: text and operators (`vnnlib.py`), boxes (`cases.py`), the meaning of a case
(`property.py`).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import chain, product

from gmpy2 import mpq

from refsem.properties.property import LinearConstraint

MAXIMUM_CASES = 100_000
MAXIMUM_ATOMS = 5_000_000

Variable = tuple[str, int]


class TooLargeError(Exception):
    """A formula has more cases, or more atoms in them, than this reader makes."""


@dataclass(frozen=True, slots=True)
class Linear:
    """Σ terms[v]·v + constant, v being ("X", i) or ("Y", j); no coefficient is zero."""

    terms: dict[Variable, mpq]
    constant: mpq


@dataclass(frozen=True, slots=True)
class Bound:
    """X_index ≤ value (`upper`) or X_index ≥ value, strictly when `strict`, said at `offset`."""

    index: int
    upper: bool
    value: mpq
    strict: bool
    offset: int

    def __str__(self) -> str:
        """The bound as the inequality it is."""
        sign = ("<" if self.upper else ">") + ("" if self.strict else "=")
        return f"X_{self.index} {sign} {self.value}"


@dataclass(frozen=True, slots=True)
class Relation:
    """A linear constraint that is not the bound of one input, said at `offset`."""

    constraint: LinearConstraint
    offset: int


@dataclass(frozen=True, slots=True)
class Conjunction:
    """All of `atoms`; `offset` is that of the last disjunct that went into it, if any did."""

    atoms: tuple[Bound | Relation, ...]
    offset: int | None


@dataclass(frozen=True, slots=True)
class Formula:
    """One of `cases`; none at all is the condition that nothing meets."""

    cases: tuple[Conjunction, ...]


TRUE = Formula((Conjunction((), None),))
FALSE = Formula(())


def not_above_zero(left: Linear, *, strict: bool, offset: int) -> Formula:
    """The condition left ≤ 0 (left < 0 when `strict`), said at `offset`."""
    limit = -left.constant
    if not left.terms:
        return TRUE if limit > 0 or (limit == 0 and not strict) else FALSE
    ordered = sorted(left.terms.items(), key=lambda term: term[0])
    inputs = tuple((index, coefficient) for (kind, index), coefficient in ordered if kind == "X")
    outputs = tuple((index, coefficient) for (kind, index), coefficient in ordered if kind == "Y")
    if len(inputs) == 1 and not outputs:
        index, coefficient = inputs[0]
        bound = Bound(index, bool(coefficient > 0), limit / coefficient, strict, offset)
        return Formula((Conjunction((bound,), None),))
    relation = Relation(LinearConstraint(inputs, outputs, limit, strict), offset)
    return Formula((Conjunction((relation,), None),))


def conjoin(parts: Sequence[Formula]) -> Formula:
    """All of `parts`: a case for each choice of one case from every part, in order.

    Raises TooLargeError, before making them, for too many cases or atoms.
    """
    if not all(part.cases for part in parts):
        return FALSE
    if len(parts) == 1:
        return parts[0]
    parts = [part for part in parts if part != TRUE]
    cases = 1
    for part in parts:
        cases *= len(part.cases)
        refuse_excess(cases, "cases", MAXIMUM_CASES)
    atoms = sum(_atoms(part) * (cases // len(part.cases)) for part in parts)
    refuse_excess(atoms, "constraints in all cases together", MAXIMUM_ATOMS)
    return Formula(tuple(map(_joined, product(*(part.cases for part in parts)))))


def disjoin(parts: Iterable[tuple[Formula, int]]) -> Formula:
    """One of the parts, each given with its offset, which its cases keep unless they have one.

    Raises TooLargeError for too many cases or atoms.
    """
    formula = Formula(
        tuple(
            case if case.offset is not None else replace(case, offset=offset)
            for part, offset in parts
            for case in part.cases
        )
    )
    refuse_excess(len(formula.cases), "cases", MAXIMUM_CASES)
    refuse_excess(_atoms(formula), "constraints in all cases together", MAXIMUM_ATOMS)
    return formula


def _atoms(formula: Formula) -> int:
    """How many atoms the cases hold, each case counting for at least one."""
    return sum(max(1, len(case.atoms)) for case in formula.cases)


def refuse_excess(count: int, what: str, limit: int) -> None:
    """Nothing, when `count` is within `limit`; else a TooLargeError that says so."""
    if count > limit:
        raise TooLargeError(f"more than {limit} {what}")


def _joined(choice: tuple[Conjunction, ...]) -> Conjunction:
    """All atoms of the chosen conjunctions, in order."""
    atoms = tuple(chain.from_iterable(case.atoms for case in choice))
    return Conjunction(atoms, max((c.offset for c in choice if c.offset is not None), default=None))
