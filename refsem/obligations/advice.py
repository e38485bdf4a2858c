"""Advice: what the outcomes of a rule's obligations say about its sides.

A side without which everything is still proved is redundant, by itself: two redundant sides may
stand in for each other. One of which that is not known is undecided. Where the rule is refuted,
sides that would repair it are looked for and proved to do so.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from refsem.obligations.obligation import By, Kind, Proved, Record, Stated, Unknown
from refsem.obligations.repair import Judge, Repair, repairs
from refsem.rules import Rule, Side


@dataclass(frozen=True, slots=True)
class Redundant:
    """The rule is right without the side, and on whose word."""

    rule: str
    side: Side
    by: By


@dataclass(frozen=True, slots=True)
class Undecided:
    """Whether the side is needed is not known, and why."""

    rule: str
    side: Side
    reason: str


@dataclass(frozen=True, slots=True)
class Suggested:
    """With these sides more, the rule would be right."""

    rule: str
    repair: Repair

    @property
    def words(self) -> tuple[By, ...]:
        """Whose word that rests on."""
        outcomes = (one.outcome for one in self.repair.records if one.obligation.goal is not None)
        return tuple(dict.fromkeys(one.by for one in outcomes if isinstance(one, Proved)))


Advice = Redundant | Undecided | Suggested


def advise(rule: Rule, records: tuple[Record, ...], judge: Judge) -> Iterator[Advice]:
    """Redundant and undecided sides as surprising outcomes show them, then proved repairs."""
    sides = {f"{rule.name}/{Kind.NEEDED.value}/{side.name}": side for side in rule.sides}
    own = tuple(one for one in records if one.obligation.id.partition("/")[0] == rule.name)
    for record in own:
        side = sides.get(record.obligation.id)
        if side is not None and record.surprising:
            match record.outcome:
                case Proved(by=by):
                    yield Redundant(rule.name, side, by)
                case Unknown(reason=reason):
                    yield Undecided(rule.name, side, reason)
                case Stated(where=where):
                    yield Undecided(rule.name, side, f"rests on {where}")
    for repair in repairs(rule, own, judge):
        yield Suggested(rule.name, repair)
