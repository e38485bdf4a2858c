"""Rule families: which generated file a rule's theorems go to.

A family is one module of rules of the catalogue, named and titled after it; rules from elsewhere
(a file of the user's) form the last one. A module added to the catalogue is thereby exported.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from types import ModuleType

from refsem.rules import Rule, catalogue


@dataclass(frozen=True, slots=True)
class Family:
    """A name (of files), a title (of the module doc) and the rules in order."""

    name: str
    title: str
    rules: tuple[Rule, ...]


def _family(module: ModuleType) -> Family:
    """The family of a module of rules; its title is what its docstring says before a stop."""
    words = module.__name__.rpartition(".")[2].split("_")
    title = re.split(r"[:.,;]", (module.__doc__ or "").strip())[0]
    return Family("".join(word.capitalize() for word in words), title, module.RULES)


FAMILIES = tuple(
    _family(module)
    for module in vars(catalogue).values()
    if isinstance(module, ModuleType) and hasattr(module, "RULES")
)
FURTHER = "Further"


def grouped(rules: Iterable[Rule]) -> tuple[Family, ...]:
    """The given rules by family, in the order of families; empty families are left out."""
    asked = tuple(rules)
    known = {rule.name: rule for family in FAMILIES for rule in family.rules}
    chosen = [
        Family(family.name, family.title, tuple(rule for rule in asked if rule in family.rules))
        for family in FAMILIES
    ]
    rest = tuple(rule for rule in asked if known.get(rule.name) != rule)
    chosen.append(Family(FURTHER, "Rules from outside the catalogue", rest))
    return tuple(family for family in chosen if family.rules)
