"""The catalogue: every rule refsem states, in reading order.

The rules of `CATALOGUE` bound real networks and may be applied in a Trace. Those of `EXECUTED` are
about executed arithmetic: nothing applies them yet, and Lean does not read them.
"""

from refsem.rules import (
    absolute,
    balls,
    branches,
    clips,
    enclosed,
    exponentials,
    extrema,
    forms,
    intervals,
    leaky,
    powers,
    products,
    relu,
    roots,
    sigmoids,
    splits,
    steps,
    trigonometric,
)
from refsem.rules.rounded import RULES
from refsem.rules.rule import Rule

CATALOGUE: tuple[Rule, ...] = (
    *intervals.RULES,
    *relu.RULES,
    *leaky.RULES,
    *absolute.RULES,
    *extrema.RULES,
    *clips.RULES,
    *products.RULES,
    *powers.RULES,
    *exponentials.RULES,
    *roots.RULES,
    *sigmoids.RULES,
    *trigonometric.RULES,
    *steps.RULES,
    *branches.RULES,
    *enclosed.RULES,
    *forms.RULES,
    *balls.RULES,
    *splits.RULES,
)

BY_NAME: dict[str, Rule] = {rule.name: rule for rule in CATALOGUE}

EXECUTED: tuple[Rule, ...] = RULES
