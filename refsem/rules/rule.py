"""What a bound rule is: data, stated once and read by every consumer.

A rule speaks about real numbers. `given` values come from earlier applications, `chosen` ones
from anywhere at all, `derived` ones are computed from both and may be moved outward afterwards,
and `point` ranges over everything the operand may be. The rule claims: for all given and chosen
values and points meeting the sides, every claim holds. What its proof may know of named functions
are the instances of facts that it `cites`.

Invariant, checked on construction: each variable is declared exactly once, each side, citation
and claim named once, names are ASCII identifiers; a derived value depends on given, chosen and
earlier derived values, never on the point, and applies no named function, so that it is rational;
sides divide by nothing; citations are about given, chosen and point variables.
"""

from dataclasses import dataclass, field
from enum import Enum

from refsem.ir.operators import Op
from refsem.ir.terms import (
    Relation,
    Term,
    applications,
    divisors,
    free_variables,
    relation_terms,
)
from refsem.rules.facts import Cited


class Outward(Enum):
    """Which way a derived value may be moved without harm."""

    UP = "up"
    DOWN = "down"
    EXACT = "exact"
    """It may not be moved at all."""


class RuleError(ValueError):
    """A rule that is not well-formed; `rule` names it."""

    def __init__(self, rule: str, message: str) -> None:
        super().__init__(f"rule {rule!r}: {message}")
        self.rule = rule
        self.message = message


@dataclass(frozen=True, slots=True)
class Side:
    """A condition under which the rule is claimed, and why it is asked for.

    `stays` is empty unless the claims are true without the side; then it says why it is kept.
    """

    name: str
    relation: Relation
    because: str
    stays: str = ""


@dataclass(frozen=True, slots=True)
class Derived:
    """A value computed by the rule: its name, its term, and its outward direction."""

    name: str
    term: Term
    outward: Outward


@dataclass(frozen=True, slots=True)
class Claim:
    """One thing the rule promises."""

    name: str
    relation: Relation


@dataclass(frozen=True, slots=True)
class Rule:
    """One bound rule. `lift` says in words how it extends to tensors by induction, if it does."""

    name: str
    operator: Op | None
    given: tuple[Term, ...]
    chosen: tuple[Term, ...]
    derived: tuple[Derived, ...]
    point: tuple[Term, ...]
    sides: tuple[Side, ...]
    claims: tuple[Claim, ...]
    because: str
    source: str
    lift: str = ""
    cites: tuple[Cited, ...] = ()
    checkable: tuple[Side, ...] = field(init=False, repr=False, compare=False, default=())
    """The sides that do not mention the point: an instance can be held against them."""

    def __post_init__(self) -> None:
        _check_names(self.name, "rule", [self.name])
        inputs = [name for group in (self.given, self.chosen) for name in _names(self.name, group)]
        point = _names(self.name, self.point)
        known = list(inputs)
        for value in self.derived:
            _check_known(self.name, f"derived {value.name!r}", (value.term,), known)
            if applications((value.term,)):
                message = f"derived {value.name!r} applies a function; take an enclosure as given"
                raise RuleError(self.name, message)
            known.append(value.name)
        known.extend(point)
        _check_names(self.name, "variable", known)
        for side in self.sides:
            terms = tuple(relation_terms((side.relation,)))
            _check_known(self.name, f"side {side.name!r}", terms, known)
            if divisors(terms):
                raise RuleError(self.name, f"side {side.name!r} divides; state it without")
        for cited in self.cites:
            _check_known(self.name, f"citation {cited.name!r}", cited.arguments, inputs + point)
        for claim in self.claims:
            terms = tuple(relation_terms((claim.relation,)))
            _check_known(self.name, f"claim {claim.name!r}", terms, known)
        if not self.claims:
            raise RuleError(self.name, "claims nothing")
        _check_names(self.name, "side", [side.name for side in self.sides])
        cited_names = [cited.name for cited in self.cites]
        _check_names(self.name, "premise", [*(side.name for side in self.sides), *cited_names])
        _check_names(self.name, "claim", [claim.name for claim in self.claims])
        checkable = tuple(side for side in self.sides if not self._about_points(side))
        object.__setattr__(self, "checkable", checkable)

    def _about_points(self, side: Side) -> bool:
        return bool(self.point_names & set(free_variables(relation_terms((side.relation,)))))

    @property
    def point_names(self) -> frozenset[str]:
        """The names of the point variables."""
        return frozenset(_names(self.name, self.point))


def _names(rule: str, group: tuple[Term, ...]) -> list[str]:
    names = []
    for variable in group:
        if not isinstance(variable.head, str):
            raise RuleError(rule, "given, chosen and point are lists of variables")
        names.append(variable.head)
    return names


def _check_names(rule: str, what: str, names: list[str]) -> None:
    """Names become parts of obligation ids, solver variables and Lean binders."""
    for index, name in enumerate(names):
        if not (name.isascii() and name.isidentifier()):
            raise RuleError(rule, f"{name!r} cannot name a {what}: it is not an ASCII identifier")
        if name in names[:index]:
            raise RuleError(rule, f"two {what}s are named {name!r}")


def _check_known(rule: str, what: str, terms: tuple[Term, ...], known: list[str]) -> None:
    unknown = [name for name in free_variables(terms) if name not in known]
    if unknown:
        raise RuleError(rule, f"{what} mentions {unknown}, which it may not depend on")
