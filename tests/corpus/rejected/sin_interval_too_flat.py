"""A wrong fact: the sine is said to change by no more than half its argument."""

from dataclasses import replace

from refsem.rules import function_facts as facts
from refsem.rules.trigonometric import sin_interval

VARIANT_OF = "sin_interval"
REFUTED_BY = "sin_interval_too_flat/fact/sin_half_as_steep"

WRONG = replace(
    facts.sin_steepness,
    name="sin_half_as_steep",
    conclusion=2 * facts.sin_steepness.conclusion.left <= facts.sin_steepness.conclusion.right,
)
RULE = replace(
    sin_interval,
    name="sin_interval_too_flat",
    cites=tuple(
        replace(cited, fact=WRONG) if cited.fact == facts.sin_steepness else cited
        for cited in sin_interval.cites
    ),
)
