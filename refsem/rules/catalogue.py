"""The catalogue: every rule refsem states, in reading order."""

from refsem.rules import exponentials, forms, intervals, relu, roots, sigmoids, trigonometric
from refsem.rules.rule import Rule

CATALOGUE: tuple[Rule, ...] = (
    *intervals.RULES,
    *relu.RULES,
    *exponentials.RULES,
    *roots.RULES,
    *sigmoids.RULES,
    *trigonometric.RULES,
    *forms.RULES,
)

BY_NAME: dict[str, Rule] = {rule.name: rule for rule in CATALOGUE}
