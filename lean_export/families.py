"""Rule families: which generated file a rule's theorems go to.

A family is one module of rules; rules from elsewhere (a file of the user's) form the last one.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from refsem.rules import Rule, forms, intervals, relu


@dataclass(frozen=True, slots=True)
class Family:
    """A name (of files and, in words, of the module doc) and the rules in order."""

    name: str
    title: str
    rules: tuple[Rule, ...]


FAMILIES = (
    Family("Intervals", "Interval rules", intervals.RULES),
    Family("Relu", "Lines above and below ReLU", relu.RULES),
    Family("Forms", "Steps of a backward CROWN pass", forms.RULES),
)
FURTHER = "Further"


def grouped(rules: Iterable[Rule]) -> tuple[Family, ...]:
    """The given rules by family, in the order of families; empty families are left out."""
    asked = tuple(rules)
    known = {rule for family in FAMILIES for rule in family.rules}
    chosen = [
        Family(family.name, family.title, tuple(rule for rule in asked if rule in family.rules))
        for family in FAMILIES
    ]
    rest = tuple(rule for rule in asked if rule not in known)
    chosen.append(Family(FURTHER, "Rules from outside the catalogue", rest))
    return tuple(family for family in chosen if family.rules)
