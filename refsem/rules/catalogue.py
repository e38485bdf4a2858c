"""The catalogue: every rule refsem states, in reading order."""

from refsem.rules import forms, intervals, relu
from refsem.rules.rule import Rule

CATALOGUE: tuple[Rule, ...] = (*intervals.RULES, *relu.RULES, *forms.RULES)

BY_NAME: dict[str, Rule] = {rule.name: rule for rule in CATALOGUE}
