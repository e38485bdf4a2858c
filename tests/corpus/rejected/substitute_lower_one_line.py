"""Substitution below that was given no upper line: a negative coefficient needs one."""

from dataclasses import replace

from refsem.rules.forms import substitute_lower

VARIANT_OF = "substitute_lower"
REFUTED_BY = "substitute_lower_one_line/sound/lower"

RULE = replace(
    substitute_lower,
    name="substitute_lower_one_line",
    sides=tuple(side for side in substitute_lower.sides if side.name != "line_above"),
)
