"""A wrong fact: softplus is said to fall."""

from dataclasses import replace

from refsem.ir.terms import Relation
from refsem.rules import function_facts as facts
from refsem.rules.exponentials import softplus_interval

VARIANT_OF = "softplus_interval"
REFUTED_BY = "softplus_interval_falling/fact/softplus_falling"

WRONG = replace(
    facts.softplus_monotone,
    name="softplus_falling",
    conclusion=Relation(
        facts.softplus_monotone.conclusion.comparison,
        facts.softplus_monotone.conclusion.right,
        facts.softplus_monotone.conclusion.left,
    ),
)
RULE = replace(
    softplus_interval,
    name="softplus_interval_falling",
    cites=tuple(
        replace(cited, fact=WRONG) if cited.fact == facts.softplus_monotone else cited
        for cited in softplus_interval.cites
    ),
)
